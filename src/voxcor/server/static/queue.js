/** Many recordings, a few at a time: each with its progress, all of them a table in the end. */

import { recognise } from "./api.js";
import { bytes, clock, percent } from "./format.js";
import { html, Icon } from "./html.js";
import { labelOf } from "./labels.js";
import { Verdict } from "./scores.js";
import { chosenOptions, Options } from "./options.js";
import { readiness, show } from "./state.js";
import { t } from "./strings.js";
import { batch, computed, signal } from "./vendor/signals.js";

// The server works on several anyhow; more connections would leave none for the rest of the page.
const AT_ONCE = 2;

const items = signal([]);
const isRunning = signal(false);
let nextKey = 1;

const finished = computed(() => items.value.filter(({ state }) => ["done", "failed"].includes(state.value)).length);
const waiting = computed(() => items.value.filter(({ state }) => state.value === "waiting"));

/** Adds recordings at the end. */
export function enqueue(files) {
  const added = files.map((file) => ({
    key: nextKey++,
    file,
    state: signal("waiting"), // waiting, uploading, running, done or failed
    share: signal(0), // of all that is to be done
    outcomes: signal([]), // as `recognise` gives them
    problem: signal(null),
    controller: new AbortController(),
  }));
  items.value = [...items.value, ...added];
}

const STEPS = { received: 0.5, queued: 0.5, decode: 0.6, preprocess: 0.65, inference: 0.95 };

/** How far a recording is, once it has arrived. */
function shareAt({ step, facts }) {
  if (step === "window") return 0.65 + (0.3 * facts.done) / facts.total;
  return STEPS[step] ?? 1;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function work(item, options) {
  item.state.value = "uploading";
  try {
    const outcomes = await recognise(item.file, options, {
      signal: item.controller.signal,
      onUpload: (share) => (item.share.value = share / 2),
      onStep(step) {
        item.state.value = "running";
        item.share.value = shareAt(step);
      },
    });
    batch(() => {
      item.outcomes.value = outcomes;
      item.state.value = "done";
    });
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error.code === "queue_full" || error.code === "not_ready") {
      item.state.value = "waiting";
      await pause(1000 * error.details.retry_after_s);
      return;
    }
    batch(() => {
      item.state.value = "failed";
      item.problem.value = error;
    });
  }
}

async function start() {
  isRunning.value = true;
  const options = chosenOptions();
  const lane = async () => {
    while (isRunning.value && waiting.value.length) await work(waiting.value[0], options);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  isRunning.value = false;
}

function drop(item) {
  item.controller.abort();
  items.value = items.value.filter((other) => other !== item);
}

function clear() {
  isRunning.value = false;
  items.value.forEach(({ controller }) => controller.abort());
  items.value = [];
}

/** A cell of CSV; a text that a spreadsheet would take for a formula is kept a text. */
function cell(value) {
  const text = String(value ?? "");
  const safe = /^[=+@\t-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The table of what is finished, with a byte order mark: Excel needs it to see the Chinese. */
function csv() {
  const done = items.value.flatMap(({ file, outcomes, problem }) =>
    (problem.value ? [problem.value] : outcomes.value).map((outcome) => ({ name: file.name, ...outcome, error: outcome.code && outcome.message })),
  );
  const labels = [...new Set(done.flatMap(({ scores }) => Object.keys(scores ?? {})))];
  const header = ["file", "channel", "emotion", "confidence", "abstained", ...labels, "duration_ms", "warnings", "model", "id", "error"];
  const rows = done.map(({ name, channel, emotion, confidence, abstained, scores, audio, quality, model, id, error }) => {
    const number = channel ?? audio?.channel ?? null; // from 0 on the wire, from 1 for people
    const values = labels.map((label) => scores?.[label]);
    return [name, number === null ? "" : number + 1, emotion, confidence, abstained, ...values, audio?.duration_ms, quality?.warnings.join(" "), model?.id, id, error];
  });
  return "\ufeff" + [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function download() {
  const url = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: "voxcor.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function Queue() {
  const total = items.value.length;
  return html`
    <div class="queue">
      <section class="card input" aria-label=${t("input")}>
        <label class="drop-target">
          <input
            type="file"
            class="visually-hidden"
            multiple
            accept="audio/*,video/*,.amr,.wma,.ape,.wv,.caf,.au"
            onChange=${(event) => {
              enqueue([...event.currentTarget.files]);
              event.currentTarget.value = "";
            }}
          />
          <b>${t("queueDrop")}</b><small>${t("dropHint")}</small>
        </label>
        <${Options} />
        ${isRunning.value
          ? html`<button class="primary" onClick=${() => (isRunning.value = false)}><span class="spinner" aria-hidden="true"></span> ${t("queuePause")}</button>`
          : html`<button class="primary" disabled=${!waiting.value.length || !readiness.value.ready} onClick=${start}>${t("start")}</button>`}
      </section>
      <section class="card" aria-label=${t("queue")}>
        <div class="title-row">
          <h2>${t("queue")} <small class="number faint" role="status">${t("queueCount", { finished: finished.value, total })}</small></h2>
          <div class="row">
            <button class="quiet" disabled=${!finished.value} onClick=${download}><${Icon} name="download" /> ${t("queueCsv")}</button>
            <button class="quiet" disabled=${!total} onClick=${clear}>${t("queueClear")}</button>
          </div>
        </div>
        ${total > 0 && html`<progress max=${total} value=${finished.value} aria-label=${t("queue")}></progress>`}
        ${total
          ? html`<ul class="list">
              ${items.value.map((item) => html`<${Item} key=${item.key} item=${item} />`)}
            </ul>`
          : html`<p class="nothing">${t("queueEmpty")}</p>`}
      </section>
    </div>
  `;
}

function Outcome({ outcome, outcomes }) {
  const channel = outcome.channel ?? outcome.audio.channel;
  const name = channel === null ? null : html`<small class="faint">${t("channel", { number: channel + 1 })}</small> `;
  if (outcome.code) return html`<span class="problem">${name}${outcome.message}</span>`;
  return html`<button class="link verdict" onClick=${() => show(outcome, outcomes)}>${name}<${Verdict} result=${outcome} /></button>`;
}

function Item({ item }) {
  const { file, state, share, outcomes, problem } = item;
  const found = outcomes.value.find(({ id }) => id);
  return html`
    <li class="item ${state.value}" style=${found && !found.abstained && { "--label": labelOf(found.emotion).color }}>
      <div class="item-head">
        <b class="file-name">${file.name}</b>
        <small class="faint number">${found ? clock(found.audio.duration_ms / 1000) : bytes(file.size)}</small>
      </div>
      ${found && html`<div class="verdicts">${outcomes.value.map((outcome) => html`<${Outcome} outcome=${outcome} outcomes=${outcomes.value} />`)}</div>`}
      ${problem.value && html`<span class="problem">${problem.value.message}</span>`}
      ${!found && !problem.value && html`<span class="faint">${t(state.value, { share: percent(share.value, 0) })}</span>`}
      <button class="icon-only" aria-label=${t("queueRemove", { name: file.name })} onClick=${() => drop(item)}><${Icon} name="close" /></button>
      ${["uploading", "running"].includes(state.value) && html`<progress max="1" value=${share.value} aria-label=${file.name}></progress>`}
    </li>
  `;
}
