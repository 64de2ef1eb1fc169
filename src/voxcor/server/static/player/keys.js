/**
 * The keys that players have: space and K play and pause, J and L jump ten seconds, arrows five.
 *
 * They act while the focus is within the result, and leave to every control what is its own.
 */

/** @import { Playback } from "./playback.js" */

const JUMP_S = 5;
const LEAP_S = 10;

/** @type {Record<string, (playback: Playback) => void>} */
const KEYS = {
  " ": ({ toggle }) => toggle(),
  k: ({ toggle }) => toggle(),
  j: ({ skip }) => skip(-LEAP_S),
  l: ({ skip }) => skip(LEAP_S),
  ArrowLeft: ({ skip }) => skip(-JUMP_S),
  ArrowRight: ({ skip }) => skip(JUMP_S),
};

/** Whether a key already means something to what has the focus. */
function isTaken(/** @type {string} */ key, /** @type {Element} */ target) {
  if (target.closest("input:not([type=range]), select, textarea, [contenteditable]")) return true;
  if (key === " ") return target.closest("button, a, summary") !== null;
  // Sliders, and what scrolls.
  return key.startsWith("Arrow") && target.closest("input, [tabindex='0']") !== null;
}

/**
 * @param {KeyboardEvent} event
 * @param {Playback} playback
 */
export function onKey(event, playback) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = Object.hasOwn(KEYS, key) ? KEYS[key] : null;
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  // WaveSurfer's own element is in a shadow tree, whose inside only the path tells of.
  if (isTaken(key, /** @type {Element} */ (event.composedPath()[0]))) return;
  event.preventDefault();
  act(playback);
}
