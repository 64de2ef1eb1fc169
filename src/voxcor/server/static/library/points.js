/** Points on a plane, -1..1, found by where they lie, however many there are. */

const CELLS = 128; // a side

/**
 * @typedef {{
 *   x: Float32Array,
 *   y: Float32Array,
 *   nearest: (x: number, y: number, reach: number, isShown: (index: number) => boolean) => number,
 *   within: (outline: [number, number][], isShown: (index: number) => boolean) => Uint32Array,
 * }} Points
 */

const cellOf = (/** @type {number} */ place) => Math.max(0, Math.min(CELLS - 1, Math.floor(((place + 1) / 2) * CELLS)));

/**
 * Sorts points into cells once, so that a question looks at few of them.
 *
 * @param {ArrayLike<number>} across
 * @param {ArrayLike<number>} up
 * @returns {Points}
 */
export function pointsOf(across, up) {
  const [x, y] = [Float32Array.from(across), Float32Array.from(up)];
  const cells = x.map((place, i) => cellOf(y[i]) * CELLS + cellOf(place));
  const starts = new Uint32Array(CELLS * CELLS + 1);
  for (const cell of cells) starts[cell + 1]++;
  for (let i = 0; i < CELLS * CELLS; i++) starts[i + 1] += starts[i];
  const next = starts.slice();
  const sorted = new Uint32Array(x.length);
  for (let i = 0; i < x.length; i++) sorted[next[cells[i]]++] = i;

  /** Calls `look` for every point of the cells that touch a rectangle. */
  const each = (
    /** @type {[number, number]} */ [left, bottom],
    /** @type {[number, number]} */ [right, top],
    /** @type {(index: number) => void} */ look,
  ) => {
    for (let row = cellOf(bottom); row <= cellOf(top); row++) {
      const first = row * CELLS;
      for (let i = starts[first + cellOf(left)]; i < starts[first + cellOf(right) + 1]; i++) look(sorted[i]);
    }
  };

  return {
    x,
    y,
    /** The index of the nearest shown point that is no further than `reach`; -1 where there is none. */
    nearest(at, height, reach, isShown) {
      let [best, least] = [-1, reach * reach];
      each([at - reach, height - reach], [at + reach, height + reach], (index) => {
        const distance = (x[index] - at) ** 2 + (y[index] - height) ** 2;
        if (distance <= least && isShown(index)) [best, least] = [index, distance];
      });
      return best;
    },
    /** The shown points inside an outline, by the rule of even and odd crossings. */
    within(outline, isShown) {
      /** @type {number[]} */
      const found = [];
      const xs = Float64Array.from(outline, ([at]) => at);
      const ys = Float64Array.from(outline, ([, at]) => at);
      each([Math.min(...xs), Math.min(...ys)], [Math.max(...xs), Math.max(...ys)], (index) => {
        if (isShown(index) && isInside(xs, ys, x[index], y[index])) found.push(index);
      });
      return Uint32Array.from(found);
    },
  };
}

/**
 * @param {Float64Array} xs of the corners
 * @param {Float64Array} ys
 * @param {number} x
 * @param {number} y
 */
function isInside(xs, ys, x, y) {
  let inside = false;
  for (let i = 0, before = xs.length - 1; i < xs.length; before = i++) {
    if (ys[before] > y !== ys[i] > y && x < xs[i] + ((xs[before] - xs[i]) * (y - ys[i])) / (ys[before] - ys[i])) {
      inside = !inside;
    }
  }
  return inside;
}
