/** Rules such as `angry > 0.6 for 3 s`: what should be noticed in live speech and in results. */

import { getJson, request, sendJson } from "../api.js";
import { clock } from "../format.js";
import { html, Icon } from "../html.js";
import { labelOf } from "../labels.js";
import { placeOfJob, placeOfResult } from "../state.js";
import { t } from "../strings.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { batch, signal } from "../vendor/signals.js";
import { RuleBuilder } from "./builder.js";
import { Fired } from "./fired.js";

/** @import { InputEvent } from "../html.js" */
/** @import { HeardFiring, RuleRead, RuleShown } from "../server.js" */

const EXAMPLES = [
  "escalation: angry > 0.6 for 3 s",
  "cold: neutral falls below 0.2",
  "low: any of sad, fearful for 30 % of the last minute",
];

const rules = signal(/** @type {RuleShown[] | null} */ (null));
const firings = signal(/** @type {HeardFiring[] | null} */ (null)); // the latest first
const text = signal("");
const webhook = signal("");
const reading = signal(/** @type {RuleRead | null} */ (null)); // what the server understands of `text`
const mistake = signal(/** @type {Error | null} */ (null)); // or what is wrong with it
const secret = signal(/** @type {string | null} */ (null)); // of a webhook just saved; it is shown this once
const failure = signal(/** @type {Error | null} */ (null));
const doomed = signal(/** @type {string | null} */ (null)); // the name whose deletion waits for a second click
const erased = signal(/** @type {RuleShown | null} */ (null)); // the last one, which may come back

/**
 * Does something with the server, and says what it has against it.
 *
 * @template T
 * @param {() => Promise<T>} call
 */
async function attempt(call) {
  failure.value = null;
  try {
    return await call();
  } catch (error) {
    failure.value = error;
    return undefined;
  }
}

async function load() {
  rules.value = (await getJson("v1/rules")).rules;
}

