/** Labels put right while listening: what each row of the segments offers, and what stands below. */

import { clock } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, LABEL_IDS } from "../labels.js";
import { annotator } from "../state.js";
import { t } from "../strings.js";
import { useEffect, useMemo, useRef } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { correctionsOf } from "./corrected.js";
import { askedBy, Judge, LabelMenu, optionsOf } from "./judging.js";

/** @import { CorrectedSegment, Corrections } from "./corrected.js" */
/** @import { InputEvent } from "../html.js" */
/** @import { Playback } from "../player/playback.js" */
/** @import { Segment } from "../result/segments.js" */
/** @import { Result } from "../server.js" */

/** @typedef {ReturnType<typeof useCorrecting>} Correcting */

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
    const asked = askedBy(event);
    const segment = corrections.segments.value[row ? Number(row.dataset.place) : current.value];
    if (asked === "undo") corrections.undo();
    else if (asked === "redo") corrections.redo();
    else if (asked === null || !segment) return;
    else if (asked === "correct") open.value = segment.place;
    else toggle(segment, asked);
    event.preventDefault();
  };
  return { corrections, open, toggle, onKeyDown };
}

/** @param {{ correcting: Correcting, segment: CorrectedSegment }} props */
export function CorrectionButtons({ correcting: { corrections, open, toggle }, segment }) {
  const { place, verdict } = segment;
  const isBlocked = corrections.problem.value?.code === "state_unreadable";
  const what = { time: clock(segment.start_ms / 1000), emotion: bothNames(segment.model.emotion) };
  return html`<${Judge} what=${what} verdict=${verdict} isOpen=${open.value === place} isBlocked=${isBlocked}
    onJudge=${(/** @type {"right" | "wrong"} */ wanted) => toggle(segment, wanted)}
    onOpen=${() => (open.value = open.value === place ? null : place)} />`;
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
  useEffect(() => {
    state.select(segment.start_ms / 1000, segment.end_ms / 1000);
    menu.current?.focus();
  }, []);
  const own = Object.keys(segment.scores);
  const known = [...own, ...LABEL_IDS, ...(verdict === "wrong" ? [] : [segment.emotion])];
  /** @type {[string, string]} */
  const none = ["", t("correctNone", { emotion: bothNames(segment.model.emotion) })];
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
          <${LabelMenu} name=${t("emotion")} value=${verdict === "wrong" ? "" : segment.emotion} options=${[...optionsOf(known), none]} menu=${menu}
            onChoose=${(/** @type {string} */ value) => corrections.relabel(place, value || null)} />
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
