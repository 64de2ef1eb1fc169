/** Valence by arousal: where the words of the emotions stand, and the way of the recording among them. */

import { clock, signed } from "../format.js";
import { html } from "../html.js";
import { labelOf, nameOf } from "../labels.js";
import { t } from "../strings.js";
import { useComputed } from "../vendor/signals.js";
import { COORDINATES } from "../words.js";
import { answerOf } from "./scores.js";

/** @import { Curve } from "../player/curve.js" */
/** @import { Playback } from "../player/playback.js" */
/** @import { Segment } from "./segments.js" */
/** @import { Result } from "../server.js" */

/**
 * A part of the recording; times in seconds, `id` of what leads it, null where nothing does.
 *
 * @typedef {{ start: number, end: number, arousal: number, valence: number, id: string | null }} Point
 */

// More could not be told apart.
const MOST_POINTS = 40;

// Nothing that is derived lies beyond .81.
const REACH = 0.9;
const SIZE = 260;

const across = (/** @type {number} */ valence) => (SIZE / 2) * (1 + valence / REACH);
const down = (/** @type {number} */ arousal) => (SIZE / 2) * (1 - arousal / REACH);

/**
 * Neighbours together, until few enough are left; each part stands at the mean over its time.
 *
 * @param {Point[]} points
 */
function thinned(points) {
  const each = Math.ceil(points.length / MOST_POINTS);
  if (each < 2) return points;
  return Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
    const group = points.slice(i * each, (i + 1) * each);
    const time = group.reduce((sum, { start, end }) => sum + end - start, 0);
    const mean = (/** @type {"arousal" | "valence"} */ name) =>
      group.reduce((sum, point) => sum + (point.end - point.start) * point[name], 0) / time;
    const [longest] = group.toSorted((a, b) => b.end - b.start - (a.end - a.start));
    return {
      start: group[0].start,
      end: group[group.length - 1].end,
      arousal: mean("arousal"),
      valence: mean("valence"),
      id: longest.id,
    };
  });
}

/**
 * The way through segments, or through frames where there are no two segments.
 *
 * @param {Segment[]} segments
 * @param {Curve | null} curve
 */
export function pathOf(segments, curve) {
  const points = segments.flatMap((segment) =>
    segment.dimensions
      ? [{ ...segment.dimensions, start: segment.start_ms / 1000, end: segment.end_ms / 1000, id: answerOf(segment) }]
      : [],
  );
  if (points.length > 1 || !curve || curve.segments || !curve.dimensions) return thinned(points);
  const { arousal, valence } = curve.dimensions;
  /** @type {Point[]} */
  const frames = [];
  for (const [i, time] of curve.times.entries()) {
    if (Number.isNaN(arousal[i])) continue;
    frames.push({
      start: time - 0.01,
      end: time + 0.01,
      arousal: arousal[i],
      valence: valence[i],
      id: points[0]?.id ?? null,
    });
  }
  return thinned(frames);
}

/**
 * What it shows is in the table of segments, too.
 *
 * @param {{ document: Result, segments: Segment[], state: Playback }} props
 */
export function AffectPlane({ document, segments, state }) {
  const whole = document.dimensions;
  const path = useComputed(() => pathOf(segments, state.curve.value));
  const now = useComputed(() =>
    path.value.findIndex(({ start, end }) => start <= state.time.value && state.time.value < end),
  );
  const points = path.value;
  if (!whole && !points.length) return null;
  const words = Object.entries(COORDINATES).filter(([id]) => id in document.scores);
  const place = ({ arousal = 0, valence = 0 }) =>
    t("dimensionsOf", { arousal: signed(arousal), valence: signed(valence) });
  const [first, last] = [points[0], points[points.length - 1]];
  const said = [
    whole && t("planeWhole", { place: place(whole) }),
    points.length > 1 && t("planeFrom", { start: place(first), end: place(last) }),
  ];
  const isDerived = (whole ?? segments.find(({ dimensions }) => dimensions)?.dimensions)?.origin !== "model";
  return html`
    <figure class="plane">
      <figcaption>
        <h3>${t("plane")}</h3>
        ${
          isDerived &&
          html`<details class="source">
            <summary>${t("dimensionsDerived")}</summary>
            <p>${t("planeFormula")} <code lang="en">Σ score · coordinate / Σ score</code></p>
            <p>${t("planeSource")}</p>
          </details>`
        }
      </figcaption>
      <svg viewBox="0 0 ${SIZE} ${SIZE}" role="img" aria-label=${[t("plane"), ...said.filter(Boolean)].join(t("sentenceEnd"))}>
        <path class="axes" d="M0 ${SIZE / 2}H${SIZE}M${SIZE / 2} 0V${SIZE}" />
        <text class="axis" x=${SIZE - 4} y=${SIZE / 2 - 5} text-anchor="end">${t("pleasant")}</text>
        <text class="axis" x="4" y=${SIZE / 2 - 5}>${t("unpleasant")}</text>
        <text class="axis" x=${SIZE / 2 + 5} y="13">${t("excited")}</text>
        <text class="axis" x=${SIZE / 2 + 5} y=${SIZE - 5}>${t("calm")}</text>
        ${words.map(
          ([id, [arousal, valence]]) =>
            html`<text class="word" x=${across(valence)} y=${down(arousal) + 5} text-anchor="middle"><title>${nameOf(id)}</title>${labelOf(id).emoji}</text>`,
        )}
        ${points.length > 1 && html`<polyline class="way" points=${points.map(({ arousal, valence }) => `${across(valence)},${down(arousal)}`).join(" ")} />`}
        ${points.map(
          (point, index) => html`
            <circle
              class=${`point ${index === now.value ? "now" : ""}`}
              cx=${across(point.valence)}
              cy=${down(point.arousal)}
              r=${index === now.value ? 6 : points.length > 12 ? 3 : 4.5}
              style=${point.id !== null && { "--label": labelOf(point.id).color }}
              onClick=${() => state.play(point.start, point.end)}
            >
              <title>${`${clock(point.start)} ${point.id === null ? "" : nameOf(point.id)} ${place(point)}`}</title>
            </circle>
          `,
        )}
        ${whole && html`<path class="mark" d="M${across(whole.valence) - 6} ${down(whole.arousal)}h12m-6 -6v12" />`}
      </svg>
      <p class="hint faint"><span aria-hidden="true">＋ </span>${t("planeMark")}</p>
    </figure>
  `;
}
