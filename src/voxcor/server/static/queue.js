/** Many recordings as one job: what is chosen, and every job with what came of it. */

import { byChannel, channelOf, fileOfJob } from "./api.js";
import { bytes, clock, percent } from "./format.js";
import { html, Icon } from "./html.js";
import * as work from "./jobs.js";
import { labelOf } from "./labels.js";
import { chosenOptions, Options } from "./options.js";
import { Bars, Verdict, Warnings, warningWords } from "./scores.js";
import { readiness } from "./state.js";
import { failureWords, t } from "./strings.js";
import { useEffect } from "./vendor/preact-hooks.js";
import { signal, useSignal } from "./vendor/signals.js";
import { LIMITS } from "./words.js";

/** @import { InputEvent } from "./html.js" */
/** @import { Granularity, JobDocument, JobItem } from "./server.js" */

// A list of thousands stays smooth where no more of it is drawn.
const DRAWN = 200;

const FILES = ["results.csv", "results.jsonl", "archive.zip"];

const chosen = signal(/** @type {File[]} */ ([]));

/** Adds recordings to those that will be a job. */
export const enqueue = (/** @type {File[]} */ files) => {
  chosen.value = [...chosen.value, ...files];
};

async function start() {
  const sent = chosen.value;
  if (await work.submit(sent, chosenOptions())) {
    chosen.value = chosen.value.filter((file) => !sent.includes(file));
  }
}

export function Queue() {
  useEffect(() => {
    work.watch();
    return work.unwatch;
  }, []);
  return html`
    <div class="queue">
      <section class="card input" aria-label=${t("input")}>
        <label class="drop-target">
          <input
            type="file"
            class="visually-hidden"
            multiple
            onChange=${(/** @type {InputEvent} */ event) => {
              enqueue([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = "";
            }}
          />
          <b>${t("queueDrop")}</b><small>${t("queueHint", LIMITS)}</small>
        </label>
        <${Chosen} />
        <${Options} />
        <${StartButton} />
        ${work.failure.value && html`<p class="problem" role="alert">${work.failure.value.message}</p>`}
      </section>
      <section class="jobs" aria-label=${t("jobs")} aria-busy=${work.jobs.value === null}>
        ${work.jobs.value?.map((job) => html`<${Job} key=${job.id} job=${job} />`)}
        ${work.jobs.value?.length === 0 && html`<p class="card nothing">${t("jobsEmpty")}</p>`}
      </section>
    </div>
  `;
}

function StartButton() {
  const share = work.uploaded.value;
  if (share !== null) {
    return html`
      <progress max="1" value=${share} aria-label=${t("uploading", { share: percent(share, 0) })}></progress>
      <button class="primary" onClick=${work.giveUpSending}>
        <span class="spinner" aria-hidden="true"></span> ${t("uploading", { share: percent(share, 0) })} · ${t("cancel")}
      </button>
    `;
  }
  return html`<button class="primary" disabled=${!chosen.value.length || !readiness.value.ready} onClick=${start}>${t("start")}</button>`;
}

/** The files that go with the next job. */
function Chosen() {
  const files = chosen.value;
  if (!files.length) return null;
  const size = bytes(files.reduce((sum, file) => sum + file.size, 0));
  const isSending = work.uploaded.value !== null;
  const drop = (/** @type {File} */ file) => {
    chosen.value = files.filter((other) => other !== file);
  };
  return html`
    <div class="chosen">
      <div class="title-row">
        <span role="status" class="number">${t("queueChosen", { count: files.length, size })}</span>
        <button class="quiet" disabled=${isSending} onClick=${() => (chosen.value = [])}>${t("queueClear")}</button>
      </div>
      <ul tabindex="0" aria-label=${t("files")}>
        ${files.slice(0, DRAWN).map(
          (file) => html`
            <li>
              <span class="file-name">${file.name}</span> <small class="faint number">${bytes(file.size)}</small>
              <button class="icon-only" disabled=${isSending} aria-label=${t("queueRemove", { name: file.name })} onClick=${() => drop(file)}><${Icon} name="close" /></button>
            </li>
          `,
        )}
        ${files.length > DRAWN && html`<li class="faint">${t("queueMore", { count: files.length - DRAWN })}</li>`}
      </ul>
    </div>
  `;
}

