/** Results that the server keeps, beside the recordings of the library. */

import { fileOf, findResult, getJson } from "../api.js";
import { signal } from "../vendor/signals.js";

/** @import { Page, Result, SideDocument } from "../server.js" */

const MOST_LISTED = 50; // each comes with all its segments

/** The latest, and those that were asked for. */
export const results = signal(/** @type {Result[]} */ ([]));

/** Names of the library's recordings are shorter. */
export const isResult = (/** @type {string} */ id) => /^[0-9a-f]{32}$/.test(id);

export const resultOf = (/** @type {string} */ id) => results.value.find((one) => one.id === id);

/** Raises ApiError. */
export async function loadLatest() {
  /** @type {Page} */
  const page = await getJson(`v1/results?limit=${MOST_LISTED}`);
  addResults(page.results);
}

/** Raises ApiError. */
export async function loadResult(/** @type {string} */ id) {
  if (!isResult(id) || resultOf(id)) return;
  const found = await findResult(id);
  if (found) addResults([found]);
}

/** Ids begin with the time: the latest comes first. */
function addResults(/** @type {Result[]} */ added) {
  const others = results.value.filter((one) => !added.some(({ id }) => id === one.id));
  results.value = [...others, ...added].sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** How a stretch of a result sounds. What is kept of it begins where its silence was trimmed. */
export function soundOf(/** @type {Result} */ { id, preprocessing }, /** @type {SideDocument} */ { start_ms, end_ms }) {
  const [start, end] = [start_ms, end_ms].map((time) => Math.max(0, time - preprocessing.trimmed_start_ms) / 1000);
  return `${fileOf(id, "processed_audio.wav")}#t=${start},${end}`;
}
