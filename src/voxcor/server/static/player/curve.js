/**
 * The emotion curve: a score for each label over time.
 *
 * Frames are 20 ms apart, so an hour has more of them than a screen has pixels. What is drawn is
 * the mean of those that share a few pixels, from running sums: any zoom costs the same.
 */

import { request } from "../api.js";

/** @import { Result, Scores } from "../server.js" */

/**
 * Scores from one moment to another, in milliseconds.
 *
 * @typedef {{ start_ms: number, end_ms: number, scores: Scores }} Step
 */

/**
 * A curve of frames: times in seconds, for each label the running sum of its scores, and of arousal
 * and valence what frames.csv has of them, NaN where a frame has none.
 *
 * @typedef {{
 *   labels: string[],
 *   times: Float64Array,
 *   sums: Float64Array[],
 *   dimensions: { arousal: Float64Array, valence: Float64Array } | null,
 *   segments?: undefined,
 * }} Frames
 */

/**
 * A curve of frames, or one of steps.
 *
 * @typedef {Frames | { labels: string[], segments: Step[] }} Curve
 */

/**
 * Times, and for each label a column of scores.
 *
 * @typedef {[number[], ...(number | null)[][]]} Columns
 */

/**
 * The curve of a result: the frames of frames.csv at `path`, or the steps of its segments.
 *
 * @param {Result} document
 * @param {string} path
 * @returns {Promise<Curve>}
 */
export async function loadCurve(document, path) {
  const labels = Object.keys(document.scores);
  if (!document.files.includes("frames.csv")) return { labels, segments: document.segments };
  return framesOf(await (await request(path)).text(), labels);
}

/**
 * The first columns are the time and the labels; dimensions may follow.
 *
 * @param {string} csv
 * @param {string[]} labels
 * @returns {Frames}
 */
function framesOf(csv, labels) {
  const rows = csv
    .slice(csv.indexOf("\n") + 1)
    .trimEnd()
    .split("\n");
  const times = new Float64Array(rows.length);
  const heads = csv.slice(0, csv.indexOf("\n")).trimEnd().split(",");
  const [arousalAt, valenceAt] = [heads.lastIndexOf("arousal"), heads.lastIndexOf("valence")];
  const dimensions = valenceAt > labels.length && {
    arousal: new Float64Array(rows.length),
    valence: new Float64Array(rows.length),
  };
  const sums = labels.map(() => new Float64Array(rows.length + 1));
  rows.forEach((row, index) => {
    const cells = row.split(",");
    times[index] = Number(cells[0]) / 1000;
    for (const [column, sum] of sums.entries()) sum[index + 1] = sum[index] + Number(cells[column + 1]);
    if (!dimensions) return;
    dimensions.arousal[index] = Number(cells[arousalAt]);
    dimensions.valence[index] = Number(cells[valenceAt]);
  });
  return { labels, times, sums, dimensions: dimensions || null };
}

/**
 * The scores at a moment, in the order of the labels; null where nobody speaks.
 *
 * @param {Curve} curve
 * @param {number} time
 */
export function scoresAt(curve, time) {
  if (curve.segments) {
    const segment = curve.segments.find((s) => s.start_ms / 1000 <= time && time < s.end_ms / 1000);
    return segment ? curve.labels.map((id) => segment.scores[id]) : null;
  }
  const { times, sums } = curve;
  if (!times.length) return null;
  const index = Math.min(times.length - 1, firstAt(times, time - 0.01));
  return sums.map((sum) => sum[index + 1] - sum[index]);
}

/**
 * The index of the first time that is not before this one.
 *
 * @param {Float64Array} times
 * @param {number} time
 */
function firstAt(times, time) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The highest score, up to the next quarter: nine scores seldom reach the ceiling. */
export function ceilingOf(/** @type {Curve} */ curve) {
  let most = 0;
  if (curve.segments) for (const { scores } of curve.segments) most = Math.max(most, ...Object.values(scores));
  else for (const sum of curve.sums) for (let i = 1; i < sum.length; i++) most = Math.max(most, sum[i] - sum[i - 1]);
  return Math.min(1, Math.max(0.25, Math.ceil(most * 4) / 4));
}