/** @param {{ job: JobDocument }} props */
function Job({ job }) {
  const { id, created, state, model, options, progress, error, passed_over: passedOver } = job;
  const isDoomed = useSignal(false);
  const isOpen = work.opened.value === id;
  const finished = work.finishedOf(job);
  const erase = () => {
    if (isDoomed.value) work.erase(id);
    else isDoomed.value = true;
  };
  return html`
    <article class="card job ${state}" aria-label=${t("job", { time: created })}>
      <div class="title-row">
        <h2>
          <button class="link disclosure" aria-expanded=${isOpen} onClick=${() => work.openJob(isOpen ? null : id)}>${t("job", { time: created })}</button>
          <small class="state-name">${t(state)}</small>
        </h2>
        <div class="row">
          ${!work.isEnded(job) && html`<button class="quiet" aria-label=${t("jobCancel")} onClick=${() => work.cancel(id)}>${t("cancel")}</button>`}
          <button class=${isDoomed.value ? "danger" : "icon-only"} aria-label=${t(isDoomed.value ? "jobEraseReally" : "jobErase", { time: created })} onBlur=${() => (isDoomed.value = false)} onClick=${erase}>
            ${isDoomed.value ? t("eraseNow") : html`<${Icon} name="bin" />`}
          </button>
        </div>
      </div>
      ${!work.isEnded(job) && html`<progress max=${progress.total || 1} value=${finished} aria-label=${t("job", { time: created })}></progress>`}
      <p class="job-facts">
        ${progress.total > 0 && html`<span class="number" role=${isOpen ? "status" : null}>${t("jobCount", { finished, total: progress.total })}</span>`}
        ${progress.failed > 0 && html`<span class="problem number">${t("jobFailed", { count: progress.failed })}</span>`}
        ${passedOver && html`<span class="faint number">${t("jobPassedOver", { count: passedOver.count })}</span>`}
        ${progress.audio_s > 0 && html`<span class="faint number">${t("jobAudio", { time: clock(progress.audio_s, 0) })}</span>`}
        <span class="faint">${t(/** @type {Granularity} */ (options.granularity))}${model && html` · <span lang="en">${model}</span>`}</span>
        ${isOpen && !work.isEnded(job) && html`<${Pace} waiting=${progress.waiting} />`}
      </p>
      ${error && html`<p class="problem">${error.message}</p>`}
      ${
        isOpen &&
        finished > 0 &&
        html`<div class="row">
        ${FILES.map((name) => html`<a class="button quiet" href=${fileOfJob(id, name)} download=${name} lang="en"><${Icon} name="download" /> ${name}</a>`)}
      </div>`
      }
      ${isOpen && html`<${Recordings} key=${id} job=${job} />`}
    </article>
  `;
}

function Pace(/** @type {{ waiting: number }} */ { waiting }) {
  if (!work.pace.value) return null;
  const { audio, items } = work.pace.value;
  return html`
    <span class="faint number">${t("jobPace", { speed: audio.toFixed(audio < 10 ? 1 : 0) })}</span>
    <span class="faint number">${t("jobLeft", { time: clock(waiting / items, 0) })}</span>
  `;
}

/** The recordings of the open job, the latest first. */
function Recordings(/** @type {{ job: JobDocument }} */ { job }) {
  const onlyFailed = useSignal(false);
  const drawn = useSignal(DRAWN);
  const all = work.recordings.value;
  const wanted = onlyFailed.value ? all.filter(({ failure }) => failure) : all;
  const rest = wanted.length - drawn.value;
  return html`
    ${
      job.progress.failed > 0 &&
      html`<div class="switch" role="group" aria-label=${t("jobShow")}>
      <button aria-pressed=${!onlyFailed.value} onClick=${() => (onlyFailed.value = false)}>${t("jobAll")}</button>
      <button aria-pressed=${onlyFailed.value} onClick=${() => (onlyFailed.value = true)}>${t("jobOnlyFailed")}</button>
    </div>`
    }
    <ul class="list">
      ${wanted
        .slice(-drawn.value)
        .reverse()
        .map((item) => html`<${Recording} key=${item.position} item=${item} />`)}
    </ul>
    ${!all.length && !work.isEnded(job) && html`<p class="nothing">${t("jobWaiting")}</p>`}
    ${rest > 0 && html`<button class="quiet" onClick=${() => (drawn.value += DRAWN)}>${t("jobMore", { count: rest })}</button>`}
  `;
}

function Recording(/** @type {{ item: JobItem }} */ { item }) {
  const { path, documents, failure, channel_failures: channelFailures } = item;
  const open = useSignal(/** @type {JobItem["documents"][number] | null} */ (null)); // whose scores are shown
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
          const isOpen = open.value === outcome;
          const toggle = () => {
            open.value = isOpen ? null : outcome;
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
      ${failure && !outcomes.length && html`<span class="problem" title=${failure.message}>${failureWords(failure)}</span>`}
      ${
        open.value &&
        html`<div class="scores">
        <${Bars} scores=${open.value.scores} emotion=${open.value.abstained ? null : open.value.emotion} />
        <${Warnings} document=${open.value} />
      </div>`
      }
    </li>
  `;
}
