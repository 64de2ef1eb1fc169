/**
 * What people say of segments of the library: kept at once, taken back, and said again. `latest` is what is said of
 * those that were last looked at, by their ids, wherever they are shown.
 */

import { sendJson } from "../api.js";
import { verdictOf } from "../corrections/corrected.js";
import { annotator } from "../state.js";
import { computed, signal } from "../vendor/signals.js";
import { counted, t } from "./strings.js";

/** @import { Verdict } from "../corrections/corrected.js" */
/** @import { LabelledDocument } from "../server.js" */

/** @typedef {Pick<LabelledDocument, "emotion" | "label" | "said">} Judged */

/**
 * A label of each segment, by their ids; null: not the model's; undefined: nothing is said.
 *
 * @typedef {Map<string, string | null | undefined>} Saying
 */

/** @typedef {{ who: string | null, before: Saying, after: Saying }} Step */

const TOGETHER = 1000; // that a request takes

export const latest = signal(/** @type {Map<string, Judged>} */ (new Map()));
/** How often something was said: what the server tells of many segments together is another then. */
export const sayings = signal(0);
export const status = signal("");
export const problem = signal(/** @type {Error | null} */ (null));
const past = signal(/** @type {Step[]} */ ([]));
const future = signal(/** @type {Step[]} */ ([]));
export const canUndo = computed(() => past.value.length > 0);
export const canRedo = computed(() => future.value.length > 0);

export function remember(/** @type {LabelledDocument[]} */ segments) {
  const told = segments.map(({ id, emotion, label, said }) => /** @type {const} */ ([id, { emotion, label, said }]));
  latest.value = new Map([...latest.value, ...told]);
}

const pages = (/** @type {string[]} */ ids) =>
  Array.from({ length: Math.ceil(ids.length / TOGETHER) }, (_, page) =>
    ids.slice(page * TOGETHER, (page + 1) * TOGETHER),
  );

/** Segments by their ids, as they are now. Raises ApiError. */
export async function segmentsOf(/** @type {string[]} */ ids) {
  /** @type {LabelledDocument[]} */
  const all = [];
  for (const page of pages(ids)) all.push(...(await sendJson("POST", "v1/library/segments", { ids: page })).segments);
  remember(all);
  return all;
}

const whoListens = () => annotator.value.trim() || null;

/** What an annotator says of a segment. */
const saidBy = (/** @type {Judged} */ { said }, /** @type {string | null} */ who) =>
  said.findLast((one) => one.annotator === who)?.label;

/**
 * What all say of a segment together, and what whoever listens says.
 *
 * @param {Judged} segment
 * @returns {{ verdict: Verdict | null, own: Verdict | null }}
 */
export function verdictsOf(segment) {
  const own = saidBy(segment, whoListens());
  return {
    verdict: segment.said.length ? verdictOf(segment, segment.label) : null,
    own: own === undefined ? null : verdictOf(segment, own),
  };
}

/**
 * @param {string | null} who
 * @param {Saying} saying
 */
async function send(who, saying) {
  /** @type {Map<string | null | undefined, string[]>} */
  const byLabel = new Map();
  for (const [id, label] of saying) byLabel.set(label, [...(byLabel.get(label) ?? []), id]);
  for (const [label, ids] of byLabel) {
    for (const segments of pages(ids)) {
      const form = { segments, annotator: who };
      const path = "v1/library/labels";
      const answer =
        label === undefined ? await sendJson("DELETE", path, form) : await sendJson("PUT", path, { ...form, label });
      remember(answer.segments);
    }
  }
  sayings.value++;
}

let turn = Promise.resolve();

/** One after the other: what is said depends on what was said before. */
function inTurn(/** @type {() => Promise<void>} */ work) {
  turn = turn.then(async () => {
    status.value = t("saving");
    problem.value = null;
    try {
      await work();
    } catch (error) {
      status.value = "";
      problem.value = error;
    }
  });
  return turn;
}

/**
 * Says something of segments, as whoever listens; nothing where `meant` gives undefined.
 *
 * @param {string[]} ids
 * @param {(segment: LabelledDocument) => string | null | undefined} meant
 */
export const say = (ids, meant) =>
  inTurn(async () => {
    const who = whoListens();
    const segments = (await segmentsOf(ids)).filter((segment) => saidBy(segment, who) !== meant(segment));
    /** @type {Step} */
    const step = {
      who,
      before: new Map(segments.map((segment) => [segment.id, saidBy(segment, who)])),
      after: new Map(segments.map((segment) => [segment.id, meant(segment)])),
    };
    // Before it is sent: of many, some may be kept where the rest is not.
    if (segments.length) past.value = [...past.value, step];
    future.value = [];
    await send(who, step.after);
    status.value = t("labelled", { count: counted("hits", segments.length) });
  });

export const undo = () =>
  inTurn(async () => {
    const step = past.value.at(-1);
    if (step) {
      await send(step.who, step.before);
      past.value = past.value.slice(0, -1);
      future.value = [...future.value, step];
    }
    status.value = step ? t("undone") : "";
  });

export const redo = () =>
  inTurn(async () => {
    const step = future.value.at(-1);
    if (step) {
      await send(step.who, step.after);
      future.value = future.value.slice(0, -1);
      past.value = [...past.value, step];
    }
    status.value = step ? t("labelled", { count: counted("hits", step.after.size) }) : "";
  });
