/** The recordings that are recognised one by one: what is sent, what is followed, what is looked at. */

import { eventsOf, findResult, follow, outcomesOf, remove, send } from "../api.js";
import { askBeforeLeaving } from "../leaving.js";
import { fetchDrawer } from "../player/drawing.js";
import { address, language, looked, open, openInstead, placeOfResult, readiness, unlocked, view } from "../state.js";
import { batch, computed, effect, signal, untracked } from "../vendor/signals.js";
import { addStep } from "./log.js";

/** @import { Form, Step } from "../api.js" */
/** @import { Signal } from "../vendor/signals.js" */
/** @import { Recognition } from "../state.js" */

/** While a recording is sent: the share that the server has, and what gives it up. */
export const sending = signal(/** @type {{ share: number, controller: AbortController } | null} */ (null));

/** Why the last one was not taken. */
export const refusal = signal(/** @type {Error | null} */ (null));

/**
 * The one that is being recognised.
 *
 * @type {Signal<Recognition | null>}
 */
export const running = signal(null);

/**
 * The one that ended while the reader was elsewhere.
 *
 * @type {Signal<Recognition | null>}
 */
export const ended = signal(null);

askBeforeLeaving(() => sending.value !== null);

export const isBusy = computed(() => sending.value !== null || running.value !== null);

/** Where recognitions are looked at: the one that runs, the one that was looked at last, or an empty form. */
export const placeOfLatest = computed(() => {
  const latest = running.value ?? looked.value;
  return latest && !sending.value ? placeOfResult(idOf(latest)) : "recognise";
});

/** Of several channels the one that is looked at. */
const idOf = (/** @type {Recognition} */ one) => (isOf(one, address.value.id) ? address.value.id : one.id);

/**
 * Whether a result is one of its outcomes.
 *
 * @param {Recognition} one
 * @param {string} id
 */
const isOf = (one, id) =>
  one.id === id || (one.outcomes.value ?? []).some((outcome) => "id" in outcome && outcome.id === id);

/**
 * @param {string} id
 * @param {string | null} name
 * @returns {Recognition}
 */
const recognitionOf = (id, name) => ({ id, name, steps: signal([]), outcomes: signal(null), failure: signal(null) });

/** Sends a recording and follows it; the reader goes along where they are still waiting for it. */
export async function start(/** @type {File} */ file, /** @type {Form} */ options) {
  // By the time there is a result, the player has what draws it, whatever becomes of the server.
  import("../player/waveform.js").catch(() => {});
  fetchDrawer();
  const controller = new AbortController();
  const onUpload = (/** @type {number} */ share) => {
    sending.value = { share, controller };
  };
  batch(() => {
    refusal.value = null;
    onUpload(0);
  });
  try {
    const id = await send(file, options, { onUpload, signal: controller.signal });
    batch(() => {
      sending.value = null;
      running.value = recognitionOf(id, file.name);
    });
    if (view.value === "recognise" || view.value === "") open(placeOfResult(id));
    await watch(/** @type {Recognition} */ (running.value));
  } catch (error) {
    if (error.name !== "AbortError") refusal.value = error;
  } finally {
    sending.value = null;
  }
}

/** Gives up what is sent or recognised; nothing of it stays. */
export async function cancel() {
  sending.value?.controller.abort();
  const given = running.value;
  if (!given) return;
  running.value = null;
  forget(given.id);
  await remove(given.id).catch(() => {});
}

/** A result is no more: who looks at it sees an empty form. */
export function forget(/** @type {string} */ id) {
  if (ended.value && isOf(ended.value, id)) ended.value = null;
  if (!looked.value || !isOf(looked.value, id)) return;
  const isHere = isOf(looked.value, address.value.id);
  looked.value = null;
  if (isHere) openInstead("recognise");
}

/** Follows one to its end. */
async function watch(/** @type {Recognition} */ one) {
  try {
    const ending = await tell(one);
    one.outcomes.value = await outcomesOf(one.id, ending, one.outcomes.value?.[0]);
  } catch (error) {
    one.failure.value = error;
  }
  if (running.value !== one) return;
  batch(() => {
    running.value = null;
    if (looked.value !== one || view.value !== "recognise") ended.value = one;
  });
}

/** Tells the log of one, in the language of the page, whatever that is meanwhile; how it ended. */
async function tell(/** @type {Recognition} */ one) {
  for (;;) {
    const spoken = language.value;
    const switched = new AbortController();
    const listening = effect(() => {
      if (language.value !== spoken) switched.abort();
    });
    let steps = /** @type {Step[]} */ ([]);
    try {
      return await follow(
        eventsOf(one.id),
        (step) => {
          steps = addStep(steps, step);
          one.steps.value = steps;
        },
        switched.signal,
      );
    } catch (error) {
      if (!switched.signal.aborted) throw error;
    } finally {
      listening();
    }
  }
}

/** Who comes to the address of a result finds it, be it done or under way, their own or another's. */
async function lookAt(/** @type {string} */ id) {
  const known = [running.value, ended.value].find((one) => one && isOf(one, id));
  if (known && known === ended.value) ended.value = null;
  if (looked.value && isOf(looked.value, id) && !looked.value.failure.value) return;
  if (known) {
    looked.value = known;
    return;
  }
  const one = recognitionOf(id, null);
  looked.value = one;
  try {
    const document = await findResult(id);
    if (document) one.outcomes.value = [document];
    else running.value ??= one;
    await watch(one);
  } catch (error) {
    one.failure.value = error;
    await tell(one).catch(() => {});
  }
}

const isGone = computed(() => readiness.value.isGone);

effect(() => {
  const { view: name, id } = address.value;
  // What could not be asked for is asked for again, with the key or when the server is back.
  unlocked.value;
  isGone.value;
  untracked(() => {
    if (id && name === "recognise") lookAt(id);
    else if (!id && (name === "recognise" || name === "")) looked.value = null;
  });
});

// What has ended is told again in the new language; what runs sees to that itself.
let spoken = language.peek();
effect(() => {
  if (language.value === spoken) return;
  spoken = language.value;
  untracked(() => {
    const one = looked.value;
    if (!one || one === running.value) return;
    tell(one).catch((error) => {
      if (one.failure.value?.name === error.name) one.failure.value = error;
    });
  });
});
