/** The server's routes. Addresses are relative to the page's, so a proxy may show it anywhere. */

import { language, locked, models, readiness } from "./state.js";
import { signal } from "./vendor/signals.js";

/** What the server, or the way to it, has against a request; `message` is in the page's language. */
export class ApiError extends Error {
  constructor({ code, message, retryable = false, details = {} }) {
    super(message);
    Object.assign(this, { code, retryable, details });
  }
}

const OFFLINE = {
  en: "The server does not answer. Is it still running? Start it with: voxcor serve",
  zh: "服务器没有响应。它还在运行吗?启动命令:voxcor serve",
};

const offline = () =>
  new ApiError({ code: "server_unreachable", message: OFFLINE[language.value], retryable: true });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function errorOf(status, text) {
  if (status === 401) locked.value = true;
  try {
    const document = JSON.parse(text);
    if (document.code) return new ApiError(document);
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  return new ApiError({ code: "server_error", message: `HTTP ${status}`, retryable: status >= 500 });
}

/** A response that is a success. Raises ApiError. */
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

export const getJson = async (path) => (await request(path)).json();

export const sendJson = async (method, path, document) =>
  (
    await request(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(document),
    })
  ).json();

/** Formats of other tools, asked for once. */
export const exportFormats = signal([]);

/** What each warning says, by its code, in both languages. */
export const warningTexts = signal({});

/** What is the same for every result; asked for once, or again with a key. */
export async function loadWords() {
  [exportFormats.value, warningTexts.value] = await Promise.all([getJson("v1/exports"), getJson("v1/warnings")]);
}

/** Downloads a result in another tool's format, with words in the page's language. */
export async function exportResult(id, kind) {
  const response = await request(`v1/results/${id}/export/${kind}`);
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition"));
  const url = URL.createObjectURL(await response.blob());
  const name = decodeURIComponent(named[1]);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  // The browser has it by then; without this it would keep the bytes.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The address of a file of a result. */
export const fileOf = (id, name) => `v1/results/${id}/files/${encodeURIComponent(name)}`;

/** A name that nobody else chooses; `crypto.randomUUID` is for https only. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");

/**
 * Sends a recording and waits for its outcomes: the result document, or, where channels are
 * separate, for each of them its document or why there is none, `{channel, code, message}`.
 *
 * `onUpload` is told the share that has been sent, `onStep` each event of the processing log;
 * `signal` gives it up, here and on the server. Raises ApiError, or AbortError.
 */
export async function recognise(file, options, { onUpload, onStep, signal } = {}) {
  // By a key of our own: the server may have begun, and its answer with the id be on its way.
  const key = newKey();
  const giveUp = () => request(`v1/recognize/${key}`, { method: "DELETE" }).catch(() => {});
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    const headers = { Prefer: "respond-async", "Request-Key": key };
    const { id } = await upload("v1/recognize", formOf([file], options), { headers, onUpload, signal });
    const ending = await follow(`v1/results/${id}/events`, onStep, signal);
    const first = await waitFor(id);
    const others = (ending?.results ?? [id]).filter((other) => other !== id);
    const documents = [first, ...(await Promise.all(others.map(waitFor)))];
    signal?.throwIfAborted();
    const channelOf = (outcome) => outcome.channel ?? outcome.audio.channel;
    return [...documents, ...(ending?.failures ?? [])].sort((a, b) => channelOf(a) - channelOf(b));
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

function formOf(files, options) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) {
    if (value !== null) form.append(name, String(value));
  }
  for (const file of files) form.append("file", file, file.name);
  return form;
}

/** As `fetch`, which does not say how much has been sent. */
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
    sending.onabort = () => reject(new DOMException("given up", "AbortError"));
    sending.onloadend = () => signal?.removeEventListener("abort", aborted);
    sending.send(form);
  });
}

/** Sends recordings as one job; its document. Raises ApiError, or AbortError. */
export const submitJob = (files, options, { onUpload, signal }) =>
  upload("v1/jobs", formOf(files, options), { onUpload, signal });

/** The address of a file of a job. */
export const fileOfJob = (id, name) => `v1/jobs/${id}/files/${name}`;

/**
 * Tells what happens to a job, from its first recording on: `item`, `progress`, `end`, or `lost`
 * where the server does not let it be followed. The browser itself comes back after a break, to
 * where it was. Gives what stops it.
 */
export function followJob(id, told) {
  const source = new EventSource(`v1/jobs/${id}/events?language=${language.value}`);
  for (const name of ["item", "progress", "end"]) {
    source.addEventListener(name, (event) => {
      if (name === "end") source.close();
      told(name, JSON.parse(event.data));
    });
  }
  source.onerror = () => source.readyState === EventSource.CLOSED && told("lost");
  return () => source.close();
}

/** Reads server-sent events to their end, and gives `done`; raises ApiError where it is `failed`. */
export function follow(path, onStep, signal) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`${path}?language=${language.value}`);
    const end = (settle, value) => {
      source.close();
      settle(value);
    };
    const told = (event) => onStep?.(JSON.parse(event.data));
    source.addEventListener("step", told);
    source.addEventListener("done", (event) => {
      told(event);
      end(resolve, JSON.parse(event.data));
    });
    source.addEventListener("failed", (event) => end(reject, new ApiError(JSON.parse(event.data))));
    // Lost for good; whoever waits asks for the result itself.
    source.onerror = () => source.readyState === EventSource.CLOSED && end(resolve);
    signal?.addEventListener("abort", () => end(reject, new DOMException("given up", "AbortError")));
  });
}

/** The result document, once it is there. */
async function waitFor(id) {
  for (;;) {
    const response = await request(`v1/results/${id}`);
    if (response.status === 200) return response.json();
    await pause(1000);
  }
}

export const remove = (id) => request(`v1/results/${id}`, { method: "DELETE" });

export async function loadModels() {
  models.value = await getJson("v1/models");
}

/** Watches until the model is warm. */
export async function awaitReady() {
  for (;;) {
    try {
      await request("readyz");
      readiness.value = { ready: true, problem: null };
      return;
    } catch (error) {
      const isStarting = error.code === "not_ready";
      readiness.value = { ready: false, problem: isStarting ? null : error.message };
    }
    await pause(700);
  }
}

/** Trades the API key for a cookie. Raises ApiError. */
export async function unlock(key) {
  await request("v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ api_key: key }),
  });
  locked.value = false;
}
