/** The map under the reader's hands: drawn, moved, brought closer, pointed at, and parts of it taken. */

import { paint } from "./painting.js";

/** @import { Looks, View } from "./painting.js" */
/** @import { Points } from "./points.js" */

/** @typedef {"move" | "lasso" | "rectangle"} Tool */

/**
 * What the map tells; an `index` is that of a point, -1 for none, with its place on the map.
 *
 * @typedef {{
 *   onPoint: (index: number, left: number, top: number) => void,
 *   onPress: (index: number) => void,
 *   onSelect: (indices: Uint32Array) => void,
 * }} Listener
 */

/** @typedef {ReturnType<typeof mount>} MapCanvas */

const CLOSEST = 400; // times as large as where all is seen
const REACH = 14; // pixels of the page within which a point is pointed at
const STEP = 60; // that a key moves it
const STILL = 5; // a press that moves less is a click

/** How large points are, in pixels of the page: few are large, and those that are looked at closely. */
const radiusOf = (/** @type {number} */ count, /** @type {number} */ zoom) => {
  const alone = count < 300 ? 5.5 : count < 3000 ? 3.8 : count < 20_000 ? 2.4 : 1.4;
  return Math.min(8, alone * zoom ** 0.35);
};

/**
 * Shows points in an element that takes keys, and follows what is done there.
 *
 * @param {HTMLElement} place
 * @param {HTMLCanvasElement} canvas
 * @param {Points} points
 * @param {Looks} looks what it is drawn with first
 * @param {Listener} listener
 */
