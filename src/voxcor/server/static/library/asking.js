/** What is asked of the library, as the page's address has it, and what came of it. */

import { getJson, request, sendJson } from "../api.js";
import { clip } from "../library.js";
import { address, open } from "../state.js";
import { batch, computed, signal } from "../vendor/signals.js";
import { remember } from "./labelling.js";

/** @import { AnswerDocument, LibraryDocument, RecordingDocument, RecordingList, Scores } from "../server.js" */

/** @typedef {AnswerDocument["meaning"]} Mixture */

/** @typedef {{ speaker: string, emotion: string, confidence: string, since: string, until: string }} Filters */

/**
 * One of `text`, `segment`, `result` and `clip` is asked with; `mixture` stands for it where somebody has changed what
 * it means.
 *
 * @typedef {{
 *   text: string,
 *   segment: string,
 *   result: string,
 *   start: string,
 *   end: string,
 *   clip: string,
 *   mixture: Mixture | null,
 *   model: string,
 *   filters: Filters,
 * }} Question
 */

/** @type {Filters} */
export const NO_FILTERS = { speaker: "", emotion: "", confidence: "", since: "", until: "" };

/** @type {Question} */
const NOTHING = {
  text: "",
  segment: "",
  result: "",
  start: "",
  end: "",
  clip: "",
  mixture: null,
  model: "",
  filters: NO_FILTERS,
};

/**
 * What is looked at below the search: the map, groups, courses or two recordings, `by_speaker` where voices are taken
 * away; a group by a segment of it; whose course, in which dimension; `first` and `second` are what is set beside each
 * other, groups or recordings, of the library or of results.
 *
 * @typedef {{
 *   panel: string,
 *   by_speaker: string,
 *   group: string,
 *   recording: string,
 *   dimension: string,
 *   first: string,
 *   second: string,
 * }} Look
 */

/** @type {Look} */
const FIRST_LOOK = { panel: "", by_speaker: "", group: "", recording: "", dimension: "", first: "", second: "" };

const PAGE = 20;
const MOST_LISTED = 1000; // recordings, at once

/** What the library has; null until the server has answered. */
export const library = signal(/** @type {LibraryDocument | null} */ (null));
export const recordings = signal(/** @type {RecordingDocument[]} */ ([]));
export const failure = signal(/** @type {Error | null} */ (null));
export const answer = signal(/** @type {AnswerDocument | null} */ (null));
export const isAsking = signal(false);
export const limit = signal(PAGE);

/** The table that is searched: of the chosen model, or the largest. */
export const table = computed(() => {
  const tables = (library.value?.tables ?? []).filter(({ segments }) => segments);
  const largest = tables.toSorted((a, b) => b.segments - a.segments)[0];
  return tables.find(({ model }) => model.id === question.value.model) ?? largest ?? null;
});

/** `angry:0.6,sad:0.4` */
const sharesFrom = (/** @type {string} */ text) =>
  Object.fromEntries(text.split(",").map((share) => [share.split(":")[0], Number(share.split(":")[1])]));
const sharesTo = (/** @type {Scores} */ shares) =>
  Object.entries(shares)
    .filter(([, share]) => share > 0)
    .map(([id, share]) => `${id}:${Number(share.toFixed(3))}`)
    .join(",");

const numberFrom = (/** @type {string | null} */ text) => (text === null ? null : Number(text));

/** What an address says under these names; nothing where it says nothing. */
const stringsOf = (/** @type {URLSearchParams} */ given, /** @type {object} */ names) =>
  Object.fromEntries(Object.keys(names).map((name) => [name, given.get(name) ?? ""]));

/** The question of an address. */
function questionOf(/** @type {string} */ text, /** @type {string} */ rest) {
  const given = new URLSearchParams(rest);
  const shares = given.get("shares");
  const mixture = shares && {
    shares: sharesFrom(shares),
    arousal: numberFrom(given.get("arousal")),
    valence: numberFrom(given.get("valence")),
  };
  const { segment, result, start, end, model } = NOTHING;
  return /** @type {Question} */ ({
    ...stringsOf(given, { segment, result, start, end, clip: "", model }),
    text,
    mixture: mixture || null,
    filters: stringsOf(given, NO_FILTERS),
  });
}

export const question = computed(() => questionOf(address.value.id, address.value.rest));

export const look = computed(
  () => /** @type {Look} */ (stringsOf(new URLSearchParams(address.value.rest), FIRST_LOOK)),
);

