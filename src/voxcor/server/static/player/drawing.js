/** What draws curves: uPlot is the heaviest part of the page, and comes when there is something to draw. */

import { useEffect } from "../vendor/preact-hooks.js";
import { signal } from "../vendor/signals.js";

/** @typedef {typeof import("./plot.js").drawCurve} Drawer */

const drawer = signal(/** @type {Drawer | null} */ (null));

/** Fetches it, before it is needed; a server that is gone is told of elsewhere. */
export async function fetchDrawer() {
  const plot = await import("./plot.js").catch(() => null);
  if (plot) drawer.value = plot.drawCurve;
}

/** `drawCurve`, null until it is there. */
export function useDrawer() {
  useEffect(() => void fetchDrawer(), []);
  return drawer.value;
}
