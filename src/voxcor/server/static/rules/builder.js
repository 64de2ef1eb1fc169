/** A rule by choosing: emotion, comparison, limit, how long. What comes of it is the rule's text. */

import { html } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { modelLabels } from "../state.js";
import { t } from "../strings.js";
import { signal } from "../vendor/signals.js";

/** @import { InputEvent, SelectEvent } from "../html.js" */

const TESTS = /** @type {const} */ (["leads", ">", "<", "rises above", "falls below"]);
const SPANS = /** @type {const} */ (["once", "unbroken", "share"]);

/** @type {Record<(typeof TESTS)[number], import("../strings.js").Key>} */
const TEST_WORDS = {
  leads: "testLeads",
  ">": "testAbove",
  "<": "testBelow",
  "rises above": "testRises",
  "falls below": "testFalls",
};
/** @type {Record<(typeof SPANS)[number], import("../strings.js").Key>} */
const SPAN_WORDS = { once: "spanOnce", unbroken: "spanUnbroken", share: "spanShare" };

/**
 * @typedef {{
 *   name: string,
 *   label: string,
 *   test: (typeof TESTS)[number],
 *   percent: number,
 *   span: (typeof SPANS)[number],
 *   seconds: number,
 *   share: number,
 * }} Choice
 */

const choice = signal(
  /** @type {Choice} */ ({
    name: "",
    label: "angry",
    test: ">",
    percent: 60,
    span: "unbroken",
    seconds: 3,
    share: 30,
  }),
);

/** What passes a limit does so at one moment. */
const isCrossing = (/** @type {Choice} */ { test }) => test === "rises above" || test === "falls below";

/** A label that is no plain word stands in quotes. */
const quoted = (/** @type {string} */ label) => (/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(label) ? label : `"${label}"`);

/** The rule in the grammar of `voxcor.rules.grammar`. */
function written(/** @type {Choice} */ chosen) {
  const { name, label, test, percent, span, seconds, share } = chosen;
  const parts = [name.trim() && `${name.trim()}:`, quoted(label)];
  if (test !== "leads") parts.push(`${test} ${percent} %`);
  if (!isCrossing(chosen) && span === "unbroken") parts.push(`for ${seconds} s`);
  if (!isCrossing(chosen) && span === "share") parts.push(`for ${share} % of the last ${seconds} s`);
  return parts.filter(Boolean).join(" ");
}

/** @param {{ onRule: (rule: string) => void }} props */
export function RuleBuilder({ onRule }) {
  const chosen = choice.value;
  const labels = modelLabels.value.includes(chosen.label) ? modelLabels.value : [chosen.label, ...modelLabels.value];
  const change = (/** @type {Partial<Choice>} */ changed) => {
    choice.value = { ...choice.value, ...changed };
    onRule(written(choice.value));
  };
  /**
   * @param {"percent" | "seconds" | "share"} name
   * @param {import("../strings.js").Key} words
   * @param {number} most
   */
  const number = (name, words, most) => html`
    <label class="field">
      <span>${t(words)}</span>
      <input type="number" class="number" min="1" max=${most} value=${chosen[name]} onInput=${(/** @type {InputEvent} */ event) => change({ [name]: event.currentTarget.valueAsNumber || 1 })} />
    </label>
  `;
  return html`
    <fieldset class="builder">
      <legend>${t("builder")}</legend>
      <label class="field">
        <span>${t("emotion")}</span>
        <select value=${chosen.label} onChange=${(/** @type {SelectEvent} */ event) => change({ label: event.currentTarget.value })}>
          ${labels.map((id) => html`<option value=${id}>${labelOf(id).emoji} ${bothNames(id)}</option>`)}
        </select>
      </label>
      <label class="field">
        <span>${t("test")}</span>
        <select value=${chosen.test} onChange=${(/** @type {SelectEvent} */ event) => change({ test: /** @type {Choice["test"]} */ (event.currentTarget.value) })}>
          ${TESTS.map((test) => html`<option value=${test}>${t(TEST_WORDS[test])}</option>`)}
        </select>
      </label>
      ${chosen.test !== "leads" && number("percent", "limit", 100)}
      ${
        !isCrossing(chosen) &&
        html`<label class="field">
          <span>${t("span")}</span>
          <select value=${chosen.span} onChange=${(/** @type {SelectEvent} */ event) => change({ span: /** @type {Choice["span"]} */ (event.currentTarget.value) })}>
            ${SPANS.map((span) => html`<option value=${span}>${t(SPAN_WORDS[span])}</option>`)}
          </select>
        </label>`
      }
      ${!isCrossing(chosen) && chosen.span === "share" && number("share", "spanPercent", 100)}
      ${!isCrossing(chosen) && chosen.span !== "once" && number("seconds", "spanSeconds", 3600)}
      <label class="field">
        <span>${t("ruleName")}</span>
        <input maxlength="64" autocomplete="off" value=${chosen.name} onInput=${(/** @type {InputEvent} */ event) => change({ name: event.currentTarget.value.replaceAll(/[^\p{L}\p{N}_-]/gu, "-") })} />
      </label>
      <button type="button" class="quiet" onClick=${() => change({})}>${t("builderUse")}</button>
    </fieldset>
  `;
}
