/** The models: what is here, what could be, what each costs and scores. */

import { loadModels, request } from "../api.js";
import { bytes, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { models, options, setOption } from "../state.js";
import { modelWords } from "../strings/models.js";
import { t } from "../strings.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { signal, useSignal } from "../vendor/signals.js";
import { download, FromDisk, failed, installing, isAsked, Progress, pull, Question } from "./install.js";

/** @import { Model as ModelDocument } from "../server.js" */
/** @import { Key } from "../strings.js" */

export { pull };

const failure = signal(/** @type {Error | null} */ (null));

export function Models() {
  useEffect(() => {
    loadModels().catch((error) => {
      failure.value = error;
    });
  }, []);
  const all = [...(models.value?.models ?? [])].sort((one, other) => rankOf(one) - rankOf(other));
  const alone = installing.value && !all.some(({ id }) => id === installing.value?.id);
  const elsewhere = failed.value && !all.some(({ id }) => id === failed.value?.id);
  return html`
    <section class="models" aria-label=${t("models")}>
      <div class="title-row">
        <h2>${t("models")}</h2>
        ${models.value && html`<small class="faint">${t("free", { size: bytes(models.value.free_bytes) })}</small>`}
      </div>
      ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      <ul class="model-grid">
        ${all.map((model) => html`<${Model} key=${model.id} model=${model} />`)}
      </ul>
      ${alone && html`<${Progress} title=${installing.value?.id} />`}
      ${elsewhere && html`<p class="problem" role="alert">${failed.value?.message}</p>`}
      ${models.value && html`<${FromDisk} />`}
    </section>
  `;
}

/** Whether it is what recognises now. */
const isInUse = (/** @type {ModelDocument} */ { id, installed }) =>
  installed && (options.value.model ?? models.value?.active) === id;

/** The one in use first, then what else is here, then what could be. */
const rankOf = (/** @type {ModelDocument} */ model) => (isInUse(model) ? 0 : model.installed ? 1 : 2);

/** @param {{ model: ModelDocument }} props */
function Model({ model }) {
  const { id, title, installed, labels } = model;
  const isUsed = isInUse(model);
  const ofBoth = id.replace(/-int8$/, "");
  const isOwn = id !== "small" && !models.value?.models.some((one) => one.id === ofBoth && one.download_bytes !== null);
  return html`
    <li class="card model ${isUsed ? "used" : ""}">
      <div class="title-row">
        <h3 lang="en">${isOwn ? ofBoth : title}${model.precision === "int8" && " · int8"}</h3>
        ${isUsed ? html`<span class="badge on">${t("modelUsed")}</span>` : installed && html`<span class="badge">${t("modelInstalled")}</span>`}
      </div>
      <p>${isOwn ? t("modelOwn", { title }) : modelWords(model)}</p>
      ${model.problem && html`<p class="problem">${model.problem}</p>`}
      ${model.caution && html`<p class="faint">${model.caution}</p>`}
      <dl class="facts">
        ${!installed && model.download_bytes && html`<dt>${t("download")}</dt><dd class="number">${bytes(model.download_bytes)}</dd>`}
        ${!installed && model.needed_bytes && html`<dt>${t("needed")}</dt><dd class="number">${bytes(model.needed_bytes)}</dd>`}
        ${model.bytes && html`<dt>${t("onDisk")}</dt><dd class="number">${bytes(model.bytes)}${model.precision && ` · ${model.precision}`}</dd>`}
        ${scoresOf(model).map(([name, words, share]) => html`<dt>${t(name)}</dt><dd>${t(words, { share: percent(share) })}</dd>`)}
        <dt>${t("labels")}</dt>
        <dd>${labels.length ? t("labelCount", { count: labels.length }) : t("embeddingsOnly")}</dd>
        ${model.licence && html`<dt>${t("licence")}</dt><dd lang="en">${model.licence}</dd>`}
        <dt>${t("command")}</dt>
        <dd><code>${model.command}</code></dd>
      </dl>
      ${failed.value?.id === id && html`<p class="problem" role="alert">${failed.value.message}</p>`}
      <${Question} model=${model} />
      ${installing.value?.id === id ? html`<${Progress} title=${title} />` : !isAsked(id) && html`<${Actions} model=${model} isUsed=${isUsed} />`}
    </li>
  `;
}

/** @param {{ model: ModelDocument, isUsed: boolean }} props */
function Actions({ model: { id, installed, labels, download_bytes: size, precision }, isUsed }) {
  const isBusy = Boolean(installing.value);
  const hasInt8 = precision === "int8" || models.value?.models.some((other) => other.id === `${id}-int8`);
  return html`
    <div class="row">
      ${installed && labels.length > 0 && !isUsed && html`<button class="quiet" onClick=${() => setOption("model", id)}>${t("modelUse")}</button>`}
      ${!installed && html`<button class="quiet" disabled=${isBusy} onClick=${() => pull(id)}><${Icon} name="download" /> ${t("pull")}</button>`}
      ${installed && size !== null && labels.length > 0 && !hasInt8 && html`<button class="quiet" disabled=${isBusy} title=${t("int8Hint")} onClick=${() => download(id, "int8")}>${t("int8Make")}</button>`}
      ${installed && id !== "small" && html`<${Removal} id=${id} />`}
    </div>
  `;
}

/**
 * Takes a model off the server's disk, at the second click.
 *
 * @param {{ id: string }} props
 */
function Removal({ id }) {
  const isDoomed = useSignal(false);
  const remove = async () => {
    isDoomed.value = !isDoomed.value;
    if (isDoomed.value) return;
    failure.value = null;
    try {
      await request(`v1/models/${encodeURIComponent(id)}`, { method: "DELETE" });
      if (options.value.model === id) setOption("model", null);
      await loadModels();
    } catch (error) {
      failure.value = error;
    }
  };
  return html`
    <button class=${isDoomed.value ? "danger" : "icon-only"} aria-label=${t(isDoomed.value ? "eraseReally" : "erase", { name: id })} onBlur=${() => (isDoomed.value = false)} onClick=${remove}>
      ${isDoomed.value ? t("eraseNow") : html`<${Icon} name="bin" />`}
    </button>
  `;
}

/**
 * What a card measured, of what compares: the mean over corpora never heard, clips that training
 * held back, int8 beside fp32.
 *
 * @param {ModelDocument} model
 * @returns {[Key, Key, number][]} what it is called, what it says, the share
 */
function scoresOf({ id, metrics }) {
  const unseen = Object.keys(metrics).filter((name) => /^unseen_corpus\.[^.]+\.four$/.test(name));
  const mean = unseen.reduce((sum, name) => sum + metrics[name], 0) / unseen.length;
  /** @type {[Key, Key, number | undefined][]} */
  const scores = [
    ["score", "scoreUnseen", unseen.length ? mean : undefined],
    ["score", "scoreHeldOut", metrics["held_out.ua"] ?? metrics["validation.ua"]],
    // The one inside Voxcor is there in 8 bits only.
    ["agreement", "scoreInt8", id === "small" ? undefined : metrics["int8.top1"]],
  ];
  return scores.flatMap(([name, words, share]) => (share === undefined ? [] : [[name, words, share]]));
}
