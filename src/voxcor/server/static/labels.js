/** The emotions: names in both languages, emoji, and the palette in light and dark. */

import { isDark, language } from "./state.js";
import { EXTRA_COLORS, LABELS } from "./words.js";

/** @typedef {{ id: string, en: string, zh: string, emoji: string, color: string }} Label */

/**
 * On a dark ground.
 *
 * @type {Record<string, string>}
 */
const DARK_COLORS = {
  angry: "#F0526A",
  disgusted: "#93B848",
  fearful: "#A98AD6",
  happy: "#F7BC33",
  neutral: "#A1A7B0",
  other: "#B8937C",
  sad: "#639AF8",
  surprised: "#2AC6C6",
  unknown: "#6E757F",
};

/** The ids of the nine. */
export const LABEL_IDS = Object.keys(LABELS);

/**
 * The label of an id; one that is not among the nine is named by itself.
 *
 * @param {string} id
 * @returns {Label}
 */
export function labelOf(id) {
  if (Object.hasOwn(LABELS, id)) return isDark.value ? { ...LABELS[id], color: DARK_COLORS[id] } : LABELS[id];
  const sum = Array.from(id, (character) => character.codePointAt(0) ?? 0).reduce((total, code) => total + code, 0);
  const words = id.replaceAll("_", " ").toLowerCase();
  const name = words.charAt(0).toUpperCase() + words.slice(1);
  return { id, en: name, zh: name, emoji: "🔖", color: EXTRA_COLORS[sum % EXTRA_COLORS.length] };
}

/** The name in the reader's language. */
export const nameOf = (/** @type {string} */ id) => labelOf(id)[language.value];

/** Both names, the reader's first: `快乐 (Happy)` or `Happy (快乐)`. */
export function bothNames(/** @type {string} */ id) {
  const { en, zh } = labelOf(id);
  if (en === zh) return en;
  return language.value === "zh" ? `${zh} (${en})` : `${en} (${zh})`;
}
