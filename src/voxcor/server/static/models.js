/** The models: what is here, what could be, what each costs; and the download of one. */

import { follow, loadModels, request } from "./api.js";
import { bytes, percent } from "./format.js";
import { html, Icon } from "./html.js";
import { language, models, options, setOption } from "./state.js";
import { modelWords, t } from "./strings.js";
import { useEffect } from "./vendor/preact-hooks.js";
import { batch, signal } from "./vendor/signals.js";

/** @import { SelectEvent } from "./html.js" */
/** @import { Model as ModelDocument } from "./server.js" */

/** @typedef {"fp32" | "int8"} Precision */

const HUBS = { modelscope: "ModelScope", huggingface: "Hugging Face" };

const chosenHub = signal(/** @type {string | null} */ (null));
const chooseHub = (/** @type {SelectEvent} */ event) => {
  chosenHub.value = event.currentTarget.value;
};
const hub = () => chosenHub.value ?? (language.value === "zh" ? "modelscope" : "huggingface");

/** The download that runs. */
const pulling = signal(/** @type {{ id: string, share: number, message: string } | null} */ (null));
const failure = signal(/** @type {Error | null} */ (null));

/**
 * Downloads and installs a model; a download that broke off goes on where it was.
 *
 * @param {string} id
 * @param {Precision} precision
 */
export async function pull(id, precision = "fp32") {
  batch(() => {
    failure.value = null;
    pulling.value = { id, share: 0, message: t(precision === "int8" ? "int8Starts" : "pullStarts") };
  });
  try {
    const url = `v1/models/${id}/pull?hub=${hub()}&precision=${precision}`;
    const begun = await (await request(url, { method: "POST" })).json();
    await follow(`v1/models/${begun.id}/events`, ({ message, facts }) => {
      pulling.value = { id, share: facts?.share ?? 1, message };
    });
    await loadModels();
  } catch (error) {
    failure.value = error;
  } finally {
    pulling.value = null;
  }
}

export function Models() {
  useEffect(() => {
    loadModels().catch((error) => {
      failure.value = error;
    });
  }, []);
  return html`
    <section class="models" aria-label=${t("models")}>
      <div class="title-row">
        <h2>${t("models")}</h2>
        <label class="field inline">
          <span>${t("hub")}</span>
          <select value=${hub()} onChange=${chooseHub}>
            ${Object.entries(HUBS).map(([id, name]) => html`<option value=${id}>${name}</option>`)}
          </select>
        </label>
      </div>
      ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      <ul class="model-grid">
        ${models.value?.models.map((model) => html`<${Model} key=${model.id} model=${model} />`)}
      </ul>
    </section>
  `;
}

/** @param {{ model: ModelDocument }} props */
function Model({ model }) {
  const { id, title, installed, labels } = model;
  const isUsed = installed && (options.value.model ?? models.value?.active) === id;
  const progress = pulling.value?.id === id && pulling.value;
  const isPublished = model.download_bytes !== null;
  const hasInt8 = models.value?.models.some((other) => other.id === `${id}-int8`);
  return html`
    <li class="card model ${isUsed ? "used" : ""}">
      <div class="title-row">
        <h3 lang="en">${title}${model.precision === "int8" && " · int8"}</h3>
        ${isUsed ? html`<span class="badge on">${t("modelUsed")}</span>` : installed && html`<span class="badge">${t("modelInstalled")}</span>`}
      </div>
      <p>${modelWords(model)}</p>
      ${model.problem && html`<p class="problem">${model.problem}</p>`}
      ${model.caution && html`<p class="faint">${model.caution}</p>`}
      <dl class="facts">
        ${!installed && model.download_bytes && html`<dt>${t("download")}</dt><dd class="number">${bytes(model.download_bytes)}</dd>`}
        ${model.bytes && html`<dt>${t("onDisk")}</dt><dd class="number">${bytes(model.bytes)}${model.precision && ` · ${model.precision}`}</dd>`}
        <dt>${t("labels")}</dt>
        <dd>${labels.length ? t("labelCount", { count: labels.length }) : t("embeddingsOnly")}</dd>
        <dt>${t("command")}</dt>
        <dd><code>${installed ? `voxcor recognize --model ${id}` : `voxcor models pull ${id}`}</code></dd>
      </dl>
      ${
        progress
          ? html`<div role="status">
            <progress max="1" value=${progress.share} aria-label=${title}></progress>
            <small class="faint">${progress.message} <span class="number">${percent(progress.share, 0)}</span></small>
          </div>`
          : html`<div class="row">
            ${installed && labels.length > 0 && !isUsed && html`<button class="quiet" onClick=${() => setOption("model", id)}>${t("modelUse")}</button>`}
            ${!installed && html`<button class="quiet" disabled=${Boolean(pulling.value)} onClick=${() => pull(id)}><${Icon} name="download" /> ${t("pull")}</button>`}
            ${installed && isPublished && !hasInt8 && html`<button class="quiet" disabled=${Boolean(pulling.value)} title=${t("int8Hint")} onClick=${() => pull(id, "int8")}>${t("int8Make")}</button>`}
          </div>`
      }
    </li>
  `;
}
