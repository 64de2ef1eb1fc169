/** The emotion curve as it is drawn, by uPlot. */

import { clock, percent } from "../format.js";
import { labelOf } from "../labels.js";
import uPlot from "../vendor/uplot.js";
import { ceilingOf, columnsOf, stackOf } from "./curve.js";

/** @import { Curve } from "./curve.js" */

const HEIGHT = 190;

// Closer than this, lines of nine colours are a hedge.
const PX_PER_MEAN = 3;

const TICKS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

/** Whether a time at the axis would be written whole: there is no room beyond the plot. */
function fits(/** @type {uPlot} */ plot, /** @type {number} */ time) {
  const place = plot.valToPos(time, "x");
  return place > 20 && place < plot.width - 20;
}

/**
 * Draws a curve into an element: a line for each label, or its share of the whole, stacked.
 *
 * `onSeek` is told of the moments that are clicked or dragged to, `onHover` of those that are
 * pointed at and how far from the left they are, null when that has ended.
 *
 * @param {HTMLElement} element
 * @param {Curve} curve
 * @param {(time: number) => void} onSeek
 * @param {{ isStacked?: boolean, onHover?: (at: { time: number, left: number } | null) => void }} [more]
 */
export function drawCurve(element, curve, onSeek, { isStacked = false, onHover } = {}) {
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue("--faint");
  const grid = { stroke: style.getPropertyValue("--line"), width: 1 };
  const font = `12px ${style.fontFamily}`;
  /** @type {[number, number]} */
  let view = [0, 1];
  let ceiling = isStacked ? 1 : ceilingOf(curve);
  const drawn = curve.labels.map(() => true);
  const levels = () => [0.25, 0.5, 0.75, 1].filter((level) => level <= ceiling);
  // Inside the plot, so that it spans the same width as the waveform above it.
  const nameLevels = (/** @type {uPlot} */ { ctx, bbox, valToPos }) => {
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px ${style.fontFamily}`;
    ctx.fillStyle = ink;
    ctx.textAlign = "left";
    for (const level of levels()) {
      ctx.fillText(
        percent(level, 0),
        bbox.left + 4 * devicePixelRatio,
        valToPos(level, "y", true) + 13 * devicePixelRatio,
      );
    }
    ctx.restore();
  };
  const plot = new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      padding: [8, 0, 0, 0],
      legend: { show: false },
      hooks: { draw: isStacked ? [] : [nameLevels], setCursor: [() => point()] },
      cursor: { drag: { setScale: false, x: false, y: false }, points: { show: false }, y: false },
      scales: { x: { time: false, range: () => view }, y: { range: () => [0, ceiling] } },
      axes: [
        {
          stroke: ink,
          font,
          grid: { show: false },
          ticks: { ...grid, size: 4 },
          size: 26,
          space: 70,
          incrs: TICKS_S,
          values: (plot, ticks) =>
            ticks.map((time) => (fits(plot, time) ? clock(time, ticks[1] - ticks[0] < 1 ? 1 : 0) : "")),
        },
        { size: 0, grid, ticks: { show: false }, values: () => [], splits: () => [0, ...levels()] },
      ],
      series: [
        {},
        ...curve.labels.map((id) => ({
          label: id,
          stroke: () => labelOf(id).color,
          // Closed by a hair's breadth: between areas there is no ground.
          ...(isStacked ? { fill: () => labelOf(id).color, width: 0.5 } : { width: 1.75 }),
          points: { show: false },
          spanGaps: false,
        })),
      ],
    },
    columnsOf(curve, 0, 1, 1),
    element,
  );
  const over = plot.over;
  const point = () => {
    const left = plot.cursor.left ?? -1;
    onHover?.(left < 0 ? null : { time: plot.posToVal(left, "x"), left });
  };
  const seek = (/** @type {PointerEvent} */ event) =>
    onSeek(plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x"));
  over.addEventListener("pointerdown", (event) => {
    over.setPointerCapture(event.pointerId);
    seek(event);
  });
  over.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) seek(event);
  });
  const draw = () => {
    const columns = columnsOf(curve, ...view, Math.max(100, plot.width / PX_PER_MEAN));
    plot.setData(isStacked ? stackOf(columns, drawn) : columns, true);
  };
  return {
    /** Another curve of the same labels. */
    show(/** @type {Curve} */ other) {
      curve = other;
      if (!isStacked) ceiling = ceilingOf(curve);
    },
    look(/** @type {number} */ from, /** @type {number} */ to) {
      view = [from, to];
      draw();
    },
    resize() {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
      draw();
    },
    /** Draws these labels only. */
    setVisible(/** @type {(id: string) => boolean} */ isVisible) {
      for (const [index, id] of curve.labels.entries()) {
        drawn[index] = isVisible(id);
        plot.setSeries(index + 1, { show: drawn[index] });
      }
      draw();
    },
    destroy: () => plot.destroy(),
  };
}
