/** What a recording of several segments says first: how its speech divides, and its strongest moments. */

import { clock, part, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf, nameOf } from "../labels.js";
import { t } from "../strings.js";
import { answerOf } from "./scores.js";

/** @import { Playback } from "../player/playback.js" */
/** @import { Segment } from "./segments.js" */
/** @import { Result } from "../server.js" */

// As long as the model hears at once.
const UTTERANCE_MS = 30_000;

const MOST_MOMENTS = 5;

// They name no emotion that anybody would look for.
const QUIET = new Set(["neutral", "other", "unknown"]);

/** Whether one answer is what the recording is about: it was asked for, or there is no more than one segment. */
export const isUtterance = (/** @type {Result} */ { granularity, audio, segments }) =>
  segments.length < 2 || (granularity === "utterance" && audio.duration_ms <= UTTERANCE_MS);

/**
 * How much of the speech each emotion leads, the most first; null stands for no answer.
 *
 * @param {Segment[]} segments
 */
export function sharesOf(segments) {
  const durations = new Map(/** @type {[string | null, number][]} */ ([]));
  let total = 0;
  for (const segment of segments) {
    const id = answerOf(segment);
    const duration = segment.end_ms - segment.start_ms;
    durations.set(id, (durations.get(id) ?? 0) + duration);
    total += duration;
  }
  return [...durations].map(([id, duration]) => ({ id, share: duration / total })).sort((a, b) => b.share - a.share);
}

/** The segments that an emotion other than neutral leads with the highest scores, the highest first. */
export const momentsOf = (/** @type {Segment[]} */ segments) =>
  segments
    .filter((segment) => !QUIET.has(answerOf(segment) ?? "neutral"))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, MOST_MOMENTS);

/**
 * What leads: more than half of the speech, and the scores of the whole.
 *
 * @param {{ document: Result, segments: Segment[] }} props
 */
export function Leading({ document, segments }) {
  const [{ id, share }] = sharesOf(segments).filter((each) => each.id !== null);
  if (id === null) return null;
  const named = (/** @type {string} */ label) => `${labelOf(label).emoji} ${bothNames(label)}`;
  const words = { emotion: named(id), share: percent(share, 0), whole: named(document.emotion) };
  if (share > 0.5 && id === document.emotion) {
    return html`<h2 class="headline" style=${{ "--label": labelOf(id).color }}>${t("leads", words)}</h2>`;
  }
  return html`
    <h2 class="headline">${t("nothingLeads")}</h2>
    <p class="remark">${t(id === document.emotion ? "nothingLeadsWhy" : "nothingLeadsBoth", words)}</p>
  `;
}

/**
 * The shares as a bar, and beneath it in words; each is a switch that shows only this emotion.
 *
 * @param {{ state: Playback, segments: Segment[] }} props
 */
export function Shares({ state, segments }) {
  const shares = sharesOf(segments);
  const { only } = state;
  return html`
    <div class="shares">
      <h3>${t("shares")}</h3>
      <div class="share-bar" aria-hidden="true">
        ${shares.map(
          ({ id, share }) =>
            html`<i class=${id === null ? "none" : ""} style=${{ flexGrow: share, ...(id !== null && { "--label": labelOf(id).color }) }}>
              <span>${id === null ? "🤷" : labelOf(id).emoji}</span>
            </i>`,
        )}
      </div>
      <ul class="share-list">
        ${shares.map(({ id, share }) =>
          id === null
            ? html`<li><i class="swatch none"></i>🤷 ${t("noAnswer")} <span class="number">${part(share)}</span></li>`
            : html`<li>
                <button aria-pressed=${only.value === id} title=${t("only", { emotion: nameOf(id) })} onClick=${() => (only.value = only.value === id ? null : id)}>
                  <i class="swatch" style=${{ "--label": labelOf(id).color }}></i>${labelOf(id).emoji} ${nameOf(id)} <span class="number">${part(share)}</span>
                </button>
              </li>`,
        )}
      </ul>
    </div>
  `;
}

/**
 * Each is heard at a click.
 *
 * @param {{ state: Playback, segments: Segment[] }} props
 */
export function Moments({ state, segments }) {
  const moments = momentsOf(segments);
  return html`
    <div class="moments">
      <h3>${t("moments")}</h3>
      ${
        moments.length === 0
          ? html`<p class="faint">${t("momentsNone")}</p>`
          : html`<ol>
              ${moments.map(
                ({ start_ms, end_ms, emotion, confidence }) => html`
                  <li key=${start_ms}>
                    <button style=${{ "--label": labelOf(emotion).color }} onClick=${() => state.play(start_ms / 1000, end_ms / 1000)}>
                      <${Icon} name="play" />
                      <span class="number faint">${clock(start_ms / 1000, 0)}</span>
                      <b>${labelOf(emotion).emoji} ${nameOf(emotion)}</b>
                      <span class="number">${percent(confidence)}</span>
                    </button>
                  </li>
                `,
              )}
            </ol>`
      }
    </div>
  `;
}
