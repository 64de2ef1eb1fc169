/**
 * What people put right of one result, as it is edited: every change is saved at once, and can be
 * undone. The result stays as the model gave it; `segments` are those after the corrections.
 */

import { getJson, request, sendJson } from "../api.js";
import { annotator } from "../state.js";
import { computed, signal } from "../vendor/signals.js";

/** @import { ApiError } from "../api.js" */
/** @import { Segment } from "../result/segments.js" */
/** @import { CorrectionForm, CorrectionsForm, Result } from "../server.js" */

/** @typedef {"right" | "wrong" | "relabelled"} Verdict */

/**
 * A segment after its correction, and as the model has it. `emotion` is `unknown` where the
 * model's is wrong and none was named instead.
 *
 * @typedef {Segment & { place: number, model: Segment, verdict: Verdict | null }} CorrectedSegment
 */

/** @typedef {ReturnType<typeof correctionsOf>} Corrections */

const SHORTEST_MS = 50;

/**
 * What a label says of the model's.
 *
 * @param {{ emotion: string }} model
 * @param {string | null} label
 * @returns {Verdict}
 */
export function verdictOf(model, label) {
  if (label === null) return "wrong";
  return label === model.emotion ? "right" : "relabelled";
}

/**
 * @param {Result} document
 * @param {Segment[]} ofModel
 */
export function correctionsOf({ id, audio }, ofModel) {
  const path = `v1/results/${id}/corrections`;
  /** @typedef {Map<number, CorrectionForm>} ByPlace */
  const current = signal(/** @type {ByPlace} */ (new Map()));
  const past = signal(/** @type {ByPlace[]} */ ([]));
  const future = signal(/** @type {ByPlace[]} */ ([]));
  const status = signal(/** @type {"" | "saving" | "saved"} */ (""));
  const problem = signal(/** @type {ApiError | null} */ (null));
  let revision = "";
  let isSaving = false;

  const segments = computed(() =>
    ofModel.map((model, place) => {
      const found = current.value.get(place);
      if (!found) return /** @type {CorrectedSegment} */ ({ ...model, place, model, verdict: null });
      const { start_ms, end_ms, label } = found;
      const verdict = verdictOf(model, label);
      return /** @type {CorrectedSegment} */ ({
        // Whoever says something of it gives an answer.
        ...{ ...model, start_ms, end_ms, place, model, verdict, abstained: false },
        emotion: label ?? "unknown",
      });
    }),
  );

  async function load() {
    try {
      /** @type {CorrectionsForm} */
      const found = await getJson(path);
      revision = found.revision;
      current.value = new Map(found.corrections.map((each) => [each.segment, each]));
      past.value = future.value = [];
      status.value = found.corrections.length ? "saved" : "";
      problem.value = null;
    } catch (error) {
      problem.value = error;
    }
  }

  async function save() {
    if (isSaving) return; // whoever saves looks again
    isSaving = true;
    status.value = "saving";
    problem.value = null;
    try {
      let sent;
      do {
        sent = current.value;
        const form = { revision, corrections: [...sent.values()] };
        ({ revision } = /** @type {CorrectionsForm} */ (await sendJson("PUT", path, form)));
      } while (sent !== current.value);
      status.value = "saved";
    } catch (error) {
      status.value = "";
      problem.value = error;
    }
    isSaving = false;
  }

  function change(/** @type {ByPlace} */ next) {
    past.value = [...past.value, current.value];
    future.value = [];
    current.value = next;
    save();
  }

  /**
   * Goes one step along, from one pile to the other.
   *
   * @param {typeof past} from
   * @param {typeof past} to
   */
  function step(from, to) {
    const next = from.value.at(-1);
    if (!next) return;
    to.value = [...to.value, current.value];
    from.value = from.value.slice(0, -1);
    current.value = next;
    save();
  }

  /**
   * @param {number} place
   * @param {Partial<CorrectionForm>} changes
   */
  function correct(place, changes) {
    const { start_ms, end_ms, model } = segments.value[place];
    const label = current.value.has(place) ? current.value.get(place)?.label : model.emotion;
    /** @type {CorrectionForm} */
    const made = { segment: place, start_ms, end_ms, label: label ?? null, ...changes };
    const who = annotator.value.trim();
    change(new Map(current.value).set(place, who ? { ...made, annotator: who } : made));
  }

  return {
    segments,
    status,
    problem,
    load,
    save,
    canUndo: computed(() => past.value.length > 0),
    canRedo: computed(() => future.value.length > 0),
    isEmpty: computed(() => current.value.size === 0),
    undo: () => step(past, future),
    redo: () => step(future, past),
    /** Which emotion it has; null: not the model's. */
    relabel: (/** @type {number} */ place, /** @type {string | null} */ label) => correct(place, { label }),
    /** It is as the model has it again, and nobody has said anything. */
    forget(/** @type {number} */ place) {
      const next = new Map(current.value);
      if (next.delete(place)) change(next);
    },
    /**
     * Moves its borders, up to those of its neighbours.
     *
     * @param {number} place
     * @param {number} start
     * @param {number} end
     */
    move(place, start, end) {
      const [before, own, after] = [-1, 0, 1].map((step) => segments.value[place + step]);
      const crosses = (/** @type {CorrectedSegment} */ one, /** @type {CorrectedSegment} */ other) =>
        one.model.end_ms > other.model.start_ms;
      const first = before && !crosses(before, own) ? before.end_ms : 0;
      const last = after && !crosses(own, after) ? after.start_ms : audio.duration_ms;
      const start_ms = Math.max(first, Math.min(Math.round(1000 * start), last - SHORTEST_MS));
      const end_ms = Math.min(last, Math.max(Math.round(1000 * end), start_ms + SHORTEST_MS));
      if (start_ms !== own.start_ms || end_ms !== own.end_ms) correct(place, { start_ms, end_ms });
    },
    /** What cannot be read is set aside, and a new sheet begins. */
    async withdraw() {
      try {
        await request(path, { method: "DELETE" });
        await load();
      } catch (error) {
        problem.value = error;
      }
    },
  };
}
