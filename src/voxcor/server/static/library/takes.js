/** Two recordings on each other: how alike they sound, what each says, and where they differ most. */

import { clock, signed } from "../format.js";
import { html, Icon } from "../html.js";
import { Bars, Verdict } from "../result/scores.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { goToLook, look, lookAt, question, recordings, scopeOf } from "./asking.js";
import { useComputed } from "./computing.js";
import { Figure } from "./figures.js";
import { PageToHandOn } from "./handing-on.js";
import { RecordingMenu } from "./recording-menu.js";
import { isResult, loadLatest, loadResult, resultOf, results, soundOf } from "./results.js";
import { playing, silent, toggle } from "./sound.js";
import { t } from "./strings.js";
import { Waiting } from "./waiting.js";

/** @import { ComparisonDocument, SideDocument, StretchDocument } from "../server.js" */

// Medians of takes of one sentence by one actor of RAVDESS, in one emotion and in two: docs/library.md has the table.
const ALIKE = 0.91;
const APART = 0.75;

const DIMENSIONS = /** @type {const} */ (["arousal", "valence"]);

/**
 * Takes a recording as the first of two, or as the second where the first is there; once more lets it go.
 *
 * @param {{ recording: string, name: string, isSmall?: boolean }} props
 */
export function CompareButton({ recording, name, isSmall = false }) {
  const { panel, first, second } = look.value;
  const isOpen = panel === "compare";
  const isTaken = isOpen && (recording === first || recording === second);
  const isWaiting = isOpen && Boolean(first) !== Boolean(second);
  if (recordings.value.length < 2 && !isWaiting) return null;
  const take = () => {
    if (isTaken) lookAt({ [recording === first ? "first" : "second"]: "" });
    else if (!isWaiting) lookAt({ panel: "compare", first: recording, second: "" });
    else {
      lookAt({ [first ? "second" : "first"]: recording });
      goToLook();
    }
  };
  const other = calledOf(first || second);
  const what = isWaiting && !isTaken ? t("compareWith", { name, other }) : t("compareOf", { name });
  return html`
    <button class=${isSmall ? "icon-only compare" : "quiet"} aria-pressed=${isTaken} aria-label=${what} title=${isSmall ? what : undefined} onClick=${take}>
      <${Icon} name="beside" />${!isSmall && html` <span class="wide">${t("compare")}</span>`}
    </button>
  `;
}

const calledOf = (/** @type {string} */ id) =>
  (resultOf(id)?.audio ?? recordings.value.find(({ recording }) => recording === id))?.name ?? "";

const sideOf = (/** @type {string} */ id) => (isResult(id) ? { result_id: id } : { recording: id });

export function TakesPanel() {
  const { first, second } = look.value;
  const { model } = scopeOf(question.value);
  const asked = { first: sideOf(first), second: sideOf(second), model };
  const isAsked = Boolean(first && second);
  // A menu is there without them; what is asked for and gone is told where it is compared.
  useEffect(() => void loadLatest().catch(() => {}), []);
  useEffect(() => {
    for (const id of [first, second]) loadResult(id).catch(() => {});
  }, [first, second]);
  const { found, isWorking, failure } = useComputed("compare", asked, isAsked);
  return html`
    <p class="faint hint">${t("takesHint")}</p>
    <div class="row course-tools">
      ${
        /** @type {const} */ ([
          ["first", "takeFirst"],
          ["second", "takeSecond"],
        ]).map(
          ([side, name]) =>
            html`<${RecordingMenu} key=${side} name=${t(name)} none=${t(name)} chosen=${look.value[side]} results=${results.value} onChoose=${(/** @type {string} */ one) => lookAt({ [side]: one })} />`,
        )
      }
      ${isAsked && found && html`<${PageToHandOn} route="compare" asked=${asked} name="comparison.html" />`}
    </div>
    ${isAsked && failure && html`<p class="problem" role="alert">${failure.message}</p>`}
    ${isWorking && html`<${Waiting} share=${null} what=${t("takesWorking")} />`}
    ${isAsked && found && html`<${Compared} found=${found} recordings=${[first, second]} />`}
  `;
}

/** @param {{ found: ComparisonDocument, recordings: string[] }} props */
function Compared({ found, recordings: [one, other] }) {
  const { first, second, similarity, stretches } = found;
  const told = similarity >= ALIKE ? "takesAlike" : similarity <= APART ? "takesApart" : "takesBetween";
  return html`
    <p class="verdict" role="status">${t(told, { similarity: similarity.toFixed(2) })}</p>
    <p class="faint hint">${t("takesWorth")}</p>
    <div class="figures">
      <${Figure} value=${similarity.toFixed(2)} name=${t("takesSimilarity")} formula="Σ √(pᵢ qᵢ)" hint=${t("takesSimilarityHint")} />
      ${DIMENSIONS.map((name) => html`<${Figure} key=${name} value=${found[name] === null ? "–" : signed(found[name])} name=${t("takesDifference", { dimension: t(name).toLowerCase() })} formula="Σ (x − y) / n" hint=${t("takesDifferenceHint")} />`)}
    </div>
    <div class="takes">
      <${Bars} scores=${first.scores} emotion=${first.emotion} name=${first.name} />
      <${Bars} scores=${second.scores} emotion=${second.emotion} name=${second.name} />
    </div>
    <h3>${t("stretches")}</h3>
    ${!stretches.length && html`<p class="nothing">${t("stretchesNone")}</p>`}
    <ol class="list stretches">
      ${stretches.map(
        (stretch) => html`
          <li key=${`${stretch.first.start_ms} ${stretch.second.start_ms}`} class="item">
            <${Side} recording=${one} name=${first.name} side=${stretch.first} />
            <${Side} recording=${other} name=${second.name} side=${stretch.second} />
            <small class="faint number">${saidOf(stretch)}</small>
          </li>
        `,
      )}
    </ol>
  `;
}

/** By how much the two differ in a stretch. */
function saidOf(/** @type {StretchDocument} */ { overlap, ...differences }) {
  const words = [`${t("overlap")} ${overlap.toFixed(2)}`];
  for (const name of DIMENSIONS) {
    const value = differences[name];
    if (value !== null) words.push(`${t("differenceOf", { dimension: t(name).toLowerCase() })} ${signed(value)}`);
  }
  return words.join(" · ");
}

/** What one recording says in a stretch; it is heard from there to its end. */
function Side(/** @type {{ recording: string, name: string, side: SideDocument }} */ { recording, name, side }) {
  const { start_ms, end_ms, emotion, confidence } = side;
  const id = `${recording}@${start_ms / 1000}-${end_ms / 1000}`;
  const time = `${clock(start_ms / 1000)} – ${clock(end_ms / 1000)}`;
  const isPlaying = playing.value === id;
  const heard = resultOf(recording);
  return html`
    <div class="side">
      <button class="icon-only" aria-pressed=${isPlaying} aria-label=${t(isPlaying ? "stopSegment" : "playSegment", { name, time })} onClick=${() => toggle(id, heard && soundOf(heard, side))}>
        <${Icon} name=${isPlaying ? "stop" : "play"} />
      </button>
      <div>
        <b><${Verdict} result=${{ emotion, confidence, abstained: false }} /></b>
        <small class="faint"><span class="file-name">${name}</span> · <span class="number">${time}</span></small>
        ${silent.value === id && html`<small class="problem" role="status">${t("soundGone")}</small>`}
      </div>
    </div>
  `;
}
