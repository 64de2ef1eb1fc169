/** One of the recordings that the filters leave, or one of some results, in a menu. */

import { html } from "../html.js";
import { question, recordings } from "./asking.js";
import { t } from "./strings.js";

/** @import { SelectEvent } from "../html.js" */
/** @import { RecordingDocument, Result } from "../server.js" */

const MOST_NAMED = 300;

/** @param {{ name: string, none: string, chosen: string, results?: Result[], onChoose: (recording: string) => void }} props */
export function RecordingMenu({ name, none, chosen, results = [], onChoose }) {
  const all = recordings.value;
  const { speaker, since, until } = question.value.filters;
  const isLeft = (/** @type {RecordingDocument} */ one) =>
    (!speaker || !one.speaker || one.speaker === speaker) &&
    (!since || one.recorded_at >= since) &&
    (!until || one.recorded_at < until);
  const listed = all.filter(isLeft).slice(0, MOST_NAMED);
  const known = all.find(({ recording }) => recording === chosen);
  if (known && !listed.includes(known)) listed.push(known);
  const inLibrary = listed.map((one) => optionOf(one.recording, one.name, one.recorded_at));
  const inHistory = results.map(({ id, audio, timestamp }) => optionOf(id, audio.name, timestamp));
  return html`
    <select aria-label=${name} value=${chosen} onChange=${(/** @type {SelectEvent} */ event) => onChoose(event.currentTarget.value)}>
      <option value="">${none}</option>
      ${inHistory.length ? [groupOf("ofLibrary", inLibrary), groupOf("ofHistory", inHistory)] : inLibrary}
    </select>
  `;
}

/**
 * @param {string} value
 * @param {string} name
 * @param {string} time
 */
const optionOf = (value, name, time) =>
  html`<option key=${value} value=${value}>${name} · ${time.slice(0, 10)}</option>`;

/**
 * @param {"ofLibrary" | "ofHistory"} label
 * @param {unknown[]} listed
 */
const groupOf = (label, listed) =>
  listed.length > 0 && html`<optgroup key=${label} label=${t(label)}>${listed}</optgroup>`;
