/** What a label is put right with, wherever it stands: right, wrong, a menu of others, and the keys for it. */

import { percent } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { t } from "../strings.js";
import { useSignal } from "../vendor/signals.js";

/** @import { Verdict } from "./corrected.js" */
/** @import { InputEvent, SelectEvent } from "../html.js" */

const ANOTHER = "\n"; // which no label is

/**
 * What a key asks for in a list of what can be put right.
 *
 * @param {KeyboardEvent} event
 * @returns {"undo" | "redo" | "correct" | "right" | "wrong" | null}
 */
export function askedBy(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const key = event.key.toLowerCase();
  // A field undoes what was typed into it; nothing is typed into a menu.
  if (target.matches("input")) return null;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return event.shiftKey ? "redo" : "undo";
    return key === "y" ? "redo" : null;
  }
  if (event.altKey || target.matches("select")) return null;
  return /** @type {const} */ ({ c: "correct", r: "right", w: "wrong" })[key] ?? null;
}

/**
 * `what` names it to who cannot see where the buttons stand.
 *
 * @param {{
 *   what: { time: string, emotion: string },
 *   verdict: Verdict | null,
 *   isOpen: boolean,
 *   isBlocked?: boolean,
 *   onJudge: (verdict: "right" | "wrong") => void,
 *   onOpen: () => void,
 * }} props
 */
export function Judge({ what, verdict, isOpen, isBlocked = false, onJudge, onOpen }) {
  const mark = (/** @type {"right" | "wrong"} */ name, /** @type {"check" | "close"} */ icon) => html`
    <button class="icon-only" disabled=${isBlocked} aria-pressed=${verdict === name} title=${t(name)} aria-label=${t(`${name}Of`, what)} onClick=${() => onJudge(name)}>
      <${Icon} name=${icon} />
    </button>
  `;
  return html`<span class="judge">
    ${mark("right", "check")} ${mark("wrong", "close")}
    <button class="icon-only edit" disabled=${isBlocked} aria-expanded=${isOpen} title=${t("correct")} aria-label=${t("correctOf", what)} onClick=${onOpen}>
      <${Icon} name="pencil" />
    </button>
  </span>`;
}

/** Labels as options of a menu. */
export const optionsOf = (/** @type {string[]} */ ids) =>
  [...new Set(ids)].map((id) => /** @type {[string, string]} */ ([id, `${labelOf(id).emoji} ${bothNames(id)}`]));

/**
 * A menu of labels, which takes any other one, too.
 *
 * @param {{
 *   name: string,
 *   value: string,
 *   options: [string, string][],
 *   menu?: { current: HTMLSelectElement | null },
 *   onChoose: (value: string) => void,
 * }} props
 */
export function LabelMenu({ name, value, options, menu, onChoose }) {
  const isAnother = useSignal(false);
  const choose = (/** @type {SelectEvent} */ { currentTarget: field }) => {
    const chosen = field.value;
    isAnother.value = chosen === ANOTHER;
    if (chosen === ANOTHER) return;
    onChoose(chosen);
    // Where nothing has changed, nothing is drawn anew.
    field.value = value;
  };
  const type = (/** @type {InputEvent} */ { currentTarget: field }) => {
    if (!field.value.trim()) return;
    isAnother.value = false;
    onChoose(field.value.trim());
  };
  return html`
    <select aria-label=${name} ref=${menu} onChange=${choose} value=${isAnother.value ? ANOTHER : value}>
      ${options.map(([id, text]) => html`<option key=${id} value=${id}>${text}</option>`)}
      <option value=${ANOTHER}>${t("correctAnother")}</option>
    </select>
    ${isAnother.value && html`<input maxlength="64" aria-label=${t("correctName")} placeholder=${t("correctName")} onChange=${type} />`}
  `;
}

/**
 * What the model had said, where somebody has put it right.
 *
 * @param {{ model: { emotion: string, confidence: number }, verdict: Verdict | null }} props
 */
export function Was({ model: { emotion, confidence }, verdict }) {
  if (verdict === null || verdict === "right") return null;
  return html` <s class="was">${labelOf(emotion).emoji} ${bothNames(emotion)} ${percent(confidence)}</s>`;
}
