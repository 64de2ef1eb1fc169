/** Rules such as `angry > 0.6 for 3 s`: what should be noticed in live speech and in results. */

import { getJson, request, sendJson } from "./api.js";
import { html, Icon } from "./html.js";
import { t } from "./strings.js";
import { useEffect } from "./vendor/preact-hooks.js";
import { batch, signal } from "./vendor/signals.js";

/** @import { InputEvent } from "./html.js" */
/** @import { RuleRead, RuleShown } from "./server.js" */

const EXAMPLES = [
  "escalation: angry > 0.6 for 3 s",
  "cold: neutral falls below 0.2",
  "low: any of sad, fearful for 30 % of the last minute",
];

const rules = signal(/** @type {RuleShown[] | null} */ (null));
const text = signal("");
const webhook = signal("");
const reading = signal(/** @type {RuleRead | null} */ (null)); // what the server understands of `text`
const mistake = signal(/** @type {Error | null} */ (null)); // or what is wrong with it
const secret = signal(/** @type {string | null} */ (null)); // of a webhook just saved; it is shown this once
const failure = signal(/** @type {Error | null} */ (null));

async function load() {
  try {
    rules.value = (await getJson("v1/rules")).rules;
  } catch (error) {
    failure.value = error;
  }
}

async function check(/** @type {string} */ rule) {
  text.value = rule;
  let [read, wrong] = [null, null];
  if (rule.trim()) {
    try {
      read = await sendJson("POST", "v1/rules/check", { rule });
    } catch (error) {
      wrong = error;
    }
  }
  if (text.value !== rule) return; // typed on meanwhile
  batch(() => {
    reading.value = read;
    mistake.value = wrong;
  });
}

/** A rule without a name in front needs one for its address. */
const nameOf = (/** @type {RuleRead} */ { name, condition }) =>
  name === condition ? `rule-${(rules.value?.length ?? 0) + 1}` : name;

async function save(/** @type {Event} */ event) {
  event.preventDefault();
  if (!reading.value) return;
  failure.value = null;
  try {
    const form = { rule: text.value, webhook: webhook.value ? { url: webhook.value } : null };
    const saved = await sendJson("PUT", `v1/rules/${encodeURIComponent(nameOf(reading.value))}`, form);
    batch(() => {
      secret.value = saved.webhook?.secret ?? null;
      text.value = webhook.value = "";
      reading.value = null;
    });
    await load();
  } catch (error) {
    failure.value = error;
  }
}

async function erase(/** @type {string} */ name) {
  try {
    await request(`v1/rules/${encodeURIComponent(name)}`, { method: "DELETE" });
    await load();
  } catch (error) {
    failure.value = error;
  }
}

export function Rules() {
  useEffect(() => void load(), []);
  return html`
    <section class="card rules" aria-label=${t("rules")}>
      <h2>${t("rules")}</h2>
      <p class="faint">${t("rulesHint")}</p>
      <form onSubmit=${save}>
        <label class="field">
          <span>${t("rule")}</span>
          <input
            class="code"
            lang="en"
            spellcheck="false"
            autocomplete="off"
            placeholder=${EXAMPLES[0]}
            value=${text.value}
            aria-invalid=${Boolean(mistake.value)}
            aria-describedby="rule-reading"
            onInput=${(/** @type {InputEvent} */ event) => check(event.currentTarget.value)}
          />
        </label>
        <p id="rule-reading" class=${mistake.value ? "problem" : "faint"} aria-live="polite">
          ${mistake.value?.message ?? (reading.value ? `✓ ${reading.value.condition}` : t("ruleExamples"))}
        </p>
        <div class="row examples">
          ${EXAMPLES.map((rule) => html`<button type="button" class="quiet code" lang="en" onClick=${() => check(rule)}>${rule}</button>`)}
        </div>
        <label class="field">
          <span>${t("webhook")}</span>
          <input type="url" class="code" placeholder="https://…" value=${webhook.value} onInput=${(/** @type {InputEvent} */ event) => (webhook.value = event.currentTarget.value)} />
        </label>
        <button class="primary" disabled=${!reading.value}>${t("ruleSave")}</button>
      </form>
      ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      ${secret.value && html`<p class="remark" role="status">${t("ruleSecret")} <code>${secret.value}</code></p>`}
      <ul class="list">
        ${rules.value?.map(
          ({ name, condition, webhook: sent }) => html`
            <li key=${name} class="item">
              <div class="item-head">
                <b>${name}</b>
                <code>${condition}</code>
                ${sent && html`<small class="faint">→ ${sent.url}</small>`}
              </div>
              <button class="icon-only" aria-label=${t("erase", { name })} onClick=${() => erase(name)}><${Icon} name="bin" /></button>
            </li>
          `,
        )}
      </ul>
      ${rules.value?.length === 0 && html`<p class="nothing">${t("rulesEmpty")}</p>`}
    </section>
  `;
}
