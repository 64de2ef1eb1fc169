/** What was recognised before, the newest first. */

import { fileOf, getJson, remove } from "../api.js";
import { Filters, NOTHING_FILTERED } from "../filters.js";
import { clock } from "../format.js";
import { html, Icon } from "../html.js";
import { labelOf } from "../labels.js";
import { forget } from "../recognise/recognitions.js";
import { Verdict } from "../result/scores.js";
import { show } from "../state.js";
import { t } from "../strings.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { signal } from "../vendor/signals.js";

/** @import { InputEvent } from "../html.js" */
/** @import { Page, Result } from "../server.js" */

const PAGE = 30;

const results = signal(/** @type {Result[] | null} */ (null)); // null until the server has answered
const following = signal(/** @type {string | null} */ (null)); // before which the next page begins
const failure = signal(/** @type {Error | null} */ (null));
const doomed = signal(/** @type {string | null} */ (null)); // the id whose deletion waits for a second click
const chosen = signal(/** @type {Set<string>} */ (new Set())); // ids
const areDoomed = signal(false);
const filter = signal(NOTHING_FILTERED);

/** @param {string | null} before `next` of the page before */
async function load(before = null) {
  const asked = filter.value;
  const given = Object.entries({ ...asked, name: asked.name.trim(), before }).filter(([, value]) => value);
  try {
    const query = new URLSearchParams(/** @type {[string, string][]} */ (given));
    /** @type {Page} */
    const page = await getJson(`v1/results?limit=${PAGE}&${query}`);
    if (filter.value !== asked) return; // typed on meanwhile
    results.value = [...((before && results.value) || []), ...page.results];
    following.value = page.next;
    failure.value = null;
  } catch (error) {
    failure.value = error;
  }
}

/** Deletes results, and takes them off the list. */
async function eraseAll(/** @type {Iterable<string>} */ ids) {
  try {
    for (const id of ids) {
      await remove(id);
      results.value = (results.value ?? []).filter((result) => result.id !== id);
      choose(id, false);
      forget(id);
    }
  } catch (error) {
    failure.value = error;
  }
}

/**
 * @param {string} id
 * @param {boolean} isChosen
 */
function choose(id, isChosen) {
  const others = [...chosen.value].filter((other) => other !== id);
  chosen.value = new Set(isChosen ? [...others, id] : others);
}

async function erase(/** @type {string} */ id) {
  if (doomed.value !== id) {
    doomed.value = id;
    return;
  }
  doomed.value = null;
  await eraseAll([id]);
}

async function eraseChosen() {
  if (areDoomed.value) await eraseAll([...chosen.value]);
  areDoomed.value = !areDoomed.value && chosen.value.size > 0;
}

export function History() {
  useEffect(() => {
    return () => {
      doomed.value = null;
      areDoomed.value = false;
      chosen.value = new Set();
    };
  }, []);
  const asked = filter.value;
  useEffect(() => void load(), [asked]);
  const count = chosen.value.size;
  return html`
    <section class="card" aria-label=${t("history")}>
      <h2>${t("history")}</h2>
      ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      <${Filters} filter=${filter} />
      ${count > 0 && html`<button class=${areDoomed.value ? "danger" : "quiet"} onBlur=${() => (areDoomed.value = false)} onClick=${eraseChosen}>${t(areDoomed.value ? "eraseChosenReally" : "eraseChosen", { count })}</button>`}
      <ul class="list" aria-busy=${results.value === null}>
        ${results.value?.map((result) => html`<${Entry} key=${result.id} result=${result} />`)}
      </ul>
      ${results.value?.length === 0 && html`<p class="nothing">${t(asked === NOTHING_FILTERED ? "historyEmpty" : "historyNone")}</p>`}
      ${following.value && html`<button class="quiet" onClick=${() => load(following.value)}>${t("historyMore")}</button>`}
    </section>
  `;
}

function Entry(/** @type {{ result: Result }} */ { result }) {
  const { id, audio, emotion, abstained, granularity, model, timestamp } = result;
  const channel = audio.channel === null ? "" : ` · ${t("channel", { number: audio.channel + 1 })}`;
  const isDoomed = doomed.value === id;
  return html`
    <li class="item" style=${!abstained && { "--label": labelOf(emotion).color }}>
      <input type="checkbox" aria-label=${t("selectOne", { name: audio.name })} checked=${chosen.value.has(id)} onChange=${(/** @type {InputEvent} */ event) => choose(id, event.currentTarget.checked)} />
      <div class="item-head">
        <button class="link file-name" onClick=${() => show(result)}>${audio.name}</button>
        <small class="faint"><span class="number">${timestamp}</span> · ${clock(audio.duration_ms / 1000)}${channel} · ${t(granularity)} · ${model.id}</small>
      </div>
      <span class="verdict"><${Verdict} result=${result} /></span>
      <a class="icon-only" href=${fileOf(id, "archive.zip")} download aria-label=${t("archiveOf", { name: audio.name })}><${Icon} name="download" /></a>
      <button class=${isDoomed ? "danger" : "icon-only"} aria-label=${t(isDoomed ? "eraseReally" : "erase", { name: audio.name })} onClick=${() => erase(id)}>
        ${isDoomed ? t("eraseNow") : html`<${Icon} name="bin" />`}
      </button>
    </li>
  `;
}