/** Where a question is asked, and what is looked at below it. */
function placeOf(/** @type {Question} */ { text, mixture, filters, ...rest }, looked = look.value) {
  /** @type {[string, string][]} */
  const given = Object.entries({ ...rest, ...filters, ...looked }).filter(([, value]) => value);
  if (mixture) {
    given.push(["shares", sharesTo(mixture.shares)]);
    for (const name of /** @type {const} */ (["arousal", "valence"])) {
      const value = mixture[name];
      if (value !== null) given.push([name, value.toFixed(2)]);
    }
  }
  const asked = given.length ? `/${new URLSearchParams(given)}` : "";
  return text || asked ? `library/${encodeURIComponent(text)}${asked}` : "library";
}

/** Asks something else of the same segments. */
export const ask = (/** @type {Partial<Question>} */ asked) =>
  open(placeOf({ ...NOTHING, model: question.value.model, filters: question.value.filters, ...asked }));

/** Asks the same otherwise: by another mixture, of other segments. */
export const askOtherwise = (/** @type {Partial<Question>} */ change) =>
  open(placeOf({ ...question.value, ...change }));

/** Where something else is looked at, of what is asked now. */
export function placeOfLook(/** @type {Partial<Look>} */ change) {
  const next = { ...look.value, ...change };
  // Two groups are no two recordings.
  const isKept = (next.panel === "compare") === (look.value.panel === "compare");
  return placeOf(question.value, isKept ? next : { ...next, first: "", second: "", ...change });
}

/** Looks at something else. */
export const lookAt = (/** @type {Partial<Look>} */ change) => open(placeOfLook(change));

/** Brings what is looked at before the reader. */
export function goToLook() {
  const panel = document.getElementById("panel");
  panel?.scrollIntoView();
  panel?.focus({ preventScroll: true });
}

/** Whether anything is asked; filters alone ask nothing. */
export const isAsked = ({ text, segment, result, clip: name, mixture } = question.value) =>
  Boolean(text || segment || result || name || mixture);

const given = (/** @type {Filters} */ { confidence, ...texts }) => ({
  ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value)),
  ...(confidence && { confidence: Number(confidence) }),
});

/** What the map and a search have in common. */
export const scopeOf = (/** @type {Question} */ { model, filters }) => ({
  model: model || null,
  filters: given(filters),
});

const milliseconds = (/** @type {string} */ text) => (text ? Number(text) : null);

/** @returns {Promise<AnswerDocument>} */
async function answerTo(/** @type {Question} */ asked, /** @type {number} */ most, /** @type {AbortSignal} */ signal) {
  const scope = { ...scopeOf(asked), limit: most };
  if (asked.clip && !asked.mixture) {
    const form = new FormData();
    form.append("file", /** @type {File} */ (clip.value), asked.clip);
    form.append("limit", String(most));
    if (asked.model) form.append("model", asked.model);
    form.append("filters", JSON.stringify(scope.filters));
    return (await request("v1/library/search", { method: "POST", body: form, signal })).json();
  }
  const what = asked.mixture
    ? { mixture: asked.mixture }
    : asked.segment
      ? { segment: asked.segment }
      : asked.result
        ? { result_id: asked.result, start_ms: milliseconds(asked.start), end_ms: milliseconds(asked.end) }
        : { query: asked.text };
  return sendJson("POST", "v1/library/search", { ...what, ...scope });
}

let asking = new AbortController();

/** Asks what the address asks; a clip that is no longer there cannot be asked with. */
export async function answerNow(/** @type {Question} */ asked, /** @type {number} */ most) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  failure.value = null;
  if (!isAsked(asked) || (asked.clip && !asked.mixture && clip.value?.name !== asked.clip)) {
    answer.value = null;
    isAsking.value = false;
    return;
  }
  isAsking.value = true;
  try {
    const found = await answerTo(asked, most, signal);
    if (signal.aborted) return;
    remember(found.hits);
    answer.value = found;
  } catch (error) {
    if (signal.aborted) return;
    answer.value = null;
    failure.value = error;
  }
  if (!signal.aborted) isAsking.value = false;
}

export const askMore = () => {
  limit.value += PAGE;
};
export const askFewest = () => {
  limit.value = PAGE;
};

async function everyRecording() {
  /** @type {RecordingDocument[]} */
  const all = [];
  for (;;) {
    /** @type {RecordingList} */
    const page = await getJson(`v1/library/recordings?limit=${MOST_LISTED}&offset=${all.length}`);
    all.push(...page.recordings);
    if (all.length >= page.total || !page.recordings.length) return all;
  }
}

/** What is in the library now. */
export async function loadLibrary() {
  try {
    /** @type {LibraryDocument} */
    const known = await getJson("v1/library");
    const all = known.tables.length ? await everyRecording() : [];
    batch(() => {
      recordings.value = all;
      library.value = known;
    });
  } catch (error) {
    failure.value = error;
  }
}

/** Speakers in the library, in the order of their names. */
export const speakers = computed(() => {
  const named = recordings.value.flatMap(({ speaker }) => speaker ?? []);
  return [...new Set(named)].sort();
});
