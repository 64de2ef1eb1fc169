/** What the whole page shares. Language, theme, options and one's name outlive a visit; nothing else does. */

import { computed, effect, signal } from "./vendor/signals.js";

/** @import { Signal } from "./vendor/signals.js" */
/** @import { Granularity, ModelList, Result } from "./server.js" */
/** @import { Outcome, Step } from "./api.js" */

/**
 * The options of `voxcor recognize`; `labels` null for all, `model` null for the server's.
 *
 * @typedef {{
 *   granularity: Granularity,
 *   embedding: boolean,
 *   trim: boolean,
 *   labels: string[] | null,
 *   model: string | null,
 *   channels: "mix" | "separate",
 *   abstain_below: number | null,
 *   any_sound: boolean,
 *   strict: boolean,
 *   track: number | null,
 *   raw: string | null,
 *   relative_to: string | null,
 * }} Options
 */

/**
 * A signal that the browser remembers; what it cannot read again counts for nothing.
 *
 * @template T
 * @param {string} name
 * @param {T} initial
 * @returns {Signal<T>}
 */
function remembered(name, initial) {
  let value = initial;
  try {
    value = JSON.parse(localStorage.getItem(`voxcor.${name}`) ?? "null") ?? initial;
  } catch {
    // Storage is forbidden, or was written by somebody else.
  }
  const kept = signal(value);
  effect(() => {
    try {
      localStorage.setItem(`voxcor.${name}`, JSON.stringify(kept.value));
    } catch {
      // It lasts for this visit, then.
    }
  });
  return kept;
}

const browserLanguage = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const chosenLanguage = remembered("language", /** @type {"en" | "zh" | null} */ (null));

/** The language of the page. */
export const language = computed(() => chosenLanguage.value ?? browserLanguage);
export const setLanguage = (/** @type {"en" | "zh"} */ name) => {
  chosenLanguage.value = name;
};

export const theme = remembered("theme", /** @type {"system" | "light" | "dark"} */ ("system"));
export const setTheme = (/** @type {typeof theme.value} */ name) => {
  theme.value = name;
};

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(systemDark.matches);
systemDark.addEventListener("change", () => {
  systemIsDark.value = systemDark.matches;
});

export const isDark = computed(() => (theme.value === "system" ? systemIsDark.value : theme.value === "dark"));

/** @type {Signal<Options>} */
export const options = remembered("options", {
  granularity: "utterance",
  embedding: false,
  trim: true,
  labels: null,
  model: null,
  channels: "mix",
  abstain_below: null,
  any_sound: false,
  strict: false,
  track: null,
  raw: null,
  relative_to: null,
});
// What is true of one recording only.
options.value = { ...options.value, track: null, raw: null };

/**
 * @template {keyof Options} Name
 * @param {Name} name
 * @param {Options[Name]} value
 */
export function setOption(name, value) {
  options.value = { ...options.value, [name]: value };
}

/** Who corrects; empty where that is nobody's business. */
export const annotator = remembered("annotator", "");

/**
 * Who speaks when in the recording that is recognised next, an RTTM file or a CSV.
 *
 * @type {Signal<{ name: string, text: string } | null>}
 */
export const speakers = signal(null);

/** Whether the server keeps the recordings of a job, so that they can be played, and tried again. */
export const keepAudio = remembered("keepAudio", true);

/** Addresses of one thing, and the view that shows it. */
const PLACES = new Map([
  ["result", "recognise"],
  ["job", "queue"],
  ["library", "library"],
]);

/** `#queue`, `#job/ID`, `#result/ID/SECONDS`, `#library/QUERY/HOW`: a view, what is open in it, and how. */
function addressNow() {
  const [name, id = "", rest = ""] = location.hash.slice(1).split("/");
  const [known, open] = [decoded(name), decoded(id)];
  return { view: (open && PLACES.get(known)) || known, id: PLACES.has(known) ? open : "", rest };
}

function decoded(/** @type {string} */ part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where the reader is. It is the fragment of the page's address, so that it can be kept, shared and gone back to. */
export const address = signal(addressNow());
addEventListener("hashchange", () => {
  address.value = addressNow();
});

/** Which view is asked for. */
export const view = computed(() => address.value.view);

export const open = (/** @type {string} */ place) => {
  location.hash = place;
};

/** As `open`, in place of where the reader is: Back does not lead there. */
export const openInstead = (/** @type {string} */ place) => location.replace(`#${place}`);

export const placeOfResult = (/** @type {string} */ id) => `result/${id}`;
export const placeOfJob = (/** @type {string} */ id) => `job/${id}`;

/**
 * A recording on its way to its outcomes, or there: `name` is what its sender calls it, null where that is not known
 * yet; `outcomes` are those of all its channels.
 *
 * @typedef {{
 *   id: string,
 *   name: string | null,
 *   steps: Signal<Step[]>,
 *   outcomes: Signal<Outcome[] | null>,
 *   failure: Signal<Error | null>,
 * }} Recognition
 */

/**
 * The one that was looked at last.
 *
 * @type {Signal<Recognition | null>}
 */
export const looked = signal(null);

/** The result that is on the screen; null while there is none. */
export const shown = computed(() => {
  for (const outcome of looked.value?.outcomes.value ?? []) {
    if ("id" in outcome && outcome.id === address.value.id) return outcome;
  }
  return null;
});

/** The outcomes of the channels it is one of, as `recognise` gives them; empty for a whole. */
export const channels = computed(() => {
  const outcomes = looked.value?.outcomes.value ?? [];
  return outcomes.length > 1 ? outcomes : [];
});

export const show = (/** @type {Result} */ { id }) => open(placeOfResult(id));

/**
 * `GET /v1/models`; null until it has answered.
 *
 * @type {Signal<ModelList | null>}
 */
export const models = signal(null);

/** Whether the model is warm; `problem` is why it cannot be, `isGone` that nothing answers at all. */
export const readiness = signal({ ready: false, isGone: false, problem: /** @type {string | null} */ (null) });

/** Set where the server wants its API key. */
export const locked = signal(false);

/** How often a key was accepted: what was refused before is asked for again. */
export const unlocked = signal(0);

/** The labels that the chosen model can give. */
export const modelLabels = computed(() => {
  const known = models.value?.models ?? [];
  const chosen = options.value.model ?? models.value?.active;
  return known.find((model) => model.id === chosen)?.labels ?? [];
});

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.theme = isDark.value ? "dark" : "light";
});
