/** The jobs that the server keeps: all of them, and the recordings of the one that is open. */

import { followJob, getJson, request, sendJson, submitJob } from "../api.js";
import { address, open, placeOfJob } from "../state.js";
import { t } from "../strings.js";
import { batch, signal } from "../vendor/signals.js";

/** @import { Form } from "../api.js" */
/** @import { JobDocument, JobItem } from "../server.js" */

/**
 * What is heard of a job: its document, or that somebody deleted it.
 *
 * @typedef {JobDocument | { state: "deleted", id: string }} News
 */

// What comes within this time is drawn at once, however much it is.
const DRAW_EVERY_MS = 100;

// Jobs that are not followed are asked for instead, and what other pages did to them: a browser has six connections
// to a server.
const ASK_EVERY_MS = 2000;

// So many at least; more where older ones have not ended.
const ASKED = 30;
const MOST_ASKED = 200;

// How far back the pace is measured.
const PACE_MS = 30_000;

/** Documents of `GET /v1/jobs`, the newest first; null until the server has answered. */
export const jobs = signal(/** @type {JobDocument[] | null} */ (null));

/** The id of the job whose recordings are listed. */
export const opened = signal(/** @type {string | null} */ (null));

/** The recordings of the open job that are done or failed, in the order in which they were. */
export const recordings = signal(/** @type {JobItem[]} */ ([]));

/** What the open job does a second, `{audio, items}`; null where it is not known yet. */
export const pace = signal(/** @type {{ audio: number, items: number } | null} */ (null));

/** The share of a new job that has been sent; null while none is. */
export const uploaded = signal(/** @type {number | null} */ (null));

export const failure = signal(/** @type {Error | null} */ (null));

export const isEnded = (/** @type {JobDocument} */ { state }) => !["waiting", "running"].includes(state);
export const finishedOf = (/** @type {JobDocument} */ { progress }) => progress.done + progress.failed;

/**
 * The recordings by position: one that is told of again is not another.
 *
 * @type {Map<number, JobItem>}
 */
let found = new Map();

/**
 * Of the open job, what is not drawn yet.
 *
 * @type {News | null}
 */
let progress = null;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let drawing;

/**
 * Of the progress.
 *
 * @type {{ at: number, audio: number, items: number }[]}
 */
let samples = [];

let stop = () => {};

/** @type {ReturnType<typeof setInterval> | undefined} */
let asking;

/** @type {AbortController | undefined} */
let sending;

/**
 * Runs an action; what goes wrong is said.
 *
 * @template T
 * @param {() => Promise<T>} action
 */
async function attempt(action) {
  failure.value = null;
  try {
    return await action();
  } catch (error) {
    if (error.code === "no_such_job") failure.value = new Error(t("jobGone"));
    else if (error.name !== "AbortError") failure.value = error;
    return null;
  }
}

/** Begins to watch: all jobs, and the recordings of one that runs, or else of the newest. */
export async function watch() {
  asking = setInterval(() => document.hidden || refresh(), ASK_EVERY_MS);
  const listed = await attempt(() => getJson(`v1/jobs?limit=${MOST_ASKED}`));
  if (listed === null || asking === undefined) return;
  /** @type {JobDocument[]} */
  const all = listed.jobs;
  jobs.value = all;
  const wanted = address.value.id;
  if (wanted) return comeTo(wanted);
  const known = all.find(({ id }) => id === opened.value);
  openJob((known ?? all.find((job) => job.state === "running") ?? all[0])?.id ?? null);
}

/** Opens the job of an address, be it the latest or an old one. */
export async function comeTo(/** @type {string} */ id) {
  if (jobs.value === null || opened.value === id) return;
  if (!jobs.value.some((job) => job.id === id)) {
    const found = await attempt(() => getJson(`v1/jobs/${encodeURIComponent(id)}`));
    if (found === null) return;
    jobs.value = [...(jobs.value ?? []), found];
  }
  openJob(id);
}

/** Opens a job and gives it an address, or closes it. */
export function toggle(/** @type {string} */ id) {
  const isOpen = opened.value === id;
  openJob(isOpen ? null : id);
  open(isOpen ? "queue" : placeOfJob(id));
}

export function unwatch() {
  clearInterval(asking);
  asking = undefined;
  stop();
}

/**
 * Lists the recordings of a job, and follows it; null closes.
 *
 * @param {string | null} id
 */
export function openJob(id) {
  stop();
  if (id !== opened.value) {
    found = new Map();
    progress = null;
    draw();
  }
  samples = [];
  pace.value = null;
  opened.value = id;
  if (id !== null) follow(id);
}

function follow(/** @type {string} */ id) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;
  const drawSoon = () => {
    drawing ??= setTimeout(draw, DRAW_EVERY_MS);
  };
  const unfollow = followJob(id, {
    onItem(item) {
      note(item);
      drawSoon();
    },
    onProgress(job) {
      measure(job);
      progress = job;
      drawSoon();
    },
    onEnd(job) {
      progress = job.state === "deleted" ? { ...job, id } : job;
      draw();
    },
    // A proxy in front of a server that starts again; a job that has ended is not lost.
    onLost() {
      again = setTimeout(() => opened.value === id && follow(id), ASK_EVERY_MS);
    },
  });
  stop = () => {
    clearTimeout(again);
    unfollow();
  };
}

