/** The jobs that the server keeps: all of them, and the recordings of the one that is open. */

import { followJob, getJson, request, submitJob } from "./api.js";
import { batch, computed, signal } from "./vendor/signals.js";

// What comes within this time is drawn at once, however much it is.
const DRAW_EVERY_MS = 100;

// Jobs that are not followed are asked for instead: a browser has six connections to a server.
const ASK_EVERY_MS = 2000;

// How far back the pace is measured.
const PACE_MS = 30_000;

/** Documents of `GET /v1/jobs`, the newest first; null until the server has answered. */
export const jobs = signal(null);

/** The id of the job whose recordings are listed. */
export const opened = signal(null);

/** The recordings of the open job that are done or failed, in the order in which they were. */
export const recordings = signal([]);

/** What the open job does a second, `{audio, items}`; null where it is not known yet. */
export const pace = signal(null);

/** The share of a new job that has been sent; null while none is. */
export const uploaded = signal(null);

export const failure = signal(null);

export const isEnded = ({ state }) => !["waiting", "running"].includes(state);
export const finishedOf = ({ progress }) => progress.done + progress.failed;

const others = computed(() => (jobs.value ?? []).filter((job) => !isEnded(job) && job.id !== opened.value));

let found = new Map(); // the recordings by position: one that is told of again is not another
let progress = null; // the document of the open job that is not drawn yet
let drawing = null;
let samples = []; // of the progress, `{at, audio, items}`
let stop = () => {};
let asking = null;
let sending = null;

/** Runs an action; what goes wrong is said. */
async function attempt(action) {
  failure.value = null;
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") failure.value = error;
    return null;
  }
}

/** Begins to watch: all jobs, and the recordings of one that runs, or else of the newest. */
export async function watch() {
  asking = setInterval(() => others.value.forEach(ask), ASK_EVERY_MS);
  const listed = await attempt(() => getJson("v1/jobs?limit=200"));
  if (listed === null || asking === null) return;
  jobs.value = listed.jobs;
  const known = listed.jobs.find(({ id }) => id === opened.value);
  openJob((known ?? listed.jobs.find((job) => job.state === "running") ?? listed.jobs[0])?.id ?? null);
}

export function unwatch() {
  clearInterval(asking);
  asking = null;
  stop();
}

/** Lists the recordings of a job, and follows it; null closes. */
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

function follow(id) {
  let again = null;
  const unfollow = followJob(id, (name, data) => {
    if (name === "item") note(data);
    if (name === "progress") measure(data);
    if (name === "progress" || name === "end") progress = data.state === "deleted" ? { ...data, id } : data;
    if (name === "end") draw();
    else drawing ??= setTimeout(draw, DRAW_EVERY_MS);
    // A proxy in front of a server that starts again; a job that has ended is not lost.
    if (name === "lost") again = setTimeout(() => opened.value === id && follow(id), ASK_EVERY_MS);
  });
  stop = () => {
    clearTimeout(again);
    unfollow();
  };
}

function note(item) {
  found.delete(item.position);
  found.set(item.position, item);
}

/** The count and the list at once: who reads "2 of 2" finds two. */
function draw() {
  clearTimeout(drawing);
  drawing = null;
  const news = progress;
  progress = null;
  batch(() => {
    recordings.value = [...found.values()];
    if (news !== null) put(news);
  });
}

function measure(job) {
  const now = { at: performance.now(), audio: job.progress.audio_s, items: finishedOf(job) };
  samples = [...samples.filter(({ at }) => at > now.at - PACE_MS), now];
  const [first] = samples;
  const seconds = (now.at - first.at) / 1000;
  if (seconds < 1 || now.items === first.items) return;
  pace.value = { audio: (now.audio - first.audio) / seconds, items: (now.items - first.items) / seconds };
}

/** Takes news of a job in; one that is new stands first. */
function put(document) {
  const known = jobs.value ?? [];
  if (document.state === "deleted") forget(document.id);
  else if (known.some(({ id }) => id === document.id)) {
    jobs.value = known.map((job) => (job.id === document.id ? document : job));
  } else jobs.value = [document, ...known];
}

function forget(id) {
  jobs.value = jobs.value.filter((job) => job.id !== id);
  if (opened.value === id) openJob(null);
}

async function ask({ id }) {
  try {
    put(await getJson(`v1/jobs/${id}`));
  } catch (error) {
    if (error.code === "no_such_job") forget(id);
  }
}

/** Sends recordings as a job and opens it. Whether it was taken. */
export async function submit(files, options) {
  sending = new AbortController();
  uploaded.value = 0;
  const onUpload = (share) => (uploaded.value = share);
  const job = await attempt(() => submitJob(files, options, { onUpload, signal: sending.signal }));
  uploaded.value = null;
  if (job === null) return false;
  put(job);
  openJob(job.id);
  return true;
}

export const giveUpSending = () => sending.abort();

export const cancel = (id) =>
  attempt(async () => put(await (await request(`v1/jobs/${id}/cancel`, { method: "POST" })).json()));

export const erase = (id) =>
  attempt(async () => {
    await request(`v1/jobs/${id}`, { method: "DELETE" });
    forget(id);
  });
