/** A result: the emotion, all scores, what to know about the recording, the files. */

import { exportFormats, exportResult, fileOf } from "../api.js";
import { clock, percent, signed } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, LABEL_IDS, labelOf, nameOf } from "../labels.js";
import { AddToLibrary, placeOfComparison, placeOfSimilar } from "../library.js";
import { Narrowed } from "../options.js";
import { playbackOf } from "../player/playback.js";
import { Player } from "../player/player.js";
import { channels, language, show, shown } from "../state.js";
import { counted, t } from "../strings.js";
import { useMemo } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { HAS_LIBRARY } from "../words.js";
import { AffectPlane } from "./plane.js";
import { Bars, headline, RelativeAnswer, Verdict, Warnings } from "./scores.js";
import { segmentsOf } from "./segments.js";
import { isUtterance, Leading, Moments, Shares } from "./summary.js";

/** @import { SelectEvent } from "../html.js" */
/** @import { Result as ResultDocument } from "../server.js" */

/** @param {{ document: ResultDocument }} props */
export function Result({ document }) {
  const state = useMemo(() => playbackOf(document), [document.id]);
  const segments = useMemo(() => segmentsOf(document), [document.id]);
  const { emotion, blend, abstained } = document;
  const isOne = isUtterance(document);
  return html`
    <section class="card outcome" aria-label=${t("result")} aria-live="polite">
      <${Channels} />
      <${Narrowed} document=${document} />
      ${isOne || segments.every((segment) => segment.abstained) ? html`<${Answer} document=${document} />` : html`<${Leading} document=${document} segments=${segments} />`}
      ${isOne && blend && html`<p class="remark">${t("blend")}: ${blend.map((id) => `${labelOf(id).emoji} ${nameOf(id)}`).join(" + ")}</p>`}
      <${RelativeAnswer} relative=${document.relative} />
      ${
        segments.length > 1 &&
        html`<${Shares} state=${state} segments=${segments} />
        <${Moments} state=${state} segments=${segments} />`
      }
      <div class="whole">
        <${Bars} scores=${document.scores} emotion=${abstained ? null : emotion} name=${t(isOne ? "scores" : "scoresWhole")} />
        <${AffectPlane} document=${document} segments=${segments} state=${state} />
      </div>
      <${Quality} document=${document} />
      <${Files} document=${document} />
      <div class="row">
        <a class="button quiet" href="#${placeOfSimilar(document.id)}"><${Icon} name="similar" /> ${t("findSimilar")}</a>
        ${HAS_LIBRARY && html`<a class="button quiet" href="#${placeOfComparison(document.id)}"><${Icon} name="beside" /> ${t("compareResult")}</a>`}
        <${AddToLibrary} key=${document.id} what=${{ result_ids: [document.id] }} />
      </div>
    </section>
    <${Player} document=${document} segments=${segments} state=${state} />
  `;
}

/** The emotion of the whole recording, or that there is no answer. */
function Answer(/** @type {{ document: ResultDocument }} */ { document }) {
  const { emotion, confidence, abstained, abstain_below: limit } = document;
  if (!abstained) {
    return html`<h2 class="headline" style=${{ "--label": labelOf(emotion).color }}>${headline(document)}</h2>`;
  }
  const why = {
    emotion: `${labelOf(emotion).emoji} ${bothNames(emotion)}`,
    confidence: percent(confidence),
    limit: percent(limit ?? 0, 0),
  };
  return html`<h2 class="headline">🤷 ${t("abstained")}</h2><p class="remark">${t("abstainedWhy", why)}</p>`;
}

/** The channels of a recording, where each has an outcome of its own; one of them is shown. */
function Channels() {
  if (!channels.value.length) return null;
  return html`
    <ul class="channels" aria-label=${t("channelChoice")}>
      ${channels.value.map((outcome) =>
        "code" in outcome
          ? html`<li><b>${t("channel", { number: (outcome.channel ?? 0) + 1 })}</b> <span class="problem">${outcome.message}</span></li>`
          : html`<li>
              <button class="quiet" aria-pressed=${outcome.id === shown.value?.id} onClick=${() => show(outcome)}>
                <b>${t("channel", { number: (outcome.audio.channel ?? 0) + 1 })}</b> <${Verdict} result=${outcome} />
              </button>
            </li>`,
      )}
    </ul>
  `;
}

