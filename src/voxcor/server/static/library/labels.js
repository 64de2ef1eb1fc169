/** Labels put right in the library: in a row, of a whole selection, and what stands below. */

import { LabelMenu, optionsOf, Was } from "../corrections/judging.js";
import { html, Icon } from "../html.js";
import { bothNames, LABEL_IDS, labelOf, nameOf } from "../labels.js";
import { annotator } from "../state.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { table } from "./asking.js";
import { canRedo, canUndo, problem, redo, say, status, undo, verdictsOf } from "./labelling.js";
import { counted, t } from "./strings.js";

/** @import { InputEvent } from "../html.js" */
/** @import { LabelledDocument } from "../server.js" */

// Which no labels are.
const NOTHING = "\t";
const RIGHT = "\r";

/** What a segment is said to be: by people, else by the model. */
export function Said(/** @type {{ segment: LabelledDocument }} */ { segment }) {
  const { emotion, label, said } = segment;
  const { verdict } = verdictsOf(segment);
  const leading = verdict === "wrong" ? "unknown" : (label ?? emotion);
  const disagree = new Set(said.map((one) => one.label)).size > 1;
  const words = said.map(
    (one) => `${one.annotator ?? t("unnamed")}: ${one.label === null ? t("wrong") : nameOf(one.label)}`,
  );
  return html`
    <b>${labelOf(leading).emoji} ${bothNames(leading)}</b>
    ${verdict && html` <span class="badge">${t(verdict === "right" ? "confirmed" : "relabelled")}</span>`}
    <${Was} model=${segment} verdict=${verdict} />
    ${disagree && html` <small class="faint">${words.join(" · ")}</small>`}
  `;
}

/** @param {{ segment: LabelledDocument, close: () => void }} props */
export function Editor({ segment, close }) {
  const menu = useRef(/** @type {HTMLSelectElement | null} */ (null));
  useEffect(() => menu.current?.focus(), []);
  const { id, emotion, label } = segment;
  const { verdict, own } = verdictsOf(segment);
  /** @type {[string, string]} */
  const none = ["", t("correctNone", { emotion: bothNames(emotion) })];
  const known = optionsOf([...Object.keys(segment.scores), ...LABEL_IDS, label ?? emotion]);
  return html`
    <div class="row">
      <${LabelMenu} name=${t("emotion")} value=${verdict === "wrong" ? "" : (label ?? emotion)} options=${[...known, none]} menu=${menu}
        onChoose=${(/** @type {string} */ value) => say([id], () => value || null)} />
      <button class="quiet" disabled=${own === null} onClick=${() => say([id], () => undefined)}>${t("correctForget")}</button>
      <button class="quiet" onClick=${close}>${t("correctDone")}</button>
    </div>
  `;
}

/** One label for all: of several segments it is asked first. */
export function LabelAll(/** @type {{ ids: string[] }} */ { ids }) {
  const meant = useSignal(NOTHING);
  const yes = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => yes.current?.focus(), [meant.value]);
  const keep = (/** @type {string} */ value) => {
    meant.value = NOTHING;
    return say(ids, ({ emotion }) => (value === RIGHT ? emotion : value || null));
  };
  const choose = (/** @type {string} */ value) => {
    if (value === NOTHING) return;
    if (ids.length > 1) meant.value = value;
    else keep(value);
  };
  const count = counted("hits", ids.length);
  const question = () => {
    if (meant.value === RIGHT) return t("labelAllRight", { count });
    if (meant.value === "") return t("labelAllWrong", { count });
    return t("labelAllAs", { count, emotion: `${labelOf(meant.value).emoji} ${bothNames(meant.value)}` });
  };
  /** @type {[string, string][]} */
  const options = [
    [NOTHING, t("labelAll")],
    [RIGHT, t("labelRight")],
    ...optionsOf([...(table.value?.labels ?? []), ...LABEL_IDS]),
    ["", t("labelWrong")],
  ];
  return html`
    <${LabelMenu} name=${t("labelAll")} value=${NOTHING} options=${options} onChoose=${choose} />
    ${
      meant.value !== NOTHING &&
      html`<div class="row asked" role="group" aria-label=${question()} onKeyDown=${(
        /** @type {KeyboardEvent} */ event,
      ) => {
        if (event.key === "Escape") meant.value = NOTHING;
      }}>
        <span>${question()}</span>
        <button class="primary" ref=${yes} onClick=${() => keep(meant.value)}>${t("labelNow", { count })}</button>
        <button class="quiet" onClick=${() => (meant.value = NOTHING)}>${t("cancel")}</button>
      </div>`
    }
  `;
}

/** Below segments: back and forth, who listens, all of it as a list. */
export function LabelBar() {
  return html`
    <div class="corrections">
      ${problem.value && html`<p class="problem" role="alert">${problem.value.message}</p>`}
      <div class="row">
        <button class="icon-only" disabled=${!canUndo.value} aria-label=${t("undo")} title=${t("undo")} onClick=${undo}><${Icon} name="undo" /></button>
        <button class="icon-only" disabled=${!canRedo.value} aria-label=${t("redo")} title=${t("redo")} onClick=${redo}><${Icon} name="redo" /></button>
        <label class="field inline">
          <span>${t("annotator")}</span>
          <input maxlength="100" autocomplete="name" value=${annotator.value} onInput=${(/** @type {InputEvent} */ event) => (annotator.value = event.currentTarget.value)} />
        </label>
        <span class="saved faint" role="status">${status.value}</span>
        <a class="button quiet" href="v1/library/labels?format=csv" download><${Icon} name="download" /> ${t("labelList")}</a>
      </div>
      <p class="faint hint">${t("correctKeys")}</p>
    </div>
  `;
}
