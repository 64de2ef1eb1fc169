/** How the page says something: in its language, with what is known filled in. */

import { language } from "./state.js";

/** What stands in English and in Chinese, in the language of the page. */
export const said = (/** @type {string[]} */ [en, zh]) => (language.value === "zh" ? zh : en);

/** `{name}` filled in. */
export const filled = (/** @type {string} */ text, /** @type {Record<string, unknown>} */ values) =>
  text.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]));

/**
 * Gives the text of a key of `strings` in the language of the page, `{name}` filled in.
 *
 * @template {string} Key
 * @param {Record<Key, string[]>} strings
 */
export const saying =
  (strings) =>
  (/** @type {Key} */ key, /** @type {Record<string, string | number>} */ values = {}) =>
    filled(said(strings[key]), values);

/**
 * Gives a number of things in words: `forms` has one, several, and Chinese, which does not tell them apart.
 *
 * @template {string} Key
 * @param {Record<Key, string[]>} forms
 */
export const counting = (forms) => (/** @type {Key} */ key, /** @type {number} */ count) => {
  const [one, several, zh] = forms[key];
  return filled(said([count === 1 ? one : several, zh]), { count });
};