/**
 * What is drawn of `[from, to]` seconds as so many points.
 *
 * @param {Curve} curve
 * @param {number} from
 * @param {number} to
 * @param {number} points
 * @returns {Columns}
 */
export function columnsOf(curve, from, to, points) {
  if (curve.segments) {
    const inView = curve.segments.filter(({ start_ms, end_ms }) => end_ms / 1000 >= from && start_ms / 1000 <= to);
    // Steps that nobody could tell apart are drawn as their mean.
    return inView.length > points / 2 ? meansOf(curve.labels, inView, from, to, points) : stepsOf(curve.labels, inView);
  }
  const { times, sums } = curve;
  const first = Math.max(0, firstAt(times, from) - 1);
  const last = Math.min(times.length, firstAt(times, to) + 1);
  const each = Math.max(1, Math.floor((last - first) / points));
  const count = Math.ceil((last - first) / each);
  const bounds = Array.from({ length: count }, (_, i) => [first + i * each, Math.min(last, first + (i + 1) * each)]);
  const mean = (/** @type {Float64Array} */ sum) => bounds.map(([a, b]) => (sum[b] - sum[a]) / (b - a));
  return [bounds.map(([a, b]) => (times[a] + times[b - 1]) / 2), ...sums.map(mean)];
}

/**
 * @param {string[]} labels
 * @param {Step[]} segments
 * @returns {Columns}
 */
function stepsOf(labels, segments) {
  /** @type {number[]} */
  const times = [];
  /** @type {(number | null)[][]} */
  const rows = labels.map(() => []);
  for (const [index, { start_ms, end_ms, scores }] of segments.entries()) {
    // Nothing joins two stretches of speech with a pause between them.
    const isLast = segments[index + 1]?.start_ms > end_ms;
    times.push(start_ms / 1000, end_ms / 1000, ...(isLast ? [end_ms / 1000] : []));
    for (const [index, id] of labels.entries()) rows[index].push(scores[id], scores[id], ...(isLast ? [null] : []));
  }
  return [times, ...rows];
}

/**
 * Of each of so many parts of `[from, to]` the mean over its speech, null where there is none.
 *
 * @param {string[]} labels
 * @param {Step[]} segments
 * @param {number} from
 * @param {number} to
 * @param {number} points
 * @returns {Columns}
 */
function meansOf(labels, segments, from, to, points) {
  const count = Math.floor(points);
  const width = (to - from) / count;
  const seconds = new Float64Array(count);
  const sums = labels.map(() => new Float64Array(count));
  for (const { start_ms, end_ms, scores } of segments) {
    const [start, end] = [start_ms / 1000 - from, end_ms / 1000 - from];
    for (let i = Math.max(0, Math.floor(start / width)); i < count && i * width < end; i++) {
      const shared = Math.max(0, Math.min(end, (i + 1) * width) - Math.max(start, i * width));
      seconds[i] += shared;
      for (const [index, id] of labels.entries()) sums[index][i] += shared * scores[id];
    }
  }
  const mean = (/** @type {Float64Array} */ sum) =>
    Array.from(sum, (total, i) => (seconds[i] ? total / seconds[i] : null));
  return [Array.from(seconds, (_, i) => from + (i + 0.5) * width), ...sums.map(mean)];
}

/**
 * Columns one upon the other, the first label at the top, without the labels that are not drawn.
 *
 * @param {Columns} columns
 * @param {boolean[]} drawn
 * @returns {Columns}
 */
export function stackOf([times, ...rows], drawn) {
  const tops = rows.map((row) => [...row]);
  for (let index = rows.length - 1; index >= 0; index--) {
    const below = tops[index + 1];
    for (const i of times.keys()) {
      const own = rows[index][i];
      tops[index][i] = own === null ? null : (drawn[index] ? own : 0) + (below?.[i] ?? 0);
    }
  }
  return [times, ...tops];
}
