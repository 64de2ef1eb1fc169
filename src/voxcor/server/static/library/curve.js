/** A course as a curve: its band, its changes, and points that a click or a key opens. */

import { clock, signed } from "../format.js";
import { html } from "../html.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { t } from "./strings.js";

/** @import { TargetedEvent } from "../vendor/preact.js" */
/** @import { CourseDocument, IntervalDocument } from "../server.js" */

/** @typedef {Pick<CourseDocument, "unit" | "times" | "values" | "mean" | "changes" | "sessions">} Course */

/** @typedef {{ width: number, height: number, left: number, right: number, top: number }} Frame from the edges, but for the height */

const FRAME = { height: 200, left: 36, right: 12, top: 10 };
const BELOW = 24; // for the names of times
const FIRST_WIDTH = 600; // until it is known
const ROOM = 8; // pixels that a dot needs
const NARROW = 500;
const ACROSS_FIRST = 4; // times that a pixel across counts more than one up

/** From values to places in a drawing. */
function placesIn(/** @type {Frame} */ { width, height, left, right, top }, /** @type {number[]} */ times) {
  const [first, last] = [times[0], times[times.length - 1]];
  const length = last - first || 1;
  return {
    x: (/** @type {number} */ time) =>
      last === first ? (left + width - right) / 2 : left + ((width - left - right) * (time - first)) / length,
    y: (/** @type {number} */ value) => top + (height * (1 - value)) / 2,
  };
}

/** An interval's ends; where it has none, its value. */
const endsOf = (/** @type {IntervalDocument} */ { value, low, high }) => [low ?? value ?? 0, high ?? value ?? 0];

const lineOf = (/** @type {[number, number][]} */ places) =>
  places.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** A moment as people say it: on the clock of a recording, or the date of one. */
export function momentOf(/** @type {Course} */ { unit, times, sessions }, /** @type {number} */ index) {
  return unit === "s" ? clock(times[index]) : sessions[index].recorded_at.slice(0, 10);
}

/** `+0.31 [+0.12, +0.50]` */
export function told(/** @type {IntervalDocument} */ { value, low, high }, isSigned = true) {
  const number = (/** @type {number} */ one) => (isSigned ? signed(one) : one.toFixed(2));
  if (value === null) return "–";
  return low === null || high === null ? number(value) : `${number(value)} [${number(low)}, ${number(high)}]`;
}

/** The means between changes, each from one time to another. */
function levelsOf(/** @type {Course} */ { times, values, changes }) {
  const borders = [times[0], ...changes, times[times.length - 1]];
  return borders.slice(1).map((end, index) => {
    const start = borders[index];
    const isLast = index === borders.length - 2;
    const inside = values.filter((_, i) => times[i] >= start && (times[i] < end || isLast));
    return { start, end, mean: inside.reduce((sum, value) => sum + value, 0) / (inside.length || 1) };
  });
}

/** What is drawn of a course within a frame, but for axes. */
function Drawn(/** @type {{ course: Course, frame: Frame }} */ { course, frame }) {
  const { unit, times, values, mean, changes, sessions } = course;
  const { x, y } = placesIn(frame, times);
  const bottom = frame.top + frame.height;
  const places = times.map((time, index) => /** @type {[number, number]} */ ([x(time), y(values[index])]));
  const ends = unit === "s" ? times.map(() => endsOf(mean)) : sessions.map((one) => endsOf(one.mean));
  const above = times.map((time, index) => /** @type {[number, number]} */ ([x(time), y(ends[index][1])]));
  const below = times.map((time, index) => /** @type {[number, number]} */ ([x(time), y(ends[index][0])])).reverse();
  return html`
    <path class="band" d="${lineOf([...above, ...below])}Z" />
    ${places.length > 1 && html`<path class="course" d=${lineOf(places)} />`}
    ${(places.length === 1 || places.length <= frame.width / ROOM) && places.map(([left, down], index) => html`<circle key=${index} class="dot" cx=${left} cy=${down} r="2.8" />`)}
    ${changes.length > 0 && levelsOf(course).map(({ start, end, mean: level }) => html`<path class="level" d="M${x(start)} ${y(level)}H${x(end)}" />`)}
    ${changes.map((at) => html`<path class="change" d="M${x(at)} ${frame.top}V${bottom}" />`)}
  `;
}

/**
 * @param {{ course: Course, name: string, describe: (index: number) => string, onOpen: (index: number) => void }} props
 */
