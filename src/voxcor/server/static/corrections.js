/** Labels put right while listening: what each row of the segments offers, and what stands below. */

import { correctionsOf } from "./corrected.js";
import { clock, percent } from "./format.js";
import { html, Icon } from "./html.js";
import { bothNames, LABEL_IDS, labelOf } from "./labels.js";
import { annotator } from "./state.js";
import { t } from "./strings.js";
import { useEffect, useMemo, useRef } from "./vendor/preact-hooks.js";
import { useSignal } from "./vendor/signals.js";

/** @import { CorrectedSegment, Corrections } from "./corrected.js" */
/** @import { InputEvent, SelectEvent } from "./html.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Segment } from "./segments.js" */
/** @import { Result } from "./server.js" */

/** @typedef {ReturnType<typeof useCorrecting>} Correcting */

const ANOTHER = "\n"; // which no label is

/**
 * The corrections of a result, loaded.
 *
 * @param {Result} document
 * @param {Segment[]} segments as the model has them
 */
export function useCorrections(document, segments) {
  const corrections = useMemo(() => correctionsOf(document, segments), [document.id]);
  useEffect(() => void corrections.load(), [corrections]);
  return corrections;
}

/**
 * Which row is being corrected, and the keys of the list: `current` is the row where it plays.
 *
 * @param {Corrections} corrections
 * @param {{ value: number }} current
 */
export function useCorrecting(corrections, current) {
  const open = useSignal(/** @type {number | null} */ (null));
  const toggle = (/** @type {CorrectedSegment} */ { place, verdict }, /** @type {"right" | "wrong"} */ wanted) => {
    if (verdict === wanted) corrections.forget(place);
    else corrections.relabel(place, wanted === "wrong" ? null : corrections.segments.value[place].model.emotion);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (target.closest("[data-place]"));
    if (event.key === "Escape" && open.value !== null) {
      const list = /** @type {HTMLElement} */ (event.currentTarget);
      /** @type {HTMLElement | null} */ (list.querySelector(`[data-place="${open.value}"] .edit`))?.focus();
      open.value = null;
    }
    if (target.matches("input, select")) return;
    const place = row ? Number(row.dataset.place) : current.value;
    const segment = corrections.segments.value[place];
    const key = event.key.toLowerCase();
    const withControl = event.ctrlKey || event.metaKey;
    if (withControl && (key === "y" || (key === "z" && event.shiftKey))) corrections.redo();
    else if (withControl && key === "z") corrections.undo();
    else if (withControl || event.altKey || !segment) return;
    else if (key === "c") open.value = place;
    else if (key === "r") toggle(segment, "right");
    else if (key === "w") toggle(segment, "wrong");
    else return;
    event.preventDefault();
  };
  return { corrections, open, toggle, onKeyDown };
}

/** What the model had said, where somebody has put it right. */
export function Was(/** @type {{ segment: CorrectedSegment }} */ { segment: { model, verdict } }) {
  if (verdict === null || verdict === "right") return null;
  return html` <s class="was">${labelOf(model.emotion).emoji} ${bothNames(model.emotion)} ${percent(model.confidence)}</s>`;
}

/** @param {{ correcting: Correcting, segment: CorrectedSegment }} props */
export function CorrectionButtons({ correcting: { corrections, open, toggle }, segment }) {
  const { place, verdict } = segment;
  const isBlocked = corrections.problem.value?.code === "state_unreadable";
  const what = { time: clock(segment.start_ms / 1000), emotion: bothNames(segment.model.emotion) };
  const mark = (/** @type {"right" | "wrong"} */ name, /** @type {"check" | "close"} */ icon) => html`
    <button class="icon-only" disabled=${isBlocked} aria-pressed=${verdict === name} title=${t(name)} aria-label=${t(`${name}Of`, what)} onClick=${() => toggle(segment, name)}>
      <${Icon} name=${icon} />
    </button>
  `;
  return html`<span class="judge">
    ${mark("right", "check")} ${mark("wrong", "close")}
    <button
      class="icon-only edit"
      disabled=${isBlocked}
      aria-expanded=${open.value === place}
      title=${t("correct")}
      aria-label=${t("correctOf", what)}
      onClick=${() => (open.value = open.value === place ? null : place)}
    >
      <${Icon} name="pencil" />
    </button>
  </span>`;
}

/**
 * The row below one that is being corrected.
 *
 * @param {{
 *   correcting: Correcting,
 *   segment: CorrectedSegment,
 *   state: Playback,
 *   columns: number,
 * }} props
 */
