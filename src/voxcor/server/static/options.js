/** The options of a recognition, the same for one file and for many. */

import { percent } from "./format.js";
import { html } from "./html.js";
import { bothNames, labelOf, nameOf } from "./labels.js";
import { modelLabels, models, options, setOption } from "./state.js";
import { t } from "./strings.js";

/** @import { InputEvent, SelectEvent } from "./html.js" */
/** @import { Form } from "./api.js" */
/** @import { Granularity } from "./server.js" */

/** @type {Granularity[]} */
const GRANULARITIES = ["utterance", "segment", "frame"];
const LIMITS = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/**
 * What goes to the server: labels that the model does not have would be refused.
 *
 * @returns {Form}
 */
export function chosenOptions() {
  const { labels, ...rest } = options.value;
  const known = (labels ?? []).filter((id) => modelLabels.value.includes(id));
  return { ...rest, labels: known.length ? known.join(",") : null };
}

export function Options() {
  const { granularity, embedding } = options.value;
  return html`
    <fieldset class="granularity">
      <legend>${t("granularity")}</legend>
      <div class="choices">
        ${GRANULARITIES.map(
          (name) => html`
            <label class="choice">
              <input
                type="radio"
                name="granularity"
                value=${name}
                checked=${granularity === name}
                onChange=${() => setOption("granularity", name)}
              />
              <span><b>${t(name)}</b><small>${t(`${name}Hint`)}</small></span>
            </label>
          `,
        )}
      </div>
    </fieldset>
    <label class="check">
      <input
        type="checkbox"
        checked=${embedding}
        onChange=${(/** @type {InputEvent} */ event) => setOption("embedding", event.currentTarget.checked)}
      />
      <span>${t("embedding")} <small>${t("embeddingHint")}</small></span>
    </label>
    <details class="more">
      <summary>${t("more")}</summary>
      <${ModelChoice} />
      <${Switch} name="trim" />
      <${Switch} name="any_sound" />
      <${Switch} name="strict" />
      <label class="check">
        <input
          type="checkbox"
          checked=${options.value.channels === "separate"}
          onChange=${(/** @type {InputEvent} */ event) => setOption("channels", event.currentTarget.checked ? "separate" : "mix")}
        />
        <span>${t("separate")} <small>${t("separateHint")}</small></span>
      </label>
      <label class="field">
        <span>${t("track")}</span>
        <input
          type="number"
          min="1"
          placeholder=${t("trackAuto")}
          value=${options.value.track ?? ""}
          onChange=${(/** @type {InputEvent} */ event) => setOption("track", event.currentTarget.valueAsNumber || null)}
        />
      </label>
      <label class="field">
        <span>${t("raw")}</span>
        <input
          placeholder="ulaw@8000"
          value=${options.value.raw ?? ""}
          onChange=${(/** @type {InputEvent} */ event) => setOption("raw", event.currentTarget.value.trim() || null)}
        />
      </label>
      <${AbstainChoice} />
      <${LabelChoice} />
    </details>
  `;
}

/** @param {{ name: "trim" | "any_sound" | "strict" }} props */
function Switch({ name }) {
  return html`
    <label class="check">
      <input
        type="checkbox"
        checked=${options.value[name]}
        onChange=${(/** @type {InputEvent} */ event) => setOption(name, event.currentTarget.checked)}
      />
      <span>${t(name)} <small>${t(`${name}Hint`)}</small></span>
    </label>
  `;
}

function ModelChoice() {
  const installed = (models.value?.models ?? []).filter((m) => m.installed && m.labels.length);
  return html`
    <label class="field">
      <span>${t("model")}</span>
      <select
        value=${options.value.model ?? ""}
        onChange=${(/** @type {SelectEvent} */ event) => setOption("model", event.currentTarget.value || null)}
      >
        <option value="">${t("modelAuto", { model: models.value?.active ?? "…" })}</option>
        ${installed.map(({ id, title }) => html`<option value=${id}>${id} · ${title}</option>`)}
      </select>
    </label>
  `;
}

function AbstainChoice() {
  const limit = options.value.abstain_below;
  return html`
    <label class="field">
      <span>${t("abstain")}</span>
      <select value=${limit ?? ""} onChange=${(/** @type {SelectEvent} */ event) => setOption("abstain_below", event.currentTarget.value ? Number(event.currentTarget.value) : null)}>
        <option value="">${t("abstainNever")}</option>
        ${LIMITS.map((share) => html`<option value=${share}>${t("abstainBelow", { limit: percent(share, 0) })}</option>`)}
      </select>
    </label>
  `;
}

function LabelChoice() {
  const all = modelLabels.value;
  const chosen = options.value.labels?.filter((id) => all.includes(id)) ?? all;
  const toggle = (/** @type {string} */ id) => {
    const next = all.filter((label) => (label === id) !== chosen.includes(label));
    setOption("labels", next.length && next.length < all.length ? next : null);
  };
  return html`
    <fieldset class="labels">
      <legend>${t("labels")}</legend>
      <div class="chips">
        ${all.map(
          (id) => html`
            <label class="chip" title=${bothNames(id)}>
              <input type="checkbox" checked=${chosen.includes(id)} onChange=${() => toggle(id)} />
              <span>${labelOf(id).emoji} ${nameOf(id)}</span>
            </label>
          `,
        )}
      </div>
    </fieldset>
  `;
}