async function loadFirings() {
  firings.value = (await getJson("v1/firings")).firings;
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

const addressOf = (/** @type {string} */ name) => `v1/rules/${encodeURIComponent(name)}`;

/** A rule without a name in front needs one for its address: the first that is free. */
function nameOf(/** @type {RuleRead} */ { name, condition }) {
  if (name !== condition) return name;
  const taken = new Set(rules.value?.map((rule) => rule.name));
  let number = 1;
  while (taken.has(`rule-${number}`)) number++;
  return `rule-${number}`;
}

/**
 * @param {string} name
 * @param {string} rule
 * @param {string | undefined} url
 */
async function put(name, rule, url) {
  const saved = await sendJson("PUT", addressOf(name), { rule, webhook: url ? { url } : null });
  secret.value = saved.webhook?.secret ?? null;
  await load();
}

function save(/** @type {Event} */ event) {
  event.preventDefault();
  const read = reading.value;
  if (!read) return;
  attempt(async () => {
    await put(nameOf(read), text.value, webhook.value);
    batch(() => {
      text.value = webhook.value = "";
      reading.value = erased.value = null;
    });
  });
}

function erase(/** @type {RuleShown} */ rule) {
  if (doomed.value !== rule.name) {
    doomed.value = rule.name;
    return;
  }
  doomed.value = null;
  attempt(async () => {
    await request(addressOf(rule.name), { method: "DELETE" });
    erased.value = rule;
    await load();
  });
}

/** Its webhook gets a new secret: the old one is gone. */
function undo(/** @type {RuleShown} */ { name, condition, webhook: sent }) {
  attempt(async () => {
    await put(name, condition, sent?.url);
    erased.value = null;
  });
}

/** Both lists, and each firing as it happens, while the view is open. */
function watch() {
  attempt(() => Promise.all([load(), loadFirings()]));
  const source = new EventSource("v1/events");
  source.addEventListener("rule.fired", () => attempt(loadFirings));
  return () => {
    source.close();
    doomed.value = erased.value = secret.value = null;
  };
}

export function Rules() {
  useEffect(watch, []);
  return html`
    <div class="rules">
      <section class="card" aria-label=${t("rule")}>
        <h2>${t("rule")}</h2>
        <p class="faint">${t("rulesHint")}</p>
        <${Form} />
      </section>
      <div class="rules-side">
        <section class="card" aria-label=${t("rules")}>
          <h2>${t("rulesSaved")}</h2>
          ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
          ${secret.value && html`<p class="remark" role="status">${t("ruleSecret")} <code>${secret.value}</code></p>`}
          ${
            erased.value &&
            html`<p class="remark undo" role="status">
              ${t("ruleErased", { name: erased.value.name })}
              <button class="quiet" onClick=${() => erased.value && undo(erased.value)}>${t("undo")}</button>
            </p>`
          }
          <ul class="list">
            ${rules.value?.map((rule) => html`<${Saved} key=${rule.name} rule=${rule} />`)}
          </ul>
          ${rules.value?.length === 0 && html`<p class="nothing">${t("rulesEmpty")}</p>`}
        </section>
        <section class="card" aria-label=${t("firings")}>
          <h2>${t("firings")}</h2>
          <div role="log" aria-label=${t("firings")}>
            <ul class="list">${firings.value?.map((firing) => html`<${Heard} firing=${firing} />`)}</ul>
          </div>
          ${firings.value?.length === 0 && html`<p class="nothing">${t("firingsEmpty")}</p>`}
        </section>
      </div>
    </div>
  `;
}

function Form() {
  const isWrong = Boolean(mistake.value);
  return html`
    <form onSubmit=${save}>
      <${RuleBuilder} onRule=${check} />
      <label class="field">
        <span>${t("ruleText")}</span>
        <input
          class="code"
          lang="en"
          spellcheck="false"
          autocomplete="off"
          placeholder=${EXAMPLES[0]}
          value=${text.value}
          aria-invalid=${isWrong}
          aria-describedby="rule-reading"
          onInput=${(/** @type {InputEvent} */ event) => check(event.currentTarget.value)}
        />
      </label>
      <p id="rule-reading" class=${isWrong ? "problem" : "faint"} aria-live="polite">
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
  `;
}

function Saved(/** @type {{ rule: RuleShown }} */ { rule }) {
  const { name, condition, webhook: sent } = rule;
  const isDoomed = doomed.value === name;
  return html`
    <li class="item">
      <div class="item-head">
        <b>${name}</b>
        <code lang="en">${condition}</code>
        ${sent && html`<small class="faint">→ ${sent.url}</small>`}
      </div>
      ${isDoomed && html`<button class="quiet" onClick=${() => (doomed.value = null)}>${t("eraseKeep")}</button>`}
      <button class=${isDoomed ? "danger" : "icon-only"} aria-label=${t(isDoomed ? "eraseReally" : "erase", { name })} onClick=${() => erase(rule)}>
        ${isDoomed ? t("eraseNow") : html`<${Icon} name="bin" />`}
      </button>
    </li>
  `;
}

/** A firing that was told, and what it was in. */
function Heard(/** @type {{ firing: HeardFiring }} */ { firing }) {
  const { name, source, time_ms: time, labels } = firing;
  return html`
    <li class="item" style=${{ "--label": labelOf(labels[0]).color }}>
      <div class="item-head">
        <span><${Fired} firing=${firing} /></span>
        <small class="faint">
          <span class="number">${clock(time / 1000)}</span> ·${" "}
          ${
            name
              ? html`<a class="file-name" href="#${source.job_id ? placeOfJob(String(source.job_id)) : `${placeOfResult(String(source.result_id))}/${time / 1000}`}">${name}</a>`
              : t(source.session_id ? "firedLive" : "firedInGone")
          }
        </small>
      </div>
    </li>
  `;
}
