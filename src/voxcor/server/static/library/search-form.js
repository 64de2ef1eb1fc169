/** What is searched for, and which segments count. */

import { percent } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { clip, searchByClip } from "../library.js";
import { language } from "../state.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { ask, askOtherwise, library, NO_FILTERS, question, recordings, speakers, table } from "./asking.js";
import { t } from "./strings.js";

/** @import { InputEvent, SelectEvent } from "../html.js" */
/** @import { Filters } from "./asking.js" */

const LIMITS = [0.3, 0.5, 0.7, 0.9];

const EXAMPLES = {
  en: ["furious but controlled", "a forced smile", "calm and warm", "angry 0.6 sad 0.4"],
  zh: ["强颜欢笑", "压着火气", "平静而温暖", "愤怒60% 悲伤40%"],
};

export function SearchForm() {
  const { text } = question.value;
  const typed = useSignal(text);
  useEffect(() => {
    typed.value = text;
  }, [text]);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (typed.value.trim()) ask({ text: typed.value.trim() });
  };
  const choose = (/** @type {InputEvent} */ { currentTarget: input }) => {
    const [file] = input.files ?? [];
    input.value = "";
    if (file) searchByClip(file);
  };
  return html`
    <form class="search" role="search" aria-label=${t("library")} onSubmit=${submit}>
      <input
        type="search"
        class="words"
        aria-label=${t("searchField")}
        placeholder=${t("searchExample")}
        value=${typed.value}
        maxlength="1000"
        onInput=${(/** @type {InputEvent} */ event) => (typed.value = event.currentTarget.value)}
      />
      <button class="primary">${t("search")}</button>
      <label class="button file-button">
        <input type="file" class="visually-hidden" onChange=${choose} />
        <${Icon} name="microphone" /> ${t("clipChoose")}
      </label>
    </form>
    <p class="faint hint">${t("searchHint")}</p>
    <div class="row tries">
      <span class="label">${t("tryThese")}</span>
      ${EXAMPLES[language.value].map((words) => html`<button class="quiet" onClick=${() => ask({ text: words })}>${words}</button>`)}
    </div>
    <${AskedLike} />
    <${Which} />
  `;
}

/** What is asked with, where that is no words. */
function AskedLike() {
  const { segment, result, clip: name, mixture, text } = question.value;
  if (name && !mixture && clip.value?.name !== name) {
    return html`<p class="problem" role="alert">${t("clipGone", { name })}</p>`;
  }
  const known = recordings.value.find(({ recording }) => segment.startsWith(recording));
  const like = segment ? (known?.name ?? segment) : name || (result && t("result"));
  if (!like && !(mixture && !text)) return null;
  return html`<p class="row asked-like">
    <b>${like ? t("like", { name: like }) : t("likeMixture")}</b>
    <button class="icon-only" aria-label=${t("likeClear")} title=${t("likeClear")} onClick=${() => ask({})}><${Icon} name="close" /></button>
  </p>`;
}

/** Which segments count: by whom, of which emotion, how sure, when. */
function Which() {
  const { filters, model } = question.value;
  const set = (/** @type {Partial<Filters>} */ change) => askOtherwise({ filters: { ...filters, ...change } });
  const isFiltered = Object.values(filters).some(Boolean);
  const date = (/** @type {"since" | "until"} */ name) => html`
    <label class="field inline">
      <span>${t(name)}</span>
      <input type="date" value=${filters[name]} onChange=${(/** @type {InputEvent} */ event) => set({ [name]: event.currentTarget.value })} />
    </label>
  `;
  return html`
    <div class="filters which" role="group" aria-label=${t("filters")}>
      <select aria-label=${t("speaker")} value=${filters.speaker} onChange=${(/** @type {SelectEvent} */ event) => set({ speaker: event.currentTarget.value })}>
        <option value="">${t("anySpeaker")}</option>
        ${speakers.value.map((name) => html`<option value=${name}>${name}</option>`)}
      </select>
      <select aria-label=${t("emotion")} value=${filters.emotion} onChange=${(/** @type {SelectEvent} */ event) => set({ emotion: event.currentTarget.value })}>
        <option value="">${t("anyEmotion")}</option>
        ${table.value?.labels.map((id) => html`<option value=${id}>${labelOf(id).emoji} ${bothNames(id)}</option>`)}
      </select>
      <select aria-label=${t("confidence")} value=${filters.confidence} onChange=${(/** @type {SelectEvent} */ event) => set({ confidence: event.currentTarget.value })}>
        <option value="">${t("anyConfidence")}</option>
        ${LIMITS.map((share) => html`<option value=${share}>${t("leastConfidence", { limit: percent(share, 0) })}</option>`)}
      </select>
      ${date("since")} ${date("until")}
      <${Models} chosen=${model} />
      ${isFiltered && html`<button class="quiet" onClick=${() => askOtherwise({ filters: NO_FILTERS })}>${t("filtersClear")}</button>`}
    </div>
  `;
}

/** Vectors of different models are never compared: one of them is asked. */
function Models(/** @type {{ chosen: string }} */ { chosen }) {
  const tables = library.value?.tables ?? [];
  if (tables.length < 2) return null;
  return html`
    <select aria-label=${t("model")} value=${chosen || table.value?.model.id} onChange=${(/** @type {SelectEvent} */ event) => askOtherwise({ model: event.currentTarget.value })}>
      ${tables.map(({ model }) => html`<option value=${model.id}>${model.id}</option>`)}
    </select>
  `;
}
