/** What is kept of a live session, to take away: its sound, its events, or a result of its sound. */

import { recognise } from "../api.js";
import { html, Icon } from "../html.js";
import { chosenOptions } from "../options.js";
import { show } from "../state.js";
import { t } from "../strings.js";
import { batch, signal } from "../vendor/signals.js";
import { wavOf } from "../wav.js";
import { stampedName } from "./microphone.js";
import { kept, session } from "./session.js";

/** @import { Result } from "../server.js" */
/** @import { Kept as KeptSession } from "./session.js" */

/** What has become of the sound of a session on the server. */
const saving = signal(/** @type {{ of: KeptSession, result: Result | null, failure: Error | null } | null} */ (null));

const soundOf = (/** @type {KeptSession} */ { audio, started }) => wavOf(audio ?? [], stampedName("live", started));

/** Every message of the server, in order: what `voxcor stream --json` writes, and when it began. */
const eventsOf = (/** @type {KeptSession} */ { messages, started }) =>
  new File(
    [JSON.stringify({ started: started.toISOString(), events: messages }, null, 1)],
    stampedName("live", started, ".json"),
    { type: "application/json" },
  );

function download(/** @type {File} */ file) {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href: url, download: file.name }).click();
  // The browser has it by then; without this it would keep the bytes.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Sends the sound as a recording: its result is kept, exported and found like any other. */
async function save(/** @type {KeptSession} */ of) {
  saving.value = { of, result: null, failure: null };
  const form = { ...chosenOptions(), granularity: /** @type {const} */ ("segment"), labels: null, trim: false };
  try {
    const [outcome] = await recognise(soundOf(of), { ...form, channels: "mix", track: null, raw: null });
    if ("id" in outcome) saving.value = { of, result: outcome, failure: null };
  } catch (failure) {
    saving.value = { of, result: null, failure };
  }
}

/** Offered once the session has ended, if anything was said in it. */
export function Kept() {
  const of = kept.value;
  if (!of || session.value || !of.messages.length) return null;
  const saved = saving.value?.of === of ? saving.value : null;
  const { result = null, failure = null } = saved ?? {};
  const forget = () =>
    batch(() => {
      kept.value = saving.value = null;
    });
  return html`
    <section class="card kept" aria-label=${t("kept")}>
      <h2>${t("kept")}</h2>
      <p class="faint">${t(of.audio ? "keptHint" : "keptSilent")}</p>
      ${failure && html`<p class="problem" role="alert">${failure.message}</p>`}
      <div class="row">
        ${of.audio && !result && html`<button class="quiet" disabled=${saved && !failure} onClick=${() => save(of)}>${saved && !failure && html`<span class="spinner" aria-hidden="true"></span>`} ${t("keptSave")}</button>`}
        ${result && html`<button class="quiet" onClick=${() => show(result)}>${t("keptOpen")}</button>`}
        ${of.audio && html`<button class="quiet" onClick=${() => download(soundOf(of))}><${Icon} name="download" /> ${t("keptSound")}</button>`}
        <button class="quiet" onClick=${() => download(eventsOf(of))}><${Icon} name="download" /> ${t("keptEvents")}</button>
        <button class="quiet" onClick=${forget}>${t("keptForget")}</button>
      </div>
      <p role="status">${result && t("keptSaved")}</p>
    </section>
  `;
}
