/** What is in the library, recording by recording: all past results go in, one goes out. */

import { getJson, request } from "../api.js";
import { clock } from "../format.js";
import { html, Icon } from "../html.js";
import { addToLibrary } from "../library.js";
import { loadPeople } from "../people.js";
import { useSignal } from "../vendor/signals.js";
import { askOtherwise, failure, goToLook, loadLibrary, placeOfLook, question, recordings } from "./asking.js";
import { stockChanged } from "./computing.js";
import { counted, t } from "./strings.js";
import { CompareButton } from "./takes.js";

/** @import { Page, RecordingDocument, Removal } from "../server.js" */

const PAGE = 200; // results that are asked for at once
const TOGETHER = 10; // that go in at once, so that it is seen how it goes
const DRAWN = 10;
const MORE = 200;

/** The ids of all results that the server keeps. */
async function everyResult() {
  /** @type {string[]} */
  const ids = [];
  let before = "";
  do {
    /** @type {Page} */
    const page = await getJson(`v1/results?limit=${PAGE}${before && `&before=${before}`}`);
    ids.push(...page.results.map(({ id }) => id));
    before = page.next ?? "";
  } while (before);
  return ids;
}

/** Adds all results that the server keeps, and tells how far it is. */
export function AddHistory({ isPrimary = false }) {
  const progress = useSignal(/** @type {{ done: number, total: number } | null} */ (null));
  const said = useSignal("");
  const add = async () => {
    said.value = "";
    progress.value = { done: 0, total: 0 };
    try {
      const ids = await everyResult();
      let added = 0;
      let problem = "";
      for (let done = 0; done < ids.length; done += TOGETHER) {
        progress.value = { done, total: ids.length };
        for (const outcome of await addToLibrary({ result_ids: ids.slice(done, done + TOGETHER) })) {
          if (outcome.failure) problem = `${outcome.name}: ${outcome.failure.message}`;
          else if (outcome.segments) added++;
        }
      }
      said.value = !ids.length
        ? t("addHistoryNone")
        : problem || t("addHistoryDone", { added: counted("recordings", added) });
    } catch (error) {
      said.value = error.message;
    }
    progress.value = null;
    stockChanged();
    await loadLibrary();
  };
  const label = progress.value?.total ? t("addHistoryRunning", progress.value) : t("addHistory");
  return html`
    <button class=${isPrimary ? "primary" : "quiet"} disabled=${progress.value !== null} onClick=${add}>${label}</button>
    <span role="status">${said.value}</span>
  `;
}

export function Stock() {
  const shown = useSignal(DRAWN);
  const removed = useSignal(/** @type {{ name: string, people: string[] } | null} */ (null));
  const all = recordings.value;
  return html`
    <section class="card stock" aria-label=${t("recordings")}>
      <div class="title-row">
        <h2>${counted("recordings", all.length)}</h2>
        <div class="row"><${AddHistory} /></div>
      </div>
      <p class="faint" role="status">${removed.value && removalOf(removed.value)}</p>
      <ul class="list">
        ${all.slice(0, shown.value).map((one) => html`<${Entry} key=${one.recording} recording=${one} onRemoved=${(/** @type {string[]} */ people) => (removed.value = { name: one.name, people })} />`)}
      </ul>
      ${all.length > shown.value && html`<button class="quiet" onClick=${() => (shown.value += MORE)}>${t("hitsMore")}</button>`}
    </section>
  `;
}

/** What is gone, and who was enrolled by it. */
function removalOf(/** @type {{ name: string, people: string[] }} */ { name, people }) {
  const words = [t("removed", { name }), ...people.map((person) => t("removedOf", { person }))];
  return words.join(t("sentences"));
}

/** @param {{ recording: RecordingDocument, onRemoved: (people: string[]) => void }} props */
function Entry({ recording: { recording, name, segments, speaker, recorded_at, duration_ms }, onRemoved }) {
  const isDoomed = useSignal(false);
  const remove = async () => {
    if (!isDoomed.value) {
      isDoomed.value = true;
      return;
    }
    /** @type {Removal} */
    let removal;
    try {
      const response = await request(`v1/library/recordings/${encodeURIComponent(recording)}`, { method: "DELETE" });
      removal = await response.json();
    } catch (error) {
      failure.value = error;
      return;
    }
    // Gone from everything that is on the page, too.
    recordings.value = recordings.value.filter((other) => other.recording !== recording);
    stockChanged();
    onRemoved(removal.people);
    if (removal.people.length) await loadPeople();
    if (question.value.segment.startsWith(recording)) askOtherwise({ segment: "" });
    await loadLibrary();
  };
  return html`
    <li class="item">
      <div class="item-head">
        <b class="file-name">${name}</b>
        <small class="faint"><span class="number">${recorded_at.replace("T", " ")}</span> · ${clock(duration_ms / 1000)} · ${counted("hits", segments)}${speaker && ` · ${speaker}`}</small>
      </div>
      ${segments > 2 && html`<a class="button quiet" aria-label=${t("courseOf", { name })} href="#${placeOfLook({ panel: "courses", recording })}" onClick=${goToLook}>${t("panelCourses")}</a>`}
      <${CompareButton} recording=${recording} name=${name} />
      <button class=${isDoomed.value ? "danger" : "icon-only"} aria-label=${t(isDoomed.value ? "removeReally" : "removeOne", { name })} onBlur=${() => (isDoomed.value = false)} onClick=${remove}>
        ${isDoomed.value ? t("removeNow") : html`<${Icon} name="bin" />`}
      </button>
    </li>
  `;
}