export function mount(place, canvas, points, looks, { onPoint, onPress, onSelect }) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  /** @type {View} */
  let view = { x: 0, y: 0, scale: 1 }; // in pixels of the page
  let all = 1; // the scale at which all is seen
  let ratio = 1;
  /** @type {ImageData} */
  let image;
  let pointed = -1;
  let playing = -1;
  let ink = "#000";
  /** @type {Tool} */
  let tool = "move";
  /** @type {[number, number][]} corners of what is being taken, on the plane */
  let outline = [];
  let frame = 0;

  const isShown = (/** @type {number} */ index) => looks.isShown[looks.group[index]];
  const toPlane = (/** @type {number} */ left, /** @type {number} */ top) =>
    /** @type {[number, number]} */ ([
      view.x + (left - place.clientWidth / 2) / view.scale,
      view.y - (top - place.clientHeight / 2) / view.scale,
    ]);
  const toPage = (/** @type {number} */ x, /** @type {number} */ y) =>
    /** @type {[number, number]} */ ([
      place.clientWidth / 2 + (x - view.x) * view.scale,
      place.clientHeight / 2 - (y - view.y) * view.scale,
    ]);

  function draw() {
    frame = 0;
    const began = performance.now();
    const radius = radiusOf(points.x.length, view.scale / all);
    paint(image, points, { ...view, scale: view.scale * ratio }, looks, radius * ratio);
    context.putImageData(image, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.strokeStyle = ink;
    for (const [index, wide] of [
      [pointed, 1.5],
      [playing, 3],
    ])
      if (index >= 0) ring(index, radius + 3, wide);
    if (outline.length > 1) drawOutline();
    context.setTransform(1, 0, 0, 1, 0, 0);
    canvas.dataset.drawnMs = (performance.now() - began).toFixed(1);
  }

  /**
   * @param {number} index
   * @param {number} radius
   * @param {number} wide
   */
  function ring(index, radius, wide) {
    const [left, top] = toPage(points.x[index], points.y[index]);
    context.lineWidth = wide;
    context.beginPath();
    context.arc(left, top, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  function drawOutline() {
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.beginPath();
    for (const [x, y] of outline) context.lineTo(...toPage(x, y));
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }

  const drawSoon = () => {
    frame ||= requestAnimationFrame(draw);
  };

  function fit() {
    all = Math.min(place.clientWidth, place.clientHeight) / 2.1;
    view = { x: 0, y: 0, scale: all };
    drawSoon();
  }

  function resize() {
    const before = view.scale / all;
    ratio = Math.min(2, devicePixelRatio);
    canvas.width = Math.max(1, Math.round(place.clientWidth * ratio));
    canvas.height = Math.max(1, Math.round(place.clientHeight * ratio));
    image = context.createImageData(canvas.width, canvas.height);
    all = Math.min(place.clientWidth, place.clientHeight) / 2.1;
    view = { ...view, scale: all * before };
    // At once: what was drawn is gone.
    draw();
  }

  function moveBy(/** @type {number} */ right, /** @type {number} */ down) {
    const within = (/** @type {number} */ at) => Math.max(-1, Math.min(1, at));
    view = { ...view, x: within(view.x - right / view.scale), y: within(view.y + down / view.scale) };
    drawSoon();
  }

  /** Closer by a factor; what is at a place of the map stays there. */
  function zoomBy(/** @type {number} */ factor, left = place.clientWidth / 2, top = place.clientHeight / 2) {
    const [x, y] = toPlane(left, top);
    view = { ...view, scale: Math.max(all * 0.8, Math.min(all * CLOSEST, view.scale * factor)) };
    const [newX, newY] = toPlane(left, top);
    view = { ...view, x: view.x + x - newX, y: view.y + y - newY };
    moveBy(0, 0);
  }

  function point(/** @type {number} */ index) {
    if (index !== pointed) drawSoon();
    pointed = index;
    const [left, top] = index < 0 ? [0, 0] : toPage(points.x[index], points.y[index]);
    onPoint(index, left, top);
  }

  const nearestTo = (/** @type {number} */ left, /** @type {number} */ top, reach = REACH) =>
    points.nearest(...toPlane(left, top), reach / view.scale, isShown);
  const nearestToMiddle = () =>
    nearestTo(place.clientWidth / 2, place.clientHeight / 2, Math.hypot(place.clientWidth, place.clientHeight) / 2);

  function selectVisible() {
    const [left, top] = toPlane(0, 0);
    const [right, bottom] = toPlane(place.clientWidth, place.clientHeight);
    onSelect(
      points.within(
        [
          [left, top],
          [right, top],
          [right, bottom],
          [left, bottom],
        ],
        isShown,
      ),
    );
  }

  // Fingers, or the mouse, where they are and where they began.
  /** @type {Map<number, { left: number, top: number }>} */
  const held = new Map();
  let began = { left: 0, top: 0 };
  let hasMoved = false;

  const at = (/** @type {MouseEvent} */ { clientX, clientY }) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { left: clientX - left, top: clientY - top };
  };
  const spread = () => {
    const [a, b] = [...held.values()];
    return { wide: Math.hypot(a.left - b.left, a.top - b.top), left: (a.left + b.left) / 2, top: (a.top + b.top) / 2 };
  };

  function onDown(/** @type {PointerEvent} */ event) {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, at(event));
    if (held.size > 1) {
      outline = [];
      hasMoved = true;
      return;
    }
    began = at(event);
    hasMoved = false;
    point(-1);
  }

  function onMove(/** @type {PointerEvent} */ event) {
    const now = at(event);
    const before = held.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") point(nearestTo(now.left, now.top));
      return;
    }
    if (held.size === 2) {
      const was = spread();
      held.set(event.pointerId, now);
      const is = spread();
      moveBy(is.left - was.left, is.top - was.top);
      zoomBy(is.wide / was.wide, is.left, is.top);
      return;
    }
    held.set(event.pointerId, now);
    if (!hasMoved && Math.hypot(now.left - began.left, now.top - began.top) < STILL) return;
    const from = hasMoved ? before : began;
    const taking = event.shiftKey && tool === "move" ? "lasso" : tool;
    if (taking === "move") moveBy(now.left - from.left, now.top - from.top);
    else if (taking === "lasso") outline.push(toPlane(now.left, now.top));
    else {
      const [left, top] = toPlane(began.left, began.top);
      const [right, bottom] = toPlane(now.left, now.top);
      outline = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
      ];
    }
    hasMoved = true;
    drawSoon();
  }

  function onUp(/** @type {PointerEvent} */ event) {
    if (!held.delete(event.pointerId)) return;
    const taken = outline;
    outline = [];
    drawSoon();
    if (event.type === "pointercancel") return;
    if (taken.length > 2) onSelect(points.within(taken, isShown));
    else if (!hasMoved) {
      const now = at(event);
      const index = nearestTo(now.left, now.top);
      point(index);
      onPress(index);
    }
  }

  function onWheel(/** @type {WheelEvent} */ event) {
    event.preventDefault();
    const { left, top } = at(event);
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    zoomBy(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0018)), left, top);
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => moveBy(STEP, 0),
    ArrowRight: () => moveBy(-STEP, 0),
    ArrowUp: () => moveBy(0, STEP),
    ArrowDown: () => moveBy(0, -STEP),
    "+": () => zoomBy(1.4),
    "=": () => zoomBy(1.4),
    "-": () => zoomBy(1 / 1.4),
    0: fit,
    Enter: () => onPress(nearestToMiddle()),
    " ": () => onPress(nearestToMiddle()),
    r: selectVisible,
    Escape: () => onSelect(new Uint32Array()),
  };

  function onKey(/** @type {KeyboardEvent} */ event) {
    if (event.target !== place || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
    point(nearestToMiddle());
  }

  const gone = new AbortController();
  const { signal } = gone;
  canvas.addEventListener("pointerdown", onDown, { signal });
  canvas.addEventListener("pointermove", onMove, { signal });
  canvas.addEventListener("pointerup", onUp, { signal });
  canvas.addEventListener("pointercancel", onUp, { signal });
  canvas.addEventListener("pointerleave", () => point(-1), { signal });
  canvas.addEventListener("wheel", onWheel, { signal, passive: false });
  place.addEventListener("keydown", onKey, { signal });
  place.addEventListener("blur", () => point(-1), { signal });
  const resized = new ResizeObserver(resize);
  resized.observe(place);
  resize();
  fit();

  return {
    fit,
    zoomBy,
    selectVisible,
    /** Draws them otherwise. */
    look(/** @type {Looks} */ changed, /** @type {string} */ colour) {
      looks = changed;
      ink = colour;
      drawSoon();
    },
    setTool(/** @type {Tool} */ chosen) {
      tool = chosen;
    },
    /** Rings the point that is heard; -1 for none. */
    ringPlaying(/** @type {number} */ index) {
      playing = index;
      drawSoon();
    },
    /** Where a point is on the map, in pixels of the page. */
    placeOf: (/** @type {number} */ index) => toPage(points.x[index], points.y[index]),
    destroy() {
      gone.abort();
      resized.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}
