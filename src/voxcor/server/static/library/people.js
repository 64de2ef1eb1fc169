/** Who is enrolled, so that results may be relative to how they usually sound: enrolled, and forgotten. */

import { request, sendJson } from "../api.js";
import { percent } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { loadPeople, people } from "../people.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { question, speakers, table } from "./asking.js";
import { counted, t } from "./strings.js";

/** @import { InputEvent } from "../html.js" */
/** @import { EnrolledDocument, PersonDocument } from "../server.js" */

// That a request takes.
const MOST = 1000;

/** As `voxcor library enrol` says it. */
function saidOf(/** @type {EnrolledDocument} */ { person, model, utterances, new: added, seconds, scores }) {
  const [emotion, share] = Object.entries(scores).reduce((most, one) => (one[1] > most[1] ? one : most));
  return t("enrolled", {
    person,
    utterances: counted("utterances", utterances),
    seconds: seconds.toFixed(1),
    added,
    model: model.id,
    emotion: `${labelOf(emotion).emoji} ${bothNames(emotion)} ${percent(share, 0)}`,
  });
}

/**
 * Asks who it is, and enrols them: by these segments, or without any by all that the speaker of this name says.
 *
 * @param {{ ids: string[] | null, onEnd?: () => void }} props
 */
function EnrolForm({ ids, onEnd = () => {} }) {
  const name = useSignal(question.value.filters.speaker);
  const said = useSignal("");
  const problem = useSignal("");
  const isBusy = useSignal(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    if (ids) field.current?.focus();
  }, []);
  const enrol = async (/** @type {Event} */ event) => {
    event.preventDefault();
    said.value = problem.value = "";
    isBusy.value = true;
    const which = ids ? { segments: ids } : {};
    const form = { person: name.value, model: table.value?.model.sha256 ?? null, ...which };
    try {
      said.value = saidOf(await sendJson("POST", "v1/library/people", form));
      await loadPeople();
    } catch (error) {
      problem.value = error.message;
    }
    isBusy.value = false;
  };
  return html`
    <form class="row enrol" onSubmit=${enrol} onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") onEnd();
    }}>
      <label class="field inline">
        <span>${t("person")}</span>
        <input required maxlength="100" list=${ids ? undefined : "speakers-here"} autocomplete="off" ref=${field} value=${name.value}
          onInput=${(/** @type {InputEvent} */ event) => (name.value = event.currentTarget.value)} />
        ${!ids && html`<datalist id="speakers-here">${speakers.value.map((one) => html`<option value=${one}></option>`)}</datalist>`}
      </label>
      <button class="quiet" disabled=${isBusy.value}>${ids ? t("enrolBy", { count: counted("hits", ids.length) }) : t("enrolSpeaker")}</button>
      ${ids && html`<button type="button" class="quiet" onClick=${onEnd}>${t("cancel")}</button>`}
      <p class="faint hint">${t(ids ? "enrolByHint" : "enrolSpeakerHint")}</p>
      ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
      <p role="status">${said.value}</p>
    </form>
  `;
}

/** Enrols somebody by segments that were found, or selected. */
export function EnrolBy(/** @type {{ ids: string[] }} */ { ids }) {
  const isOpen = useSignal(false);
  if (!isOpen.value) return html`<button class="quiet" onClick=${() => (isOpen.value = true)}>${t("enrol")}</button>`;
  return html`<${EnrolForm} ids=${ids.slice(0, MOST)} onEnd=${() => (isOpen.value = false)} />`;
}

export function People() {
  const forgotten = useSignal("");
  useEffect(() => void loadPeople(), []);
  const all = people.value ?? [];
  return html`
    <details class="card people">
      <summary>${t("people")}${all.length > 0 && html` <small class="faint number">${all.length}</small>`}</summary>
      <p class="faint hint">${t("peopleHint")}</p>
      <p class="faint" role="status">${forgotten.value && t("forgotten", { person: forgotten.value })}</p>
      <ul class="list">
        ${all.map((one) => html`<${Person} key=${one.person} person=${one} onForgotten=${() => (forgotten.value = one.person)} />`)}
      </ul>
      <${EnrolForm} ids=${null} />
    </details>
  `;
}

/** @param {{ person: PersonDocument, onForgotten: () => void }} props */
function Person({ person: { person, heard_by }, onForgotten }) {
  const isDoomed = useSignal(false);
  const problem = useSignal("");
  const forget = async () => {
    if (!isDoomed.value) {
      isDoomed.value = true;
      return;
    }
    const init = {
      method: "DELETE",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person }),
    };
    try {
      await request("v1/library/people", init);
      onForgotten();
      await loadPeople();
    } catch (error) {
      problem.value = error.message;
    }
  };
  const heard = heard_by.map(({ model, utterances, seconds }) =>
    t("heardBy", { model, utterances: counted("utterances", utterances), seconds: seconds.toFixed(1) }),
  );
  return html`
    <li class="item">
      <div class="item-head">
        <b>${person}</b>
        <small class="faint number">${heard.join(" · ")}</small>
        ${problem.value && html`<small class="problem" role="alert">${problem.value}</small>`}
      </div>
      <button class=${isDoomed.value ? "danger" : "icon-only"} aria-label=${t(isDoomed.value ? "forgetReally" : "forget", { person })} onBlur=${() => (isDoomed.value = false)} onClick=${forget}>
        ${isDoomed.value ? t("forgetNow") : html`<${Icon} name="bin" />`}
      </button>
    </li>
  `;
}
