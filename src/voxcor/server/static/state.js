/** What the whole page shares. Language, theme and options outlive a visit; nothing else does. */

import { computed, effect, signal } from "./vendor/signals.js";

/** A signal that the browser remembers; what it cannot read again counts for nothing. */
function remembered(name, initial) {
  let value = initial;
  try {
    value = JSON.parse(localStorage.getItem(`voxcor.${name}`)) ?? initial;
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
const chosenLanguage = remembered("language", null);

/** `en` or `zh`. */
export const language = computed(() => chosenLanguage.value ?? browserLanguage);
export const setLanguage = (name) => (chosenLanguage.value = name);

/** `system`, `light` or `dark`. */
export const theme = remembered("theme", "system");

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(systemDark.matches);
systemDark.addEventListener("change", () => (systemIsDark.value = systemDark.matches));

export const isDark = computed(() =>
  theme.value === "system" ? systemIsDark.value : theme.value === "dark",
);

/** The options of `voxcor recognize`; `labels` null for all, `model` null for the server's. */
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
export const setOption = (name, value) => (options.value = { ...options.value, [name]: value });

const viewOf = () => location.hash.slice(1);

/** Which view is asked for; it is the fragment of the address, so that Back works. */
export const view = signal(viewOf());
addEventListener("hashchange", () => (view.value = viewOf()));
export const open = (name) => (location.hash = name);

/** The result that is on the screen; null while there is none. */
export const shown = signal(null);

/** The outcomes of the channels it is one of, as `recognise` gives them; empty for a whole. */
export const channels = signal([]);

export function show(document, outcomes = []) {
  shown.value = document;
  channels.value = outcomes.length > 1 ? outcomes : [];
  open("recognise");
}

/** `GET /v1/models`; null until it has answered. */
export const models = signal(null);

/** Whether the model is warm; `problem` is why it cannot be. */
export const readiness = signal({ ready: false, problem: null });

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