function note(/** @type {JobItem} */ item) {
  found.delete(item.position);
  found.set(item.position, item);
}

/** The count and the list at once: who reads "2 of 2" finds two. */
function draw() {
  clearTimeout(drawing);
  drawing = undefined;
  const news = progress;
  progress = null;
  batch(() => {
    recordings.value = [...found.values()];
    if (news !== null) put(news);
  });
}

function measure(/** @type {JobDocument} */ job) {
  const now = { at: performance.now(), audio: job.progress.audio_s, items: finishedOf(job) };
  samples = [...samples.filter(({ at }) => at > now.at - PACE_MS), now];
  const [first] = samples;
  const seconds = (now.at - first.at) / 1000;
  if (seconds < 1 || now.items === first.items) return;
  pace.value = { audio: (now.audio - first.audio) / seconds, items: (now.items - first.items) / seconds };
}

/** Takes news of a job in; one that is new stands first. */
function put(/** @type {News} */ document) {
  const known = jobs.value ?? [];
  if (document.state === "deleted") forget(document.id);
  else if (known.some(({ id }) => id === document.id)) {
    jobs.value = known.map((job) => (job.id === document.id ? document : job));
  } else jobs.value = [document, ...known];
}

function forget(/** @type {string} */ id) {
  jobs.value = (jobs.value ?? []).filter((job) => job.id !== id);
  if (opened.value !== id) return;
  openJob(null);
  if (address.value.id === id) open("queue");
}

/** What has become of the jobs, here and by other pages; the open one is followed anyway. */
async function refresh() {
  const before = jobs.value ?? [];
  const oldest = before.findLastIndex((job) => !isEnded(job));
  const limit = Math.min(MOST_ASKED, Math.max(ASKED, oldest + 1));
  /** @type {JobDocument[]} */
  let latest;
  try {
    latest = (await getJson(`v1/jobs?limit=${limit}`)).jobs;
  } catch {
    return; // the page says elsewhere that the server is gone
  }
  const last = latest.length < limit ? "" : (latest.at(-1)?.id ?? "");
  const isThere = new Set(latest.map(({ id }) => id));
  batch(() => {
    for (const { id } of before) if (id >= last && !isThere.has(id)) forget(id);
    for (const job of latest.toReversed()) {
      if (job.id !== opened.value) put(job);
      else if (!isEnded(job) && before.some((known) => known.id === job.id && isEnded(known))) again(job);
    }
  });
}

/** One that had ended goes on. */
function again(/** @type {JobDocument} */ job) {
  put(job);
  if (opened.value !== job.id) return;
  openJob(null);
  openJob(job.id);
}

/**
 * Sends recordings as a job and opens it. Whether it was taken.
 *
 * @param {File[]} files
 * @param {Form} options
 */
export async function submit(files, options) {
  const controller = new AbortController();
  sending = controller;
  uploaded.value = 0;
  const onUpload = (/** @type {number} */ share) => {
    uploaded.value = share;
  };
  const job = await attempt(() => submitJob(files, options, { onUpload, signal: controller.signal }));
  uploaded.value = null;
  if (job === null) return false;
  put(job);
  openJob(job.id);
  open(placeOfJob(job.id));
  return true;
}

export const giveUpSending = () => sending?.abort();

export const cancel = (/** @type {string} */ id) =>
  attempt(async () => put(await (await request(`v1/jobs/${id}/cancel`, { method: "POST" })).json()));

export const erase = (/** @type {string} */ id) =>
  attempt(async () => {
    await request(`v1/jobs/${id}`, { method: "DELETE" });
    forget(id);
  });

/** Deletes all that have ended. */
export const eraseEnded = () =>
  attempt(async () => {
    for (const { id } of (jobs.value ?? []).filter(isEnded)) {
      await request(`v1/jobs/${id}`, { method: "DELETE" });
      forget(id);
    }
  });

/** Lets what failed be tried again. */
export const retry = (/** @type {string} */ id) =>
  attempt(async () => again(await (await request(`v1/jobs/${id}/retry`, { method: "POST" })).json()));

/**
 * @param {string} id
 * @param {string} name empty for none
 */
export const rename = (id, name) =>
  attempt(async () => put(await sendJson("PATCH", `v1/jobs/${id}`, { name: name.trim() || null })));

/** A recording of a job, as it was sent. Raises ApiError. */
export async function recordingOf(/** @type {JobDocument} */ { id }, /** @type {JobItem} */ { position, path }) {
  const response = await request(`v1/jobs/${id}/items/${position}/audio`);
  return new File([await response.blob()], path.split("/").at(-1) ?? path);
}