export function Curve({ course, name, describe, onOpen }) {
  const { times, values } = course;
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const width = useSignal(FIRST_WIDTH);
  const pointed = useSignal(-1);
  useEffect(() => {
    const element = /** @type {HTMLDivElement} */ (place.current);
    const measure = () => (width.value = element.clientWidth);
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    measure();
    return () => watch.disconnect();
  }, []);
  const frame = { ...FRAME, width: width.value };
  const { x, y } = placesIn(frame, times);
  const bottom = frame.top + frame.height;
  // Several may have the same time.
  const nearest = (/** @type {TargetedEvent<HTMLElement, MouseEvent>} */ event) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const far = times.map((time, index) =>
      Math.hypot(x(time) - event.clientX + left, (y(values[index]) - event.clientY + top) / ACROSS_FIRST),
    );
    return far.reduce((best, distance, index) => (distance < far[best] ? index : best), 0);
  };
  const move = (/** @type {number} */ index) => {
    pointed.value = Math.max(0, Math.min(times.length - 1, index));
  };
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowRight: () => move(pointed.value + 1),
    ArrowUp: () => move(pointed.value + 1),
    ArrowLeft: () => move(pointed.value - 1),
    ArrowDown: () => move(pointed.value - 1),
    Home: () => move(0),
    End: () => move(times.length - 1),
    Enter: () => onOpen(Math.max(0, pointed.value)),
    " ": () => onOpen(Math.max(0, pointed.value)),
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  const at = Math.min(pointed.value, times.length - 1);
  const marks = width.value < NARROW ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  const named = times[0] === times[times.length - 1] ? [0.5] : marks;
  return html`
    <div
      ref=${place}
      class="curve-place"
      role="slider"
      tabindex="0"
      aria-label="${name}. ${t("coursePoints")}"
      aria-valuemin="1"
      aria-valuemax=${times.length}
      aria-valuenow=${Math.max(0, at) + 1}
      aria-valuetext=${describe(Math.max(0, at))}
      onKeyDown=${onKeyDown}
      onMouseMove=${(/** @type {TargetedEvent<HTMLElement, MouseEvent>} */ event) => move(nearest(event))}
      onMouseLeave=${() => (pointed.value = -1)}
      onBlur=${() => (pointed.value = -1)}
      onClick=${(/** @type {TargetedEvent<HTMLElement, MouseEvent>} */ event) => {
        move(nearest(event));
        onOpen(pointed.value);
      }}
    >
      <svg width=${width.value} height=${bottom + BELOW} aria-hidden="true">
        ${[-1, -0.5, 0, 0.5, 1].map(
          (value) => html`
            <path class=${value ? "grid" : "zero"} d="M${frame.left} ${y(value)}H${width.value - frame.right}" />
            <text x=${frame.left - 6} y=${y(value) + 4} text-anchor="end">${value > 0 ? "+" : ""}${value}</text>
          `,
        )}
        <${Drawn} course=${course} frame=${frame} />
        ${named.map((part, index) => {
          const time = times[0] + (times[times.length - 1] - times[0]) * part;
          const anchor =
            named.length === 1 ? "middle" : index === 0 ? "start" : index === named.length - 1 ? "end" : "middle";
          return html`<text key=${part} x=${x(time)} y=${bottom + 18} text-anchor=${anchor}>${timeOf(course, time)}</text>`;
        })}
        ${at >= 0 && html`<circle class="pointed" cx=${x(times[at])} cy=${y(values[at])} r="6" />`}
      </svg>
      ${at >= 0 && html`<div class="pointed-at" style=${{ left: `${x(times[at])}px`, top: `${y(values[at])}px` }}><div class=${x(times[at]) > width.value / 2 ? "before" : "after"}>${describe(at)}</div></div>`}
    </div>
  `;
}

const DAY_MS = 86_400_000;

/** A time of the axis: on the clock, or a date. */
function timeOf(/** @type {Course} */ { unit, sessions }, /** @type {number} */ time) {
  if (unit === "s") return clock(time);
  // Dates of recordings have no time zone: as if all were of this one, and that without summer time.
  return new Date(Date.parse(`${sessions[0].recorded_at}Z`) + time * DAY_MS).toISOString().slice(0, 10);
}

const SMALL = { width: 240, height: 84, left: 4, right: 4, top: 6 };

/**
 * A small one, on the same scale as its neighbours; a click plays the segment that is nearest.
 *
 * @param {{ course: CourseDocument, onOpen: (index: number) => void }} props
 */
export function SmallCurve({ course, onOpen }) {
  const { times } = course;
  const { x, y } = placesIn(SMALL, times);
  const onClick = (/** @type {TargetedEvent<SVGSVGElement, MouseEvent>} */ event) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = ((event.clientX - left) * SMALL.width) / width;
    const distances = times.map((time) => Math.abs(x(time) - at));
    onOpen(distances.indexOf(Math.min(...distances)));
  };
  return html`
    <svg class="small-curve" viewBox="0 0 ${SMALL.width} ${SMALL.height + 2 * SMALL.top}" aria-hidden="true" onClick=${onClick}>
      <path class="zero" d="M0 ${y(0)}H${SMALL.width}" />
      <${Drawn} course=${course} frame=${SMALL} />
    </svg>
  `;
}
