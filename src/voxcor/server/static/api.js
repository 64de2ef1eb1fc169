/** The server's routes. Addresses are relative to the page's, so a proxy may show it anywhere. */

import { language, locked, models, readiness, unlocked } from "./state.js";
import { t } from "./strings.js";
import { signal } from "./vendor/signals.js";

/** @import { Signal } from "./vendor/signals.js" */
/** @import { ExportFormat, Failure, JobDocument, JobItem, Problem, Result, WarningWords } from "./server.js" */
/** @import { Options } from "./state.js" */

/**
 * A line of the log of a recognition or a download: `facts` are what its `message` is made of.
 *
 * @typedef {{ step?: string, message: string, ms?: number | null, facts?: Record<string, unknown> & { share?: number } }} Step
 */

/**
 * Why a channel has no result.
 *
 * @typedef {Omit<Failure, "path">} ChannelFailure
 */

/** @typedef {{ onUpload?: (share: number) => void, signal?: AbortSignal }} Watching */

/**
 * How a log ends: the results by their ids, and why channels have none.
 *
 * @typedef {{ results?: string[], failures?: ChannelFailure[] }} Ending
 */

/**
 * What came of a recording, or of one of its channels.
 *
 * @typedef {Result | ChannelFailure} Outcome
 */

/**
 * The options as the form of a request has them; null counts as left out.
 *
 * @typedef {Omit<Options, "labels"> & { labels: string | null, speakers?: string | null, keep_audio?: boolean }} Form
 */

/** What the server, or the way to it, has against a request; `message` is in the page's language. */
export class ApiError extends Error {
  /** @param {Pick<Problem, "code" | "message"> & Partial<Problem>} problem */
  constructor({ code, message, retryable = false, details = {} }) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.details = details;
  }
}

const givenUp = () => new DOMException("given up", "AbortError");

/** The way to the server is broken; the whole page knows at once. */
function offline() {
  const message = t("offline");
  readiness.value = { ready: false, isGone: true, problem: message };
  return new ApiError({ code: "server_unreachable", message, retryable: true });
}

export const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {number} status
 * @param {string} text
 */
function errorOf(status, text) {
  try {
    const document = JSON.parse(text);
    if (document.code === "unauthorized") {
      locked.value = true;
      // The server's own words are for programs, which send it in a header.
      return new ApiError({ ...document, message: t("keyWanted") });
    }
    if (document.code) return new ApiError(document);
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  return new ApiError({ code: "server_error", message: `HTTP ${status}`, retryable: status >= 500 });
}

/**
 * A response that is a success. Raises ApiError.
 *
 * @param {string} path
 * @param {RequestInit & { headers?: Record<string, string> }} init
 */
export async function request(path, init = {}) {
  const headers = { "Accept-Language": language.value, ...init.headers };
  let response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw offline();
  }
  if (!response.ok) throw errorOf(response.status, await response.text());
  return response;
}

export const getJson = async (/** @type {string} */ path) => (await request(path)).json();

/**
 * @param {string} method
 * @param {string} path
 * @param {object} document
 */
export const sendJson = async (method, path, document) =>
  (
    await request(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(document),
    })
  ).json();

/**
 * Formats of other tools, asked for once.
 *
 * @type {Signal<ExportFormat[]>}
 */
export const exportFormats = signal([]);

/**
 * What each warning says, by its code, in both languages.
 *
 * @type {Signal<Record<string, WarningWords>>}
 */
export const warningTexts = signal({});

/** What is the same for every result; asked for once, or again with a key. */
export async function loadWords() {
  [exportFormats.value, warningTexts.value] = await Promise.all([getJson("v1/exports"), getJson("v1/warnings")]);
}

/**
 * Downloads a result in another tool's format, with words in the page's language.
 *
 * @param {string} id
 * @param {string} kind
 */
export async function exportResult(id, kind) {
  await saveAs(await request(`v1/results/${id}/export/${kind}`), kind);
}

