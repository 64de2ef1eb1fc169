/** The recordings of a job: how their emotions are spread, which of them are wanted, and what came of each. */

import { byChannel, channelOf } from "../api.js";
import { Filters, isWanted, NOTHING_FILTERED } from "../filters.js";
import { clock, part } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import * as recognitions from "../recognise/recognitions.js";
import { Bars, Verdict, Warnings, warningWords } from "../result/scores.js";
import { open } from "../state.js";
import { failureWords, t } from "../strings.js";
import { useSignal } from "../vendor/signals.js";
import * as work from "./jobs.js";

/** @import { Form } from "../api.js" */
/** @import { SelectEvent } from "../html.js" */
/** @import { JobDocument, JobItem } from "../server.js" */

// A list of thousands stays smooth where no more of it is drawn.
export const DRAWN = 200;

/**
 * Orders of the list; what is equal stays as it came.
 *
 * @type {Record<string, (a: JobItem, b: JobItem) => number>}
 */
const ORDERS = {
  sortLatest: () => 0,
  sortName: (a, b) => a.path.localeCompare(b.path),
  sortUnsure: (a, b) => confidenceOf(a) - confidenceOf(b),
  sortSure: (a, b) => confidenceOf(b) - confidenceOf(a),
};

/** Of its least sure channel; what failed has none. */
const confidenceOf = (/** @type {JobItem} */ { documents }) =>
  documents.length ? Math.min(...documents.map(({ confidence }) => confidence)) : -1;

/** The recordings of the open job, the latest first, or in another order. */
export function Recordings(/** @type {{ job: JobDocument }} */ { job }) {
  const filter = useSignal(NOTHING_FILTERED);
  const onlyFailed = useSignal(false);
  const order = useSignal("sortLatest");
  const drawn = useSignal(DRAWN);
  const all = work.recordings.value;
  const wanted = all
    .filter((item) => (onlyFailed.value ? item.failure : true) && isWanted(filter.value, item.path, item.documents))
    .reverse()
    .sort(ORDERS[order.value]);
  const rest = wanted.length - drawn.value;
  return html`
    <${Spread} items=${all} />
    ${
      all.length > 1 &&
      html`<${Filters} filter=${filter}>
        <select aria-label=${t("sort")} value=${order.value} onChange=${(/** @type {SelectEvent} */ event) => (order.value = event.currentTarget.value)}>
          ${Object.keys(ORDERS).map((name) => html`<option value=${name}>${t(/** @type {"sortLatest"} */ (name))}</option>`)}
        </select>
      <//>`
    }
    ${
      job.progress.failed > 0 &&
      html`<div class="switch" role="group" aria-label=${t("jobShow")}>
      <button aria-pressed=${!onlyFailed.value} onClick=${() => (onlyFailed.value = false)}>${t("jobAll")}</button>
      <button aria-pressed=${onlyFailed.value} onClick=${() => (onlyFailed.value = true)}>${t("jobOnlyFailed")}</button>
    </div>`
    }
    <ul class="list">
      ${wanted.slice(0, drawn.value).map((item) => html`<${Recording} key=${item.position} job=${job} item=${item} />`)}
    </ul>
    ${!all.length && !work.isEnded(job) && html`<p class="nothing">${t("jobWaiting")}</p>`}
    ${all.length > 0 && !wanted.length && html`<p class="nothing">${t("noneFound")}</p>`}
    ${rest > 0 && html`<button class="quiet" onClick=${() => (drawn.value += DRAWN)}>${t(order.value === "sortLatest" ? "jobMore" : "jobMoreSorted", { count: rest })}</button>`}
  `;
}

/** How often each emotion is the answer, of all that have one. */
function Spread(/** @type {{ items: JobItem[] }} */ { items }) {
  const answers = items.flatMap(({ documents }) => documents);
  if (answers.length < 2) return null;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { emotion, abstained } of answers) {
    const id = abstained ? "" : emotion;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return html`
    <div class="spread">
      <h3>${t("spread")}</h3>
      <div class="spread-bar" aria-hidden="true">
        ${sorted.map(([id, count]) => html`<i key=${id} style=${{ flexGrow: count, ...(id && { "--label": labelOf(id).color }) }}></i>`)}
      </div>
      <ul>
        ${sorted.map(
          ([id, count]) => html`
            <li key=${id}>${id ? `${labelOf(id).emoji} ${bothNames(id)}` : `🤷 ${t("noAnswer")}`} <span class="number">${count} · ${part(count / answers.length)}</span></li>
          `,
        )}
      </ul>
    </div>
  `;
}

/**
 * Recognises a recording of a job by itself, as the job did: then it can be looked at, heard and exported.
 *
 * @param {JobDocument} job
 * @param {JobItem} item
 */
async function openInPlayer(job, item) {
  try {
    const file = await work.recordingOf(job, item);
    open("recognise");
    await recognitions.start(file, formOf(job));
  } catch (error) {
    work.failure.value = error;
  }
}

/** The options of a job, as a form has them. */
function formOf(/** @type {JobDocument} */ { options, model }) {
  const fields = Object.entries({ ...options, model }).filter(([, value]) => value !== null);
  return /** @type {Form} */ (/** @type {unknown} */ (Object.fromEntries(fields)));
}

function Recording(/** @type {{ job: JobDocument, item: JobItem }} */ { job, item }) {
  const { path, start_ms: start, documents, failure, channel_failures: channelFailures } = item;
  const opened = useSignal(/** @type {JobItem["documents"][number] | null} */ (null)); // whose scores are shown
  const [first] = documents;
  const outcomes = byChannel([...documents, ...channelFailures]);
  return html`
    <li class="item ${failure ? "failed" : "done"}" style=${first && !first.abstained && { "--label": labelOf(first.emotion).color }}>
      <div class="item-head">
        <b class="file-name">${path}</b>
        ${first && html`<small class="faint number">${clock(first.audio.duration_ms / 1000)}</small>`}
      </div>
      ${
        outcomes.length > 0 &&
        html`<div class="verdicts">
        ${outcomes.map((outcome) => {
          const channel = channelOf(outcome);
          const side = channel !== null && html`<small class="faint">${t("channel", { number: channel + 1 })}</small> `;
          if ("code" in outcome)
            return html`<span class="problem" title=${outcome.message}>${side}${failureWords(outcome)}</span>`;
          const isOpen = opened.value === outcome;
          const toggle = () => {
            opened.value = isOpen ? null : outcome;
          };
          return html`
            <button class="link verdict disclosure" aria-expanded=${isOpen} onClick=${toggle}>
              ${side}<${Verdict} result=${outcome} />
              ${outcome.quality.warnings.length > 0 && html` <span title=${warningWords(outcome).join(" ")}>⚠</span>`}
            </button>
          `;
        })}
      </div>`
      }
      ${
        job.keep_audio &&
        documents.length > 0 &&
        (start ?? null) === null &&
        html`<button class="icon-only" disabled=${recognitions.isBusy.value} aria-label=${t("openInPlayer", { name: path })} title=${t("openInPlayer", { name: path })} onClick=${() => openInPlayer(job, item)}><${Icon} name="play" /></button>`
      }
      ${failure && !outcomes.length && html`<span class="problem" title=${failure.message}>${failureWords(failure)}</span>`}
      ${
        opened.value &&
        html`<div class="scores">
        <${Bars} scores=${opened.value.scores} emotion=${opened.value.abstained ? null : opened.value.emotion} />
        <${Warnings} document=${opened.value} />
      </div>`
      }
    </li>
  `;
}
