/** The stretches of speech, each in the colour of its emotion: a strip in time, and a table. */

import { CorrectionBar, CorrectionButtons, CorrectionEditor, useCorrecting } from "../corrections/corrections.js";
import { Was } from "../corrections/judging.js";
import { clock, percent, signed } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf, nameOf } from "../labels.js";
import { placeOfSimilar } from "../library.js";
import { counted, t } from "../strings.js";
import { useComputed, useSignal } from "../vendor/signals.js";
import { answerOf } from "./scores.js";

/** @import { CorrectedSegment, Corrections } from "../corrections/corrected.js" */
/** @import { SelectEvent } from "../html.js" */
/** @import { Playback } from "../player/playback.js" */
/** @import { Result } from "../server.js" */

/**
 * `abstained`: its confidence is below the limit of the result, too.
 *
 * @typedef {Result["segments"][number] & { abstained: boolean }} Segment
 */

/**
 * The segments of a result, each an answer or none.
 *
 * @param {Pick<Result, "segments" | "abstain_below">} document
 * @returns {Segment[]}
 */
export const segmentsOf = ({ segments, abstain_below: limit }) =>
  segments.map((segment) => ({ ...segment, abstained: limit !== null && segment.confidence < limit }));

/** How sure the model is; of what a person has named instead, it said nothing. */
const sureness = (/** @type {CorrectedSegment} */ { confidence, verdict }) =>
  verdict === "wrong" || verdict === "relabelled" ? "–" : percent(confidence);

const isAt = (/** @type {Segment} */ { start_ms, end_ms }, /** @type {number} */ time) =>
  start_ms / 1000 <= time && time < end_ms / 1000;

/** What a segment is called where there is room for a line. */
const titleOf = (/** @type {CorrectedSegment} */ segment) => {
  const id = answerOf(segment);
  const said = id === null ? t("noAnswer") : `${bothNames(id)} ${sureness(segment)}`;
  return `${clock(segment.start_ms / 1000)} ${said}`;
};

/**
 * For the eye and the pointer; the table has the same for everybody. A click plays.
 *
 * @param {{ state: Playback, segments: CorrectedSegment[], from: number, to: number }} props
 */
export function SegmentStrip({ state, segments, from, to }) {
  const place = (/** @type {number} */ seconds) => (100 * (seconds - from)) / (to - from);
  const inView = segments.filter(({ start_ms, end_ms }) => end_ms / 1000 > from && start_ms / 1000 < to);
  return html`
    <div class="strip" aria-hidden="true">
      ${inView.map((segment) => {
        const [start, end] = [segment.start_ms / 1000, segment.end_ms / 1000];
        const id = answerOf(segment);
        const isDim = state.only.value !== null && state.only.value !== id;
        return html`<div
          key=${segment.place}
          class=${`${id === null ? "none" : ""} ${isDim ? "dim" : ""}`}
          title=${titleOf(segment)}
          style=${{ left: `${place(start)}%`, width: `${place(end) - place(start)}%`, "--label": labelOf(segment.emotion).color }}
          onClick=${() => state.play(start, end)}
        >
          <span>${id === null ? "🤷" : labelOf(id).emoji}</span>
        </div>`;
      })}
    </div>
  `;
}

/**
 * All segments or those of one emotion, in time or the highest score first: the peaks.
 *
 * @param {{ id: string, state: Playback, corrections: Corrections }} props
 */