/**
 * Downloads what was answered, as the server calls it.
 *
 * @param {Response} response
 * @param {string} name where it calls it nothing
 */
export async function saveAs(response, name) {
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  const url = URL.createObjectURL(await response.blob());
  const download = decodeURIComponent(named?.[1] ?? name);
  Object.assign(document.createElement("a"), { href: url, download }).click();
  // The browser has it by then; without this it would keep the bytes.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The address of a file of a result. */
export const fileOf = (/** @type {string} */ id, /** @type {string} */ name) =>
  `v1/results/${id}/files/${encodeURIComponent(name)}`;

/** The channel that an outcome is of; null where it is of the mix of all. */
export const channelOf = (/** @type {Outcome | JobItem["documents"][number]} */ outcome) =>
  "audio" in outcome ? outcome.audio.channel : (outcome.channel ?? null);

/**
 * Outcomes in the order of their channels.
 *
 * @template {Outcome | JobItem["documents"][number]} Each
 * @param {Each[]} outcomes
 */
export const byChannel = (outcomes) => [...outcomes].sort((a, b) => (channelOf(a) ?? 0) - (channelOf(b) ?? 0));

/** A name that nobody else chooses; `crypto.randomUUID` is for https only. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");

/**
 * Sends a recording; the id by which its log, and then its result, are found. Raises ApiError, or AbortError.
 *
 * `onUpload` is told the share that has been sent; `signal` gives it up, here and on the server.
 *
 * @param {File} file
 * @param {Form} options
 * @param {Watching} watching
 * @returns {Promise<string>}
 */
export async function send(file, options, { onUpload, signal } = {}) {
  // By a key of our own: the server may have begun, and its answer with the id be on its way.
  const key = newKey();
  const giveUp = () => request(`v1/recognize/${key}`, { method: "DELETE" }).catch(() => {});
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    const headers = { Prefer: "respond-async", "Request-Key": key };
    const { id } = await upload("v1/recognize", formOf([file], options), { headers, onUpload, signal });
    signal?.throwIfAborted();
    return id;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

/** The result document; null while it is being made. Raises ApiError. */
export async function findResult(/** @type {string} */ id) {
  const response = await request(`v1/results/${encodeURIComponent(id)}`);
  return response.status === 200 ? /** @type {Promise<Result>} */ (response.json()) : null;
}

/** What is told of a recognition. */
export const eventsOf = (/** @type {string} */ id) => `v1/results/${encodeURIComponent(id)}/events`;

/**
 * What came of a recording, once its log has ended: the result document, or, where channels are separate, for each of
 * them its document or why there is none, `{channel, code, message}`. Raises ApiError.
 *
 * @param {string} id
 * @param {Ending | undefined} ending what `follow` gave
 * @param {Outcome} [known] its document, where that is there already
 * @returns {Promise<Outcome[]>}
 */
export async function outcomesOf(id, ending, known) {
  const others = (ending?.results ?? []).filter((other) => other !== id);
  // Of channels, some may have been deleted since.
  const rest = await Promise.all(others.map((other) => waitFor(other).catch(() => null)));
  return byChannel([
    known ?? (await waitFor(id)),
    ...rest.filter((document) => document !== null),
    ...(ending?.failures ?? []),
  ]);
}

/** Sends a recording and waits for its outcomes. Raises ApiError. */
export async function recognise(/** @type {File} */ file, /** @type {Form} */ options) {
  const id = await send(file, options);
  return outcomesOf(id, await follow(eventsOf(id)));
}

/**
 * @param {File[]} files
 * @param {Form} options
 */
function formOf(files, options) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) {
    if (value !== null && value !== undefined) form.append(name, String(value));
  }
  for (const file of files) form.append("file", file, file.name);
  return form;
}

/**
 * As `fetch`, which does not say how much has been sent.
 *
 * @param {string} path
 * @param {FormData} form
 * @param {Watching & { headers?: Record<string, string> }} how
 * @returns {Promise<any>}
 */