/**
 * What stands there before there is a result.
 *
 * @param {{ isRunning: boolean }} props
 */
export function ResultPlaceholder({ isRunning }) {
  const scores = Object.fromEntries(LABEL_IDS.map((id) => [id, 0]));
  return html`
    <section class="card outcome empty" aria-label=${t("result")} aria-busy=${isRunning}>
      <h2 class="headline">${t(isRunning ? "resultRunning" : "resultEmpty")}</h2>
      <${Bars} scores=${scores} emotion=${null} />
    </section>
  `;
}

/** @param {{ document: ResultDocument }} props */
function Quality({ document }) {
  const { audio, quality, model, preprocessing, dimensions } = document;
  const heard =
    audio.channel === null
      ? channelCount(audio.channels)
      : t("channelOf", { number: audio.channel + 1, count: audio.channels });
  const snr = quality.snr_db === null ? "" : ` · ${t("snr")} ${quality.snr_db.toFixed(0)} dB`;
  const trimmed = preprocessing.trimmed_start_ms + preprocessing.trimmed_end_ms;
  return html`
    <${Warnings} document=${document} />
    <dl class="facts">
      <dt>${t("audio")}</dt>
      <dd>
        <span class="file-name">${audio.name}</span> · ${clock(audio.duration_ms / 1000)} · ${audio.sample_rate / 1000} kHz · ${heard}
      </dd>
      <dt>${t("quality")}</dt>
      <dd>
        ${t("speech", { time: clock(quality.speech_ms / 1000) })}${snr}${trimmed > 0 && ` · ${t("trimmed", { seconds: (trimmed / 1000).toFixed(1) })}`}
      </dd>
      ${
        document.segments.length > 1 &&
        html`<dt>${t("course")}</dt>
        <dd>${counted("segments", document.summary.segments)} · ${counted("changes", document.summary.transitions)}</dd>`
      }
      ${
        dimensions &&
        html`<dt>${t("dimensions")}</dt>
        <dd class="number">
          ${t("dimensionsOf", { arousal: signed(dimensions.arousal), valence: signed(dimensions.valence) })} ·
          ${" "}${t(dimensions.origin === "model" ? "dimensionsModel" : "dimensionsDerived")}
        </dd>`
      }
      ${dimensions === null && html`<dt>${t("dimensions")}</dt><dd>${t("dimensionsNone")}</dd>`}
      <dt>${t("model")}</dt>
      <dd>${model.id} · ${model.precision}${!model.official && model.id !== "small" && ` · ${t("unofficial")}`}</dd>
    </dl>
  `;
}

const channelCount = (/** @type {number} */ count) =>
  count === 1 ? t("mono") : count === 2 ? t("stereo") : t("channels", { count });

/**
 * Downloads what is chosen, then offers the choice again.
 *
 * @param {{ id: string }} props
 */
function ExportMenu({ id }) {
  const failed = useSignal("");
  const choose = async (/** @type {SelectEvent} */ { currentTarget: menu }) => {
    const kind = menu.value;
    menu.value = "";
    failed.value = "";
    try {
      await exportResult(id, kind);
    } catch (error) {
      failed.value = error.message;
    }
  };
  return html`
    <select class="export" aria-label=${t("export")} onChange=${choose}>
      <option value="">${t("export")}</option>
      ${exportFormats.value.map((format) => html`<option value=${format.id}>${format[language.value]} (${format.suffix})</option>`)}
    </select>
    ${failed.value && html`<p class="problem" role="alert">${failed.value}</p>`}
  `;
}

/** @param {{ document: ResultDocument }} props */
function Files({ document: { id, files } }) {
  return html`
    <div class="files">
      <h3>${t("files")}</h3>
      <div class="row">
        <a class="button" href=${fileOf(id, "archive.zip")} download><${Icon} name="download" /> ${t("archive")}</a>
        <${ExportMenu} id=${id} />
        ${files.map((name) => html`<a class="button quiet" href=${fileOf(id, name)} download=${name} lang="en">${name}</a>`)}
      </div>
    </div>
  `;
}
