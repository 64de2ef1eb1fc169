/** One of the recordings that the filters leave, in a menu. */

import { html } from "../html.js";
import { question, recordings } from "./asking.js";

/** @import { SelectEvent } from "../html.js" */
/** @import { RecordingDocument } from "../server.js" */

const MOST_NAMED = 300;

/** @param {{ name: string, none: string, chosen: string, onChoose: (recording: string) => void }} props */
export function RecordingMenu({ name, none, chosen, onChoose }) {
  const all = recordings.value;
  const { speaker, since, until } = question.value.filters;
  const isLeft = (/** @type {RecordingDocument} */ one) =>
    (!speaker || !one.speaker || one.speaker === speaker) &&
    (!since || one.recorded_at >= since) &&
    (!until || one.recorded_at < until);
  const listed = all.filter(isLeft).slice(0, MOST_NAMED);
  const known = all.find(({ recording }) => recording === chosen);
  if (known && !listed.includes(known)) listed.push(known);
  return html`
    <select aria-label=${name} value=${chosen} onChange=${(/** @type {SelectEvent} */ event) => onChoose(event.currentTarget.value)}>
      <option value="">${none}</option>
      ${listed.map((one) => html`<option key=${one.recording} value=${one.recording}>${one.name} · ${one.recorded_at.slice(0, 10)}</option>`)}
    </select>
  `;
}
