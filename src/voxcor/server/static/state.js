/** What the whole page shares. Language, theme, options and one's name outlive a visit; nothing else does. */

import { computed, effect, signal } from "./vendor/signals.js";

/** @import { Signal } from "./vendor/signals.js" */
/** @import { Granularity, ModelList, Result } from "./server.js" */
/** @import { Outcome } from "./api.js" */

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

const viewOf = () => location.hash.slice(1);

/** Which view is asked for; it is the fragment of the address, so that Back works. */
export const view = signal(viewOf());
addEventListener("hashchange", () => {
  view.value = viewOf();
});
export const open = (/** @type {string} */ name) => {
  location.hash = name;
};

/**
 * The result that is on the screen; null while there is none.
 *
 * @type {Signal<Result | null>}
 */
export const shown = signal(null);

/**
 * The outcomes of the channels it is one of, as `recognise` gives them; empty for a whole.
 *
 * @type {Signal<Outcome[]>}
 */
export const channels = signal([]);

/**
 * @param {Result} document
 * @param {Outcome[]} outcomes
 */
export function show(document, outcomes = []) {
  shown.value = document;
  channels.value = outcomes.length > 1 ? outcomes : [];
  open("recognise");
}

/**
 * `GET /v1/models`; null until it has answered.
 *
 * @type {Signal<ModelList | null>}
 */
export const models = signal(null);

/** Whether the model is warm; `problem` is why it cannot be. */
export const readiness = signal({ ready: false, problem: /** @type {string | null} */ (null) });

/** Set where the server wants its API key. */
export const locked = signal(false);

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
