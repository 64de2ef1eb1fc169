/** What narrows a list of results: part of a name, an emotion, how sure. */

import { percent } from "./format.js";
import { html } from "./html.js";
import { bothNames, LABEL_IDS, labelOf } from "./labels.js";
import { modelLabels } from "./state.js";
import { t } from "./strings.js";

/** @import { Signal } from "./vendor/signals.js" */
/** @import { InputEvent, SelectEvent } from "./html.js" */
/** @import { Result } from "./server.js" */

/**
 * Empty for all; `emotion` a label's id, or `abstained`, `below` a share.
 *
 * @typedef {{ name: string, emotion: string, below: string }} Filter
 */

/** @type {Filter} */
export const NOTHING_FILTERED = { name: "", emotion: "", below: "" };

const LIMITS = [0.3, 0.5, 0.7, 0.9];

/**
 * Whether a recording, or one of its channels, is wanted.
 *
 * @param {Filter} filter
 * @param {string} path
 * @param {Pick<Result, "emotion" | "abstained" | "confidence">[]} documents
 */
export function isWanted({ name, emotion, below }, path, documents) {
  if (!path.toLowerCase().includes(name.trim().toLowerCase())) return false;
  if (!emotion && !below) return true;
  return documents.some(
    (document) =>
      (!emotion || emotion === (document.abstained ? "abstained" : document.emotion)) &&
      (!below || document.confidence < Number(below)),
  );
}

/** @param {{ filter: Signal<Filter>, children?: unknown }} props */
export function Filters({ filter, children }) {
  const set = (/** @type {Partial<Filter>} */ change) => {
    filter.value = { ...filter.value, ...change };
  };
  const { name, emotion, below } = filter.value;
  const labels = [...new Set([...LABEL_IDS, ...modelLabels.value])];
  return html`
    <div class="filters" role="search">
      <input type="search" aria-label=${t("searchName")} placeholder=${t("searchName")} value=${name} onInput=${(/** @type {InputEvent} */ event) => set({ name: event.currentTarget.value })} />
      <select aria-label=${t("emotion")} value=${emotion} onChange=${(/** @type {SelectEvent} */ event) => set({ emotion: event.currentTarget.value })}>
        <option value="">${t("anyEmotion")}</option>
        ${labels.map((id) => html`<option value=${id}>${labelOf(id).emoji} ${bothNames(id)}</option>`)}
        <option value="abstained">🤷 ${t("noAnswer")}</option>
      </select>
      <select aria-label=${t("confidence")} value=${below} onChange=${(/** @type {SelectEvent} */ event) => set({ below: event.currentTarget.value })}>
        <option value="">${t("anyConfidence")}</option>
        ${LIMITS.map((share) => html`<option value=${share}>${t("confidenceBelow", { limit: percent(share, 0) })}</option>`)}
      </select>
      ${children}
    </div>
  `;
}