function upload(path, form, { headers = {}, onUpload, signal }) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const aborted = () => sending.abort();
    signal?.addEventListener("abort", aborted, { once: true });
    sending.open("POST", path);
    for (const [name, value] of Object.entries({ "Accept-Language": language.value, ...headers })) {
      sending.setRequestHeader(name, value);
    }
    sending.upload.onprogress = ({ loaded, total }) => onUpload?.(loaded / total);
    sending.onload = () => {
      if (sending.status === 202) resolve(JSON.parse(sending.responseText));
      else reject(errorOf(sending.status, sending.responseText));
    };
    sending.onerror = () => reject(offline());
    sending.onabort = () => reject(givenUp());
    sending.onloadend = () => signal?.removeEventListener("abort", aborted);
    sending.send(form);
  });
}

/**
 * Sends recordings as one job; its document. Raises ApiError, or AbortError.
 *
 * @param {File[]} files
 * @param {Form} options
 * @param {Watching} watching
 * @returns {Promise<JobDocument>}
 */
export const submitJob = (files, options, { onUpload, signal }) =>
  upload("v1/jobs", formOf(files, options), { onUpload, signal });

/** The address of a file of a job. */
export const fileOfJob = (/** @type {string} */ id, /** @type {string} */ name) => `v1/jobs/${id}/files/${name}`;

/**
 * Tells what happens to a job, from its first recording on; `onLost` where the server does not let
 * it be followed. The browser itself comes back after a break, to where it was. Gives what stops it.
 *
 * @param {string} id
 * @param {{
 *   onItem: (item: JobItem) => void,
 *   onProgress: (job: JobDocument) => void,
 *   onEnd: (job: JobDocument | { state: "deleted" }) => void,
 *   onLost: () => void,
 * }} follower
 */
export function followJob(id, { onItem, onProgress, onEnd, onLost }) {
  const source = new EventSource(`v1/jobs/${id}/events?language=${language.value}`);
  source.addEventListener("item", ({ data }) => onItem(JSON.parse(data)));
  source.addEventListener("progress", ({ data }) => onProgress(JSON.parse(data)));
  source.addEventListener("end", ({ data }) => {
    source.close();
    onEnd(JSON.parse(data));
  });
  source.onerror = () => source.readyState === EventSource.CLOSED && onLost();
  return () => source.close();
}

/**
 * Reads server-sent events to their end, and gives `done`; raises ApiError where it is `failed`.
 *
 * @param {string} path
 * @param {(step: Step) => void} [onStep]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Ending | undefined>}
 */
export function follow(path, onStep, signal) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`${path}?language=${language.value}`);
    const end = (/** @type {() => void} */ settle) => {
      source.close();
      settle();
    };
    const told = (/** @type {MessageEvent} */ event) => onStep?.(JSON.parse(event.data));
    source.addEventListener("step", told);
    source.addEventListener("done", (event) => {
      told(event);
      end(() => resolve(JSON.parse(event.data)));
    });
    source.addEventListener("failed", (event) => end(() => reject(new ApiError(JSON.parse(event.data)))));
    // Lost for good; whoever waits asks for the result itself.
    source.onerror = () => source.readyState === EventSource.CLOSED && end(() => resolve(undefined));
    signal?.addEventListener("abort", () => end(() => reject(givenUp())));
  });
}

/**
 * The result document, once it is there.
 *
 * @param {string} id
 * @returns {Promise<Result>}
 */
async function waitFor(id) {
  for (;;) {
    const document = await findResult(id);
    if (document) return document;
    await pause(1000);
  }
}

export const remove = (/** @type {string} */ id) => request(`v1/results/${id}`, { method: "DELETE" });

export async function loadModels() {
  models.value = await getJson("v1/models");
}

/**
 * Trades the API key for a cookie. Raises ApiError.
 *
 * @param {string} key
 */
export async function unlock(key) {
  await request("v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ api_key: key }),
  });
  locked.value = false;
  unlocked.value += 1;
}
