/** Many recordings as one job: what is chosen, and every job with what came of it. */

import { fileOfJob } from "../api.js";
import { bytes, clock, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { askBeforeLeaving } from "../leaving.js";
import { AddToLibrary } from "../library.js";
import { chosenOptions, Options } from "../options.js";
import { address, keepAudio, readiness } from "../state.js";
import { t } from "../strings.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { signal, useSignal } from "../vendor/signals.js";
import { LIMITS } from "../words.js";
import * as work from "./jobs.js";
import { DRAWN, Recordings } from "./recordings.js";

/** @import { TargetedEvent } from "../vendor/preact.js" */
/** @import { InputEvent } from "../html.js" */
/** @import { Granularity, JobDocument } from "../server.js" */

const FILES = ["results.csv", "results.jsonl", "archive.zip"];

const chosen = signal(/** @type {File[]} */ ([]));
askBeforeLeaving(() => chosen.value.length > 0);

/** Adds recordings to those that will be a job. */
export const enqueue = (/** @type {File[]} */ files) => {
  chosen.value = [...chosen.value, ...files];
};

async function start() {
  const sent = chosen.value;
  if (await work.submit(sent, { ...chosenOptions(), keep_audio: keepAudio.value })) {
    chosen.value = chosen.value.filter((file) => !sent.includes(file));
  }
}

export function Queue() {
  useEffect(() => {
    work.watch();
    return work.unwatch;
  }, []);
  const wanted = address.value.id;
  useEffect(() => {
    if (wanted) work.comeTo(wanted);
  }, [wanted]);
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
          <b>${t("queueDrop")}</b><small>${t("queueHint", { minutes: LIMITS.max_audio_min, size: bytes(1e6 * LIMITS.max_job_mb) })}</small>
        </label>
        <${Chosen} />
        <${Options} />
        <label class="check">
          <input type="checkbox" checked=${keepAudio.value} onChange=${(/** @type {InputEvent} */ event) => (keepAudio.value = event.currentTarget.checked)} />
          <span>${t("keepAudio")} <small>${t("keepAudioHint")}</small></span>
        </label>
        <${StartButton} />
        ${work.failure.value && html`<p class="problem" role="alert">${work.failure.value.message}</p>`}
      </section>
      <section class="jobs" aria-label=${t("jobs")} aria-busy=${work.jobs.value === null}>
        <${Tidying} />
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

/** Deletes all jobs that have ended, at the second click. */
function Tidying() {
  const isDoomed = useSignal(false);
  const count = (work.jobs.value ?? []).filter(work.isEnded).length;
  if (count < 2) return null;
  const tidy = () => {
    if (isDoomed.value) work.eraseEnded();
    isDoomed.value = !isDoomed.value;
  };
  return html`<button class=${isDoomed.value ? "danger" : "quiet"} onBlur=${() => (isDoomed.value = false)} onClick=${tidy}>
    ${t(isDoomed.value ? "jobsEraseReally" : "jobsErase", { count })}
  </button>`;
}

/**
 * What a job is called, and a field to call it otherwise.
 *
 * @param {{ job: JobDocument, title: string, isOpen: boolean }} props
 */
function JobTitle({ job, title, isOpen }) {
  const isNaming = useSignal(false);
  const submit = (/** @type {TargetedEvent<HTMLFormElement>} */ event) => {
    event.preventDefault();
    isNaming.value = false;
    work.rename(job.id, String(new FormData(event.currentTarget).get("name")));
  };
  const giveUp = (/** @type {KeyboardEvent} */ { key }) => {
    if (key === "Escape") isNaming.value = false;
  };
  const focus = (/** @type {HTMLInputElement | null} */ field) => field?.focus();
  if (isNaming.value) {
    return html`
      <form class="row naming" onSubmit=${submit}>
        <input ref=${focus} name="name" maxlength="200" aria-label=${t("jobName")} placeholder=${t("job", { time: job.created })} defaultValue=${job.name ?? ""} onKeyDown=${giveUp} />
        <button class="quiet">${t("save")}</button>
      </form>
    `;
  }
  return html`
    <h2>
      <button class="link disclosure" aria-expanded=${isOpen} onClick=${() => work.toggle(job.id)}>${title}</button>
      <small class="state-name">${t(job.state)}</small>
      ${isOpen && html` <button class="link faint" onClick=${() => (isNaming.value = true)}>${t("jobRename")}</button>`}
      ${job.name && html`<small class="faint number when">${job.created}</small>`}
    </h2>
  `;
}

/** @param {{ job: JobDocument }} props */
function Job({ job }) {
  const { id, created, state, model, options, progress, error, passed_over: passedOver } = job;
  const title = job.name ?? t("job", { time: created });
  const isDoomed = useSignal(false);
  const isOpen = work.opened.value === id;
  const finished = work.finishedOf(job);
  const canRetry = work.isEnded(job) && job.keep_audio && (progress.failed > 0 || progress.waiting > 0);
  const erase = () => {
    if (isDoomed.value) work.erase(id);
    else isDoomed.value = true;
  };
  return html`
    <article class="card job ${state}" aria-label=${title}>
      <div class="title-row">
        <${JobTitle} job=${job} title=${title} isOpen=${isOpen} />
        <div class="row">
          ${canRetry && html`<button class="quiet" onClick=${() => work.retry(id)}>${t("jobRetry")}</button>`}
          ${!work.isEnded(job) && html`<button class="quiet" aria-label=${t("jobCancel")} onClick=${() => work.cancel(id)}>${t("cancel")}</button>`}
          <button class=${isDoomed.value ? "danger" : "icon-only"} aria-label=${t(isDoomed.value ? "jobEraseReally" : "jobErase", { time: created })} onBlur=${() => (isDoomed.value = false)} onClick=${erase}>
            ${isDoomed.value ? t("eraseNow") : html`<${Icon} name="bin" />`}
          </button>
        </div>
      </div>
      ${!work.isEnded(job) && html`<progress max=${progress.total || 1} value=${finished} aria-label=${title}></progress>`}
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
        ${FILES.map((name) => html`<a class="button quiet" href=${fileOfJob(id, name)} download lang="en"><${Icon} name="download" /> ${name}</a>`)}
        ${work.isEnded(job) && html`<${AddToLibrary} what=${{ job_ids: [id] }} />`}
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
