/** The stretches of speech, each in the colour of its emotion: a strip in time, and a table. */

import { CorrectionBar, CorrectionButtons, CorrectionEditor, useCorrecting, Was } from "./corrections.js";
import { clock, percent } from "./format.js";
import { html } from "./html.js";
import { bothNames, labelOf } from "./labels.js";
import { t } from "./strings.js";
import { useComputed } from "./vendor/signals.js";

/** @import { CorrectedSegment as Segment, Corrections } from "./corrected.js" */
/** @import { PlayerState } from "./player.js" */

const COLUMNS = 5;

/** How sure the model is; of what a person has named instead, it said nothing. */
const sureness = (/** @type {Segment} */ { confidence, verdict }) =>
  verdict === "wrong" || verdict === "relabelled" ? "–" : percent(confidence);

const isAt = (/** @type {Segment} */ { start_ms, end_ms }, /** @type {number} */ time) =>
  start_ms / 1000 <= time && time < end_ms / 1000;

/**
 * For the eye and the pointer; the table has the same for everybody.
 *
 * @param {{ state: PlayerState, segments: Segment[], seek: (time: number) => void }} props
 */
export function SegmentStrip({ state, segments, seek }) {
  const [from, to] = state.visible.value;
  const place = (/** @type {number} */ seconds) => (100 * (seconds - from)) / (to - from);
  const inView = segments.filter(({ start_ms, end_ms }) => end_ms / 1000 > from && start_ms / 1000 < to);
  return html`
    <div class="strip" aria-hidden="true">
      ${inView.map((segment) => {
        const [left, right] = [place(segment.start_ms / 1000), place(segment.end_ms / 1000)];
        const { emoji, color } = labelOf(segment.emotion);
        return html`<div
          key=${segment.place}
          title=${`${clock(segment.start_ms / 1000)} ${bothNames(segment.emotion)} ${sureness(segment)}`}
          style=${{ left: `${left}%`, width: `${right - left}%`, "--label": color }}
          onClick=${() => seek(segment.start_ms / 1000)}
        >
          <span>${emoji}</span>
        </div>`;
      })}
    </div>
  `;
}

/**
 * @param {{
 *   state: PlayerState,
 *   corrections: Corrections,
 *   seek: (time: number) => void,
 *   select: (start: number, end: number) => void,
 * }} props
 */
export function SegmentList({ state, corrections, seek, select }) {
  const segments = corrections.segments.value;
  const current = useComputed(() => segments.findIndex((segment) => isAt(segment, state.time.value)));
  const correcting = useCorrecting(corrections, current);
  if (!segments.length) return null;
  return html`
    <details class="segments" open=${segments.length < 30}>
      <summary>${t("segments", { count: segments.length })}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("segments", { count: segments.length })} onKeyDown=${correcting.onKeyDown}>
        <table>
          <thead>
            <tr>
              <th scope="col">${t("time")}</th>
              <th scope="col">${t("emotion")}</th>
              <th scope="col" class="number">${t("confidence")}</th>
              <th scope="col"><span class="visually-hidden">${t("region")}</span></th>
              <th scope="col"><span class="visually-hidden">${t("correct")}</span></th>
            </tr>
          </thead>
          <tbody>
            ${segments.map(
              (segment, index) => html`
                <tr key=${segment.place} data-place=${segment.place} class=${index === current.value ? "current" : ""} style=${{ "--label": labelOf(segment.emotion).color }}>
                  <td class="number">
                    <button class="link" onClick=${() => seek(segment.start_ms / 1000)}>
                      ${clock(segment.start_ms / 1000)} – ${clock(segment.end_ms / 1000)}
                    </button>
                  </td>
                  <td><i class="swatch"></i>${labelOf(segment.emotion).emoji} ${bothNames(segment.emotion)}<${Was} segment=${segment} /></td>
                  <td class="number">${sureness(segment)}</td>
                  <td>
                    <button class="link" onClick=${() => select(segment.start_ms / 1000, segment.end_ms / 1000)}>${t("select")}</button>
                  </td>
                  <td><${CorrectionButtons} correcting=${correcting} segment=${segment} /></td>
                </tr>
                ${
                  correcting.open.value === segment.place &&
                  html`<${CorrectionEditor} key=${`${segment.place} open`} correcting=${correcting} segment=${segment} state=${state} select=${select} columns=${COLUMNS} />`
                }
              `,
            )}
          </tbody>
        </table>
      </div>
      <${CorrectionBar} corrections=${corrections} />
    </details>
  `;
}
