/** Models on their way in: what is asked first, the one that runs, and what to do when it fails. */

import { follow, loadModels, request, sendJson } from "../api.js";
import { bytes } from "../format.js";
import { html, Icon } from "../html.js";
import { language, models } from "../state.js";
import { installFailure } from "../strings/models.js";
import { t } from "../strings.js";
import { batch, signal } from "../vendor/signals.js";

/** @import { InputEvent, SelectEvent } from "../html.js" */
/** @import { Model } from "../server.js" */

/** @typedef {"fp32" | "int8"} Precision */

const HUBS = { modelscope: "ModelScope", huggingface: "Hugging Face" };

const chosenHub = signal(/** @type {string | null} */ (null));
const hub = () => chosenHub.value ?? (language.value === "zh" ? "modelscope" : "huggingface");

/** The model that somebody is asked about. */
const asked = signal(/** @type {{ id: string, precision: Precision } | null} */ (null));

/** What runs; `name` is what the server calls it, known once it has begun. */
export const installing = signal(
  /** @type {{ id: string, name: string | null, share: number, message: string } | null} */ (null),
);

/** Why the last one failed, and of which model. */
export const failed = signal(/** @type {{ id: string, message: string } | null} */ (null));

/**
 * Asks whether a model shall be downloaded, and how; nothing is before that is answered.
 *
 * @param {string} id
 * @param {Precision} precision
 */
export function pull(id, precision = "fp32") {
  batch(() => {
    failed.value = null;
    asked.value = { id, precision };
  });
}

/**
 * Watches an installation to its end; one that broke off goes on where it was.
 *
 * @param {string} id
 * @param {Precision} precision
 * @param {() => Promise<{ id: string }>} begin
 */
async function install(id, precision, begin) {
  batch(() => {
    asked.value = failed.value = null;
    installing.value = { id, name: null, share: 0, message: t(precision === "int8" ? "int8Starts" : "pullStarts") };
  });
  try {
    const { id: name } = await begin();
    await follow(`v1/models/${name}/events`, ({ message, facts }) => {
      installing.value = { id, name, share: facts?.share ?? 1, message };
    });
    await loadModels();
    return true;
  } catch (error) {
    if (error.code !== "pull_cancelled") failed.value = { id, message: installFailure(error, precision) };
    return false;
  } finally {
    installing.value = null;
  }
}

/** A download, or int8 of what is here. */
export const download = (/** @type {string} */ id, /** @type {Precision} */ precision) =>
  install(id, precision, async () => {
    const url = `v1/models/${id}/pull?hub=${hub()}&precision=${precision}`;
    return (await request(url, { method: "POST" })).json();
  });

/** From the disk of the server; whether it is there. */
export const installLocal = (/** @type {string} */ id, /** @type {string} */ path) =>
  install(id, "fp32", () => sendJson("POST", `v1/models/${encodeURIComponent(id)}/local`, { path }));

async function cancel() {
  const running = installing.value;
  if (!running?.name) return;
  installing.value = { ...running, message: t("pullCancelling") };
  try {
    await request(`v1/models/${running.name}/pull`, { method: "DELETE" });
  } catch (error) {
    failed.value = { id: running.id, message: error.message };
  }
}

/** @param {{ title: string }} props */
export function Progress({ title }) {
  const { message = "", share = 0, name = null } = installing.value ?? {};
  return html`
    <div>
      <progress max="1" value=${share} aria-label=${title}></progress>
      <div class="title-row">
        <small class="faint" role="status">${message}</small>
        <button class="quiet" disabled=${!name} onClick=${cancel}>${t("cancel")}</button>
      </div>
    </div>
  `;
}

/**
 * What a download takes, and in which precision; with the answer it begins.
 *
 * @param {{ model: Model }} props
 */
export function Question({ model }) {
  const { id, title, download_bytes: size, needed_bytes: needed } = model;
  if (asked.value?.id !== id || !size || !needed) return null;
  const { precision } = asked.value;
  const free = models.value?.free_bytes ?? 0;
  const lacks = free < needed;
  const choose = (/** @type {Precision} */ chosen) => html`
    <label class="check">
      <input type="radio" name="precision" checked=${precision === chosen} onChange=${() => pull(id, chosen)} />
      <span>${chosen} <small>${t(chosen === "int8" ? "int8Hint" : "fp32Hint")}</small></span>
    </label>
  `;
  return html`
    <div class="question" role="group" aria-label=${t("pullOf", { title })}>
      ${
        model.labels.length > 0 &&
        html`<fieldset>
          <legend>${t("precision")}</legend>
          ${choose("fp32")} ${choose("int8")}
        </fieldset>`
      }
      <label class="field">
        <span>${t("hub")}</span>
        <select value=${hub()} onChange=${(/** @type {SelectEvent} */ event) => (chosenHub.value = event.currentTarget.value)}>
          ${Object.entries(HUBS).map(([name, words]) => html`<option value=${name}>${words}</option>`)}
        </select>
      </label>
      <p class=${lacks ? "problem" : "faint"}>
        ${t(lacks ? "spaceLacks" : "space", { size: bytes(size), needed: bytes(needed), free: bytes(free) })}
      </p>
      <div class="row">
        <button class="quiet solid" disabled=${lacks} onClick=${() => download(id, precision)}>
          <${Icon} name="download" /> ${t("pullNow", { size: bytes(size) })}
        </button>
        <button class="quiet" onClick=${() => (asked.value = null)}>${t("pullNot")}</button>
      </div>
    </div>
  `;
}

/** Whether somebody is asked about this model now. */
export const isAsked = (/** @type {string} */ id) => asked.value?.id === id;

const path = signal("");
const name = signal("");

/** One's own model, or weights that are on the server already; offered where it may read some folder. */
export function FromDisk() {
  const sources = models.value?.sources ?? [];
  const published = models.value?.models.filter((model) => model.download_bytes !== null) ?? [];
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await installLocal(name.value, path.value)) path.value = name.value = "";
  };
  const isRunning = Boolean(installing.value);
  return html`
    <section class="card from-disk" aria-label=${t("fromDisk")}>
      <h3>${t("fromDisk")}</h3>
      ${
        sources.length
          ? html`<p class="faint">${t("fromDiskHint")} ${sources.map((folder) => html`<code>${folder}</code> `)}</p>
            <form onSubmit=${submit}>
              <label class="field">
                <span>${t("fromDiskPath")}</span>
                <input class="code" required placeholder=${sources[0]} value=${path.value} onInput=${(/** @type {InputEvent} */ event) => (path.value = event.currentTarget.value)} />
              </label>
              <label class="field">
                <span>${t("fromDiskName")}</span>
                <input required maxlength="64" list="published" value=${name.value} onInput=${(/** @type {InputEvent} */ event) => (name.value = event.currentTarget.value)} />
                <datalist id="published">${published.map((model) => html`<option value=${model.id}></option>`)}</datalist>
              </label>
              <button class="quiet" disabled=${isRunning}>${t("fromDiskInstall")}</button>
            </form>`
          : html`<p class="faint">${t("fromDiskNot")} <code>VOXCOR_JOB_SOURCES</code></p>`
      }
    </section>
  `;
}
