/**
 * A hundred thousand points as pixels.
 *
 * Each point is stamped into the picture by hand: that takes a few milliseconds on any machine, where calls of a canvas
 * take ten times as long, and WebGL without a graphics card longer still.
 */

/** @import { Points } from "./points.js" */

/**
 * What is looked at: the middle, and how many pixels a unit takes.
 *
 * @typedef {{ x: number, y: number, scale: number }} View
 */

/**
 * How points look: `group` is that of each, `colours` and `isShown` are those of the groups; `selected` has 1 for each
 * point that is, null where none is.
 *
 * @typedef {{ group: Uint16Array, colours: string[], isShown: boolean[], selected: Uint8Array | null }} Looks
 */

// What is not selected lets this much of it be seen, of 255.
const DIM = 46;

/** A disc: places around its centre, and how much of each is covered, 0..255. */
function discOf(/** @type {number} */ radius) {
  const reach = Math.ceil(radius);
  /** @type {{ x: number, y: number, cover: number }[]} */
  const disc = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const cover = Math.round(255 * Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y))));
      if (cover) disc.push({ x, y, cover });
    }
  }
  return disc;
}

const channels = (/** @type {string} */ colour) =>
  /** @type {[number, number, number]} */ ([1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)));

/** As an ImageData has it, read as a number of 32 bits. */
const packed = (/** @type {[number, number, number]} */ [red, green, blue], /** @type {number} */ alpha) =>
  ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/**
 * Paints all points that are shown; those that are selected lie on top.
 *
 * @param {ImageData} image is overwritten
 * @param {Points} points
 * @param {View} view in pixels of the image
 * @param {Looks} looks
 * @param {number} radius in pixels of the image
 */
export function paint(image, { x, y }, view, { group, colours, isShown, selected }, radius) {
  const { width, height } = image;
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(0);
  const disc = discOf(radius);
  const margin = Math.ceil(radius);
  const solid = Int32Array.from(disc.filter(({ cover }) => cover === 255).map((at) => at.y * width + at.x));
  const rim = disc.filter(({ cover }) => cover < 255);
  const rims = Int32Array.from(rim.map((at) => at.y * width + at.x));
  const rgb = colours.map(channels);
  const middleX = width / 2 - view.x * view.scale;
  const middleY = height / 2 + view.y * view.scale;

  const layer = (/** @type {number | null} */ wanted, /** @type {number} */ alpha) => {
    const full = Uint32Array.from(rgb.map((colour) => packed(colour, alpha)));
    const edges = Uint32Array.from(
      rgb.flatMap((colour) => rim.map(({ cover }) => packed(colour, Math.round((alpha * cover) / 255)))),
    );
    for (let i = 0; i < x.length; i++) {
      const of = group[i];
      if (!isShown[of] || (selected && selected[i] !== wanted)) continue;
      const column = Math.round(middleX + x[i] * view.scale);
      const row = Math.round(middleY - y[i] * view.scale);
      if (column < margin || row < margin || column >= width - margin || row >= height - margin) continue;
      const place = row * width + column;
      const colour = full[of];
      for (let k = 0; k < solid.length; k++) pixels[place + solid[k]] = colour;
      // What lies below a rim stays: halves of two colours are hardly told from either.
      const first = of * rims.length;
      for (let k = 0; k < rims.length; k++) if (!pixels[place + rims[k]]) pixels[place + rims[k]] = edges[first + k];
    }
  };
  if (selected) {
    layer(0, DIM);
    layer(1, 255);
  } else layer(null, 255);
}
