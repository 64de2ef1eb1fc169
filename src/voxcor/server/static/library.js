/** The ways into the library. What it is made of comes when it is first opened. */

import { sendJson } from "./api.js";
import { html } from "./html.js";
import { open } from "./state.js";
import { t } from "./strings.js";
import { useEffect } from "./vendor/preact-hooks.js";
import { signal, useSignal } from "./vendor/signals.js";

/** @import { Addition, AdditionForm, Additions } from "./server.js" */

/** @typedef {typeof import("./library/view.js").LibraryView} View */

const view = signal(/** @type {View | null} */ (null));
const failure = signal(/** @type {Error | null} */ (null));

/** The clip that is searched by; a browser keeps no file for another visit. */
export const clip = signal(/** @type {File | null} */ (null));

export function searchByClip(/** @type {File} */ file) {
  clip.value = file;
  open(`library//${new URLSearchParams({ clip: file.name })}`);
}

/**
 * Where what sounds like a result is looked for, or like a part of it; times in seconds.
 *
 * @param {string} id
 * @param {{ start: number, end: number }} [part]
 */
export function placeOfSimilar(id, part) {
  const milliseconds = (/** @type {number} */ time) => String(Math.round(1000 * time));
  const times = part && { start: milliseconds(part.start), end: milliseconds(part.end) };
  return `library//${new URLSearchParams({ result: id, ...times })}`;
}

/** Where a result is set beside another recording. */
export const placeOfComparison = (/** @type {string} */ id) =>
  `library//${new URLSearchParams({ panel: "compare", first: id })}`;

/** A style sheet is there before what it is for is drawn. */
const styled = (/** @type {string} */ name) =>
  new Promise((resolve, reject) => {
    const href = `static/library/${name}.css`;
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    link.onload = resolve;
    link.onerror = () => reject(new Error(t("offline")));
    document.head.append(link);
  });

async function load() {
  try {
    const styles = ["library", "panels", "beside"].map(styled);
    const [{ LibraryView }] = await Promise.all([import("./library/view.js"), ...styles]);
    view.value = LibraryView;
    failure.value = null;
  } catch (error) {
    failure.value = error;
  }
}

export function Library() {
  useEffect(() => void (view.value ?? load()), []);
  if (failure.value) return html`<p class="problem" role="alert">${failure.value.message}</p>`;
  return view.value ? html`<${view.value} />` : html`<section class="card" aria-busy="true"></section>`;
}

/** Takes results, or the recordings of jobs, into the library: what came of each recording. Raises ApiError. */
export async function addToLibrary(/** @type {AdditionForm} */ what) {
  /** @type {Additions} */
  const { outcomes } = await sendJson("POST", "v1/library/recordings", what);
  return outcomes;
}

/**
 * Adds what is named, and says how that went.
 *
 * @param {{ what: AdditionForm }} props
 */
export function AddToLibrary({ what }) {
  const isBusy = useSignal(false);
  const outcomes = useSignal(/** @type {Addition[] | null} */ (null));
  const problem = useSignal("");
  const add = async () => {
    isBusy.value = true;
    problem.value = "";
    try {
      outcomes.value = await addToLibrary(what);
      const [first] = outcomes.value.filter(({ failure }) => failure);
      if (first?.failure) problem.value = `${first.name}: ${first.failure.message}`;
    } catch (error) {
      problem.value = error.message;
    }
    isBusy.value = false;
  };
  const isIn = outcomes.value?.some(({ failure }) => !failure);
  return html`
    ${
      isIn
        ? html`<span class="added" role="status">${t("libraryAdded")} <a href="#library">${t("libraryOpen")}</a></span>`
        : html`<button class="quiet" disabled=${isBusy.value} onClick=${add}>${t(isBusy.value ? "libraryAdding" : "libraryAdd")}</button>`
    }
    ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
  `;
}
