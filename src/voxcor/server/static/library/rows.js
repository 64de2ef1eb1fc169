/** Segments of the library in a list: each is heard, put right, and leads to what is like it and to its result. */

import { askedBy, Judge } from "../corrections/judging.js";
import { clock, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { placeOfResult } from "../state.js";
import { useSignal } from "../vendor/signals.js";
import { ask } from "./asking.js";
import { latest, redo, say, undo, verdictsOf } from "./labelling.js";
import { Editor, Said } from "./labels.js";
import { playing, silent, toggle } from "./sound.js";
import { t } from "./strings.js";
import { CompareButton } from "./takes.js";

/** @import { Doubted } from "./label-errors.js" */
/** @import { HitDocument, LabelledDocument } from "../server.js" */

/** The id of the result that a segment is of, where it came from one of this server. */
const resultOf = (/** @type {LabelledDocument} */ { source }) => /[\\/]results[\\/](\w+)$/.exec(source)?.[1];

const timeOf = (/** @type {LabelledDocument} */ { start_ms, end_ms }) =>
  `${clock(start_ms / 1000)} – ${clock(end_ms / 1000)}`;

/**
 * Says that the model is right, or wrong; once more takes it back.
 *
 * @param {LabelledDocument} segment
 * @param {"right" | "wrong"} wanted
 */
function judge(segment, wanted) {
  const { own } = verdictsOf(segment);
  say([segment.id], ({ emotion }) => (own === wanted ? undefined : wanted === "right" ? emotion : null));
}

/** @param {{ segments: (LabelledDocument | HitDocument | Doubted)[] }} props */
export function Rows({ segments }) {
  const open = useSignal("");
  const shown = segments.map((segment) => ({ ...segment, ...latest.value.get(segment.id) }));
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest("li");
    if (event.key === "Escape" && open.value) {
      /** @type {HTMLElement | null | undefined} */ (row?.querySelector(".edit"))?.focus();
      open.value = "";
    }
    const asked = askedBy(event);
    const segment = shown.find(({ id }) => id === row?.dataset.id);
    if (asked === "undo") undo();
    else if (asked === "redo") redo();
    else if (asked === null || !segment) return;
    else if (asked === "correct") open.value = segment.id;
    else judge(segment, asked);
    event.preventDefault();
  };
  return html`
    <ol class="list segments-found" onKeyDown=${onKeyDown}>
      ${shown.map((segment) => html`<${Row} key=${segment.id} segment=${segment} open=${open} />`)}
    </ol>
  `;
}

/** @param {{ segment: LabelledDocument | HitDocument | Doubted, open: { value: string } }} props */
function Row({ segment, open }) {
  const { id, recording, name, emotion, label, speaker, text } = segment;
  const resultId = resultOf(segment);
  const isPlaying = playing.value === id;
  const isOpen = open.value === id;
  const what = { name, time: timeOf(segment) };
  const judged = { time: `${name} ${what.time}`, emotion: bothNames(emotion) };
  const { verdict, own } = verdictsOf(segment);
  return html`
    <li class="item" data-id=${id} style=${{ "--label": labelOf(verdict === "wrong" ? "unknown" : (label ?? emotion)).color }}>
      <button class="icon-only" aria-pressed=${isPlaying} aria-label=${t(isPlaying ? "stopSegment" : "playSegment", what)} onClick=${() => toggle(id)}>
        <${Icon} name=${isPlaying ? "stop" : "play"} />
      </button>
      <div class="item-head">
        <span><${Said} segment=${segment} />
          ${"similarity" in segment && html` <span class="number similarity">${t("similarity", { share: percent(segment.similarity, 0) })}</span>`}
          ${"likely" in segment && html` <span class="similarity">${t("likely", { emotion: bothNames(segment.likely) })}</span>`}</span>
        ${text && html`<q class="said">${text}</q>`}
        <small class="faint"><span class="file-name">${name}</span> · <span class="number">${what.time}</span>${speaker && ` · ${speaker}`}</small>
        ${silent.value === id && html`<small class="problem" role="status">${t("soundGone")}</small>`}
        ${isOpen && html`<${Editor} segment=${segment} close=${() => (open.value = "")} />`}
      </div>
      <${Judge} what=${judged} verdict=${own} isOpen=${isOpen}
        onJudge=${(/** @type {"right" | "wrong"} */ wanted) => judge(segment, wanted)}
        onOpen=${() => (open.value = isOpen ? "" : id)} />
      <${CompareButton} recording=${recording} name=${name} isSmall />
      <button class="quiet" aria-label=${t("moreLikeOf", what)} onClick=${() => ask({ segment: id })}><${Icon} name="similar" /><span class="wide">${t("moreLike")}</span></button>
      ${resultId && html`<a class="button quiet" aria-label=${t("openResultOf", what)} href="#${placeOfResult(resultId)}">${t("openResult")}</a>`}
    </li>
  `;
}