export function SegmentList({ id: resultId, state, corrections }) {
  const current = useComputed(() => corrections.segments.value.findIndex((segment) => isAt(segment, state.time.value)));
  const correcting = useCorrecting(corrections, current);
  const byScore = useSignal(false);
  const segments = corrections.segments.value;
  if (!segments.length) return null;
  const { only } = state;
  const listed = segments.filter((segment) => only.value === null || answerOf(segment) === only.value);
  if (byScore.value) listed.sort((a, b) => b.confidence - a.confidence);
  const heading = counted("segments", segments.length);
  const answered = segments.map(answerOf).filter((id) => id !== null);
  const ids = Object.keys(segments[0].scores).filter((id) => answered.includes(id));
  const hasDimensions = segments.some(({ dimensions }) => dimensions);
  const columns = hasDimensions ? 6 : 5;
  const sorter = (/** @type {boolean} */ isScore, /** @type {string} */ name) => html`
    <button class="link" onClick=${() => (byScore.value = isScore)}>
      ${name}<span aria-hidden="true">${byScore.value === isScore ? (isScore ? " ↓" : " ↑") : ""}</span>
    </button>
  `;
  return html`
    <details class="segments" open=${segments.length < 30}>
      <summary>${heading}</summary>
      ${
        ids.length > 1 &&
        html`<label class="field inline">
          <span>${t("show")}</span>
          <select value=${only.value ?? ""} onChange=${(/** @type {SelectEvent} */ event) => (only.value = event.currentTarget.value || null)}>
            <option value="">${t("showAll")}</option>
            ${ids.map((id) => html`<option value=${id}>${labelOf(id).emoji} ${t("only", { emotion: nameOf(id) })}</option>`)}
          </select>
        </label>`
      }
      <div class="scroll" tabindex="0" role="region" aria-label=${heading} onKeyDown=${correcting.onKeyDown}>
        <table>
          <thead>
            <tr>
              <th scope="col" aria-sort=${byScore.value ? null : "ascending"}>${sorter(false, t("time"))}</th>
              <th scope="col">${t("emotion")}</th>
              <th scope="col" class="number" aria-sort=${byScore.value ? "descending" : null}>${sorter(true, t("confidence"))}</th>
              ${hasDimensions && html`<th scope="col" class="number roomy">${t("arousalValence")}</th>`}
              <th scope="col" class="roomy"><span class="visually-hidden">${t("region")}</span></th>
              <th scope="col"><span class="visually-hidden">${t("correct")}</span></th>
            </tr>
          </thead>
          <tbody>
            ${listed.map((segment) => {
              const [start, end] = [segment.start_ms / 1000, segment.end_ms / 1000];
              const id = answerOf(segment);
              return html`
                <tr key=${segment.place} data-place=${segment.place} class=${segment.place === current.value ? "current" : ""}>
                  <td class="number">
                    <button class="link play" aria-label=${`${t("play")} ${clock(start)} – ${clock(end)}`} onClick=${() => state.play(start, end)}>
                      <${Icon} name="play" /> <span>${clock(start)}<span class="wide"> – ${clock(end)}</span></span>
                    </button>
                  </td>
                  <td>
                    ${id === null ? html`<i class="swatch none"></i>🤷 ${t("noAnswer")}` : html`<i class="swatch" style=${{ "--label": labelOf(id).color }}></i>${labelOf(id).emoji} ${bothNames(id)}`}<${Was} model=${segment.model} verdict=${segment.verdict} />
                  </td>
                  <td class="number">${sureness(segment)}</td>
                  ${
                    hasDimensions &&
                    html`<td class="number roomy">${segment.dimensions ? `${signed(segment.dimensions.arousal)} · ${signed(segment.dimensions.valence)}` : "–"}</td>`
                  }
                  <td class="roomy">
                    <button class="link" aria-label=${t("select")} title=${t("select")} onClick=${() => state.select(start, end)}>
                      <${Icon} name="region" /><span class="wide">${t("select")}</span>
                    </button>
                    <a class="icon-only" href="#${placeOfSimilar(resultId, { start, end })}" aria-label=${t("findSimilarTo", { time: clock(start) })} title=${t("findSimilar")}>
                      <${Icon} name="similar" />
                    </a>
                  </td>
                  <td><${CorrectionButtons} correcting=${correcting} segment=${segment} /></td>
                </tr>
                ${
                  correcting.open.value === segment.place &&
                  html`<${CorrectionEditor} key=${`${segment.place} open`} correcting=${correcting} segment=${segment} state=${state} columns=${columns} />`
                }
              `;
            })}
          </tbody>
        </table>
      </div>
      <${CorrectionBar} corrections=${corrections} />
    </details>
  `;
}
