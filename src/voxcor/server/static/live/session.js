/** A live session: what the microphone gives goes to the server, and what that says comes back. */

import { ApiError } from "../api.js";
import { clock } from "../format.js";
import { askBeforeLeaving } from "../leaving.js";
import { chosenPerson } from "../options.js";
import { language, options } from "../state.js";
import { t } from "../strings.js";
import { batch, signal } from "../vendor/signals.js";
import { listen } from "./microphone.js";

/** @import { Signal } from "../vendor/signals.js" */
/** @import { Firing, Problem, Result } from "../server.js" */

/**
 * What was heard from one moment to another.
 *
 * @typedef {Pick<Result["segments"][number], "start_ms" | "end_ms" | "emotion" | "confidence" | "scores"> & {
 *   relative: Result["relative"] | null,
 *   utterance: number,
 *   trigger: "interval" | "speech_ended",
 * }} Measurement
 */

/**
 * What is kept of a session in this tab: every message of the server, and what it was sent where
 * the sound is wanted.
 *
 * @typedef {{ started: Date, messages: object[], audio: ArrayBuffer[] | null }} Kept
 */

export const WINDOW_S = 60; // of the curve
const MOST_SHOWN = 200; // utterances, and firings

/**
 * While it listens.
 *
 * @type {Signal<{ level: Signal<number>, stop: () => void } | null>}
 */
export const session = signal(null);
askBeforeLeaving(() => session.value !== null);
export const isStarting = signal(false);
export const isSpeaking = signal(false);
export const measured = signal(/** @type {Measurement | null} */ (null)); // the latest
export const utterances = signal(/** @type {Measurement[]} */ ([])); // the latest first
export const firings = signal(/** @type {Firing[]} */ ([])); // as well
export const heard = signal(0); // seconds
export const failure = signal(/** @type {Error | null} */ (null));
export const curve = signal(/** @type {{ labels: string[], segments: Measurement[] } | null} */ (null)); // what `drawCurve` draws, growing

/** Whether the next session keeps its sound. */
export const keepsSound = signal(true);

/** The last session, the one that runs included. */
export const kept = signal(/** @type {Kept | null} */ (null));

function streamUrl() {
  const url = new URL("v1/stream", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("language", language.value);
  if (options.value.model) url.searchParams.set("model", options.value.model);
  return url;
}

/**
 * Why a session ended that nobody here has ended.
 *
 * @type {Record<string, import("../strings.js").Key>}
 */
const ENDINGS = { idle_timeout: "liveIdle", server_shutdown: "liveShutdown" };

/**
 * What each message of the session does; others are passed over.
 *
 * @type {Record<string, (message: any) => void>}
 */
const HANDLERS = {
  "session.created"(/** @type {{ labels: string[] }} */ { labels }) {
    curve.value = { labels, segments: [] };
  },
  "utterance.start"() {
    isSpeaking.value = true;
  },
  "measurement.result"(/** @type {Measurement} */ message) {
    measured.value = message;
    draw(message);
    if (message.trigger === "speech_ended") {
      utterances.value = [message, ...utterances.value].slice(0, MOST_SHOWN);
    }
  },
  "utterance.end"() {
    isSpeaking.value = false;
  },
  "rule.fired"(/** @type {Firing} */ message) {
    firings.value = [message, ...firings.value].slice(0, MOST_SHOWN);
  },
  "session.closed"(/** @type {{ reason: string }} */ { reason }) {
    if (reason in ENDINGS) failure.value ??= new Error(t(ENDINGS[reason]));
  },
  error(/** @type {Problem} */ message) {
    failure.value = new ApiError(message);
  },
};

/** A measurement goes on where the one before it has ended. */
function draw(/** @type {Measurement} */ message) {
  if (!curve.value) return;
  const { segments } = curve.value;
  const last = segments.at(-1);
  const start = Math.max(message.start_ms, last?.end_ms ?? 0);
  if (start >= message.end_ms) return;
  const oldest = message.end_ms - 1000 * WINDOW_S;
  const lasting = segments.filter(({ end_ms: end }) => end > oldest);
  curve.value = { ...curve.value, segments: [...lasting, { ...message, start_ms: start }] };
}

function reset() {
  batch(() => {
    failure.value = null;
    measured.value = null;
    utterances.value = [];
    firings.value = [];
    curve.value = null;
    heard.value = 0;
    kept.value = { started: new Date(), messages: [], audio: keepsSound.value ? [] : null };
  });
}

/** Opens the microphone first: who refuses it has opened no session. */
export async function start() {
  reset();
  isStarting.value = true;
  /** @type {WebSocket | undefined} */
  let socket;
  const send = (/** @type {ArrayBuffer} */ data) => {
    // Times count what was sent, so what is kept is that.
    if (socket?.readyState !== WebSocket.OPEN) return;
    heard.value += data.byteLength / 32_000;
    socket.send(data);
    kept.value?.audio?.push(data);
  };
  try {
    const microphone = await listen(send, { onLost: () => fail(new Error(t("microphoneLost"))) });
    const opened = new WebSocket(streamUrl());
    socket = opened;
    const stop = async () => {
      await microphone.close();
      socket = undefined; // what the microphone still had on its way is no part of the session
      if (opened.readyState === WebSocket.OPEN) opened.send(JSON.stringify({ type: "session.close" }));
    };
    function fail(/** @type {Error} */ error) {
      failure.value = error;
      stop();
    }
    opened.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      kept.value?.messages.push(message);
      HANDLERS[message.type]?.(message);
    };
    opened.onopen = () => {
      const person = chosenPerson();
      if (person !== null) opened.send(JSON.stringify({ type: "session.update", relative_to: person }));
      session.value = { level: microphone.level, stop };
    };
    opened.onclose = async ({ wasClean }) => {
      await microphone.close();
      batch(() => {
        if (!wasClean) failure.value ??= new Error(lostWords());
        session.value = null;
        isStarting.value = false;
        isSpeaking.value = false;
      });
    };
  } catch (error) {
    failure.value = error;
  }
  isStarting.value = false;
}

/** Said where the connection breaks without a word of the server. */
function lostWords() {
  if (!session.value) return t("liveNotOpened");
  return t("liveLost", { time: clock(heard.value, 0) });
}