export function CorrectionEditor({ correcting: { corrections, open }, segment, state, columns }) {
  const { place, verdict } = segment;
  const menu = useRef(/** @type {HTMLSelectElement | null} */ (null));
  const isAnother = useSignal(false);
  useEffect(() => {
    state.select(segment.start_ms / 1000, segment.end_ms / 1000);
    menu.current?.focus();
  }, []);
  const own = Object.keys(segment.scores);
  const known = [...new Set([...own, ...LABEL_IDS, ...(verdict === "wrong" ? [] : [segment.emotion])])];
  const choose = (/** @type {SelectEvent} */ { currentTarget: { value } }) => {
    isAnother.value = value === ANOTHER;
    if (value !== ANOTHER) corrections.relabel(place, value || null);
  };
  const name = (/** @type {InputEvent} */ { currentTarget: { value } }) => {
    if (!value.trim()) return;
    isAnother.value = false;
    corrections.relabel(place, value.trim());
  };
  const border = (/** @type {"start_ms" | "end_ms"} */ which) => html`
    <input
      type="number"
      class="number"
      min="0"
      step="0.01"
      value=${(segment[which] / 1000).toFixed(2)}
      aria-label=${t(which === "start_ms" ? "correctStart" : "correctEnd")}
      onChange=${(/** @type {InputEvent} */ { currentTarget: field }) => {
        const moved = { ...segment, [which]: 1000 * field.valueAsNumber };
        if (Number.isFinite(moved[which])) corrections.move(place, moved.start_ms / 1000, moved.end_ms / 1000);
        // Where nothing has moved, nothing is drawn anew.
        field.value = (corrections.segments.value[place][which] / 1000).toFixed(2);
      }}
    />
  `;
  const region = state.selection.value;
  const isTaken =
    region && Math.round(1000 * region.start) === segment.start_ms && Math.round(1000 * region.end) === segment.end_ms;
  return html`
    <tr class="correction" data-place=${place}>
      <td colspan=${columns}>
        <div class="row">
          <select aria-label=${t("emotion")} ref=${menu} onChange=${choose} value=${isAnother.value ? ANOTHER : verdict === "wrong" ? "" : segment.emotion}>
            ${known.map((id) => html`<option value=${id}>${labelOf(id).emoji} ${bothNames(id)}</option>`)}
            <option value="">${t("correctNone", { emotion: bothNames(segment.model.emotion) })}</option>
            <option value=${ANOTHER}>${t("correctAnother")}</option>
          </select>
          ${isAnother.value && html`<input maxlength="64" aria-label=${t("correctName")} placeholder=${t("correctName")} onChange=${name} />`}
          <span class="edges">${t("time")} ${border("start_ms")} – ${border("end_ms")} s</span>
          <button class="quiet" disabled=${!region || isTaken} onClick=${() => region && corrections.move(place, region.start, region.end)}>
            ${t("correctTake")}
          </button>
          <button class="quiet" disabled=${verdict === null} onClick=${() => corrections.forget(place)}>${t("correctForget")}</button>
          <button class="quiet" onClick=${() => (open.value = null)}>${t("correctDone")}</button>
        </div>
      </td>
    </tr>
  `;
}

/**
 * Below the segments: whether it is saved, back and forth, who listens, all of it as a list.
 *
 * @param {{ corrections: Corrections }} props
 */
export function CorrectionBar({ corrections }) {
  const { status, problem, canUndo, canRedo, isEmpty } = corrections;
  const code = problem.value?.code;
  const [remedy, help] =
    code === "corrections_changed"
      ? /** @type {const} */ (["correctReload", corrections.load])
      : code === "state_unreadable"
        ? /** @type {const} */ (["correctAnew", corrections.withdraw])
        : /** @type {const} */ (["correctRetry", corrections.save]);
  return html`
    <div class="corrections">
      ${
        problem.value &&
        html`<p class="problem" role="alert">
          ${problem.value.message} <button class="quiet" onClick=${help}>${t(remedy)}</button>
        </p>`
      }
      <div class="row">
        <button class="icon-only" disabled=${!canUndo.value} aria-label=${t("undo")} title=${t("undo")} onClick=${corrections.undo}><${Icon} name="undo" /></button>
        <button class="icon-only" disabled=${!canRedo.value} aria-label=${t("redo")} title=${t("redo")} onClick=${corrections.redo}><${Icon} name="redo" /></button>
        ${
          !isEmpty.value &&
          html`<label class="field inline">
            <span>${t("annotator")}</span>
            <input maxlength="100" autocomplete="name" value=${annotator.value} onInput=${(/** @type {InputEvent} */ event) => (annotator.value = event.currentTarget.value)} />
          </label>`
        }
        <span class="saved faint" role="status">${status.value && t(status.value)}</span>
        <a class="button quiet" href="v1/corrections?format=csv" download><${Icon} name="download" /> ${t("correctList")}</a>
      </div>
      <p class="faint hint">${t("correctKeys")}</p>
    </div>
  `;
}
