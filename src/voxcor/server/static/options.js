/** The options of a recognition, the same for one file and for many. */

import { percent } from "./format.js";
import { html, Icon } from "./html.js";
import { bothNames, labelOf, nameOf } from "./labels.js";
import { loadPeople, names } from "./people.js";
import { modelLabels, models, options, setOption, speakers, unlocked } from "./state.js";
import { t } from "./strings.js";
import { useEffect } from "./vendor/preact-hooks.js";

/** @import { InputEvent, SelectEvent } from "./html.js" */
/** @import { Form } from "./api.js" */
/** @import { Granularity, Result } from "./server.js" */

/** @type {Granularity[]} */
const GRANULARITIES = ["utterance", "segment", "frame"];
const LIMITS = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** Whom an answer is to be relative to, too; nobody whom the model does not know, who would be refused. */
export const chosenPerson = () => names.value.find((person) => person === options.value.relative_to) ?? null;

/**
 * What goes to the server: labels that the model does not have would be refused.
 *
 * @returns {Form}
 */
export function chosenOptions() {
  const { labels, ...rest } = options.value;
  const known = (labels ?? []).filter((id) => modelLabels.value.includes(id));
  return { ...rest, labels: known.length ? known.join(",") : null, relative_to: chosenPerson() };
}

/**
 * What was chosen that changes the answer, in words, with what takes it back. Choices outlive a visit, and most lie
 * folded away.
 *
 * @param {boolean} isOne whether it is about one recording
 */
function narrowings(isOne) {
  const { labels, channels, abstain_below: limit, trim, any_sound, strict, track, raw } = options.value;
  const known = (labels ?? []).filter((id) => modelLabels.value.includes(id));
  const person = chosenPerson();
  const all = [
    known.length > 0 && { words: onlyWords(known, modelLabels.value), clear: () => setOption("labels", null) },
    channels === "separate" && { words: t("separate"), clear: () => setOption("channels", "mix") },
    limit !== null && { words: limitWords(limit), clear: () => setOption("abstain_below", null) },
    !trim && { words: t("trimNot"), clear: () => setOption("trim", true) },
    any_sound && { words: t("any_sound"), clear: () => setOption("any_sound", false) },
    strict && { words: t("strict"), clear: () => setOption("strict", false) },
    track !== null && { words: t("trackChosen", { track }), clear: () => setOption("track", null) },
    person !== null && { words: t("relativeTo", { person }), clear: () => setOption("relative_to", null) },
    raw !== null && { words: raw, clear: () => setOption("raw", null) },
    isOne && speakers.value !== null && { words: speakers.value.name, clear: () => (speakers.value = null) },
  ];
  return all.filter((each) => each !== false);
}

/**
 * Which labels were chosen of all: those, or where that is shorter the others.
 *
 * @param {string[]} ids
 * @param {string[]} all
 */
function onlyWords(ids, all) {
  const others = all.filter((id) => !ids.includes(id));
  const named = (/** @type {string[]} */ list) => ({ labels: list.map(nameOf).join(t("comma")) });
  return others.length < ids.length ? t("without", named(others)) : t("onlyLabels", named(ids));
}

const limitWords = (/** @type {number} */ limit) => t("abstainBelow", { limit: percent(limit, 0) });

/** @param {{ isOne: boolean }} props */
function Narrowings({ isOne }) {
  const chosen = narrowings(isOne);
  if (!chosen.length) return null;
  return html`
    <ul class="narrowings" aria-label=${t("narrowings")}>
      ${chosen.map(
        ({ words, clear }) =>
          html`<li><button class="quiet" onClick=${clear}>${words} <${Icon} name="close" /><span class="visually-hidden">${t("takeBack")}</span></button></li>`,
      )}
      ${chosen.length > 1 && html`<li><button class="link" onClick=${() => chosen.forEach(({ clear }) => void clear())}>${t("takeAllBack")}</button></li>`}
    </ul>
  `;
}

/**
 * What was chosen that narrowed an answer, beside it: a result stands for itself, whoever reads it.
 *
 * @param {{ document: Result }} props
 */
export function Narrowed({ document }) {
  const { scores, abstain_below: limit, model, audio } = document;
  const ids = Object.keys(scores);
  const all = models.value?.models.find(({ id }) => id === model.id)?.labels ?? [];
  const words = [
    all.length > ids.length && onlyWords(ids, all),
    audio.channel !== null && t("channel", { number: audio.channel + 1 }),
    limit !== null && limitWords(limit),
  ].filter((each) => each !== false);
  return (
    words.length > 0 &&
    html`<ul class="narrowings" aria-label=${t("narrowings")}>${words.map((each) => html`<li class="badge">${each}</li>`)}</ul>`
  );
}

/** @param {{ isOne?: boolean }} props */
export function Options({ isOne = false }) {
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
          onInput=${(/** @type {InputEvent} */ event) => setOption("track", event.currentTarget.valueAsNumber || null)}
        />
      </label>
      <label class="field">
        <span>${t("raw")}</span>
        <input
          placeholder="ulaw@8000"
          value=${options.value.raw ?? ""}
          onInput=${(/** @type {InputEvent} */ event) => setOption("raw", event.currentTarget.value.trim() || null)}
        />
      </label>
      ${isOne && html`<${SpeakersChoice} />`}
      <${AbstainChoice} />
      <${RelativeChoice} />
      <${LabelChoice} />
    </details>
    <${Narrowings} isOne=${isOne} />
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

/** Who spoke when, from a file; it belongs to the recording that is chosen. */
function SpeakersChoice() {
  const choose = async (/** @type {InputEvent} */ event) => {
    const [chosen] = event.currentTarget.files ?? [];
    event.currentTarget.value = "";
    if (chosen) speakers.value = { name: chosen.name, text: await chosen.text() };
  };
  return html`
    <label class="button quiet file-button">
      <input type="file" class="visually-hidden" accept=".rttm,.csv,.txt" onChange=${choose} />
      ${t("speakers")}
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

/**
 * Whose ordinary voice a second answer is beside; nothing where the model knows nobody.
 *
 * @param {{ isInline?: boolean, isDisabled?: boolean }} props
 */
export function RelativeChoice({ isInline = false, isDisabled = false }) {
  useEffect(() => void loadPeople(), [unlocked.value]);
  if (!names.value.length) return null;
  return html`
    <label class="field ${isInline ? "inline" : ""}">
      <span>${t("relative")}</span>
      <select disabled=${isDisabled} value=${chosenPerson() ?? ""} onChange=${(/** @type {SelectEvent} */ event) => setOption("relative_to", event.currentTarget.value || null)}>
        <option value="">${t("relativeNobody")}</option>
        ${names.value.map((person) => html`<option key=${person} value=${person}>${person}</option>`)}
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
