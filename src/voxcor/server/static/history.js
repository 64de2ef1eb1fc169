/** What was recognised before, the newest first. */

import { fileOf, getJson, remove } from "./api.js";
import { clock } from "./format.js";
import { html, Icon } from "./html.js";
import { labelOf } from "./labels.js";
import { forget } from "./recognitions.js";
import { Verdict } from "./scores.js";
import { show } from "./state.js";
import { t } from "./strings.js";
import { useEffect } from "./vendor/preact-hooks.js";
import { signal } from "./vendor/signals.js";

/** @import { Page, Result } from "./server.js" */

const PAGE = 30;

const results = signal(/** @type {Result[] | null} */ (null)); // null until the server has answered
const following = signal(/** @type {string | null} */ (null)); // before which the next page begins
const failure = signal(/** @type {Error | null} */ (null));
const doomed = signal(/** @type {string | null} */ (null)); // the id whose deletion waits for a second click

/** @param {string | null} before `next` of the page before */
async function load(before = null) {
  try {
    /** @type {Page} */
    const page = await getJson(`v1/results?limit=${PAGE}${before ? `&before=${before}` : ""}`);
    results.value = [...((before && results.value) || []), ...page.results];
    following.value = page.next;
    failure.value = null;
  } catch (error) {
    failure.value = error;
  }
}

async function erase(/** @type {string} */ id) {
  if (doomed.value !== id) {
    doomed.value = id;
    return;
  }
  doomed.value = null;
  try {
    await remove(id);
    results.value = (results.value ?? []).filter((result) => result.id !== id);
    forget(id);
  } catch (error) {
    failure.value = error;
  }
}

export function History() {
  useEffect(() => {
    load();
    return () => {
      doomed.value = null;
    };
  }, []);
  return html`
    <section class="card" aria-label=${t("history")}>
      <h2>${t("history")}</h2>
      ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      <ul class="list" aria-busy=${results.value === null}>
        ${results.value?.map((result) => html`<${Entry} key=${result.id} result=${result} />`)}
      </ul>
      ${results.value?.length === 0 && html`<p class="nothing">${t("historyEmpty")}</p>`}
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
