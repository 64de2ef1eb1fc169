/** The microphone: 16 kHz mono as it was spoken, without what browsers do to please the ear. */

import { t } from "../strings.js";
import { signal } from "../vendor/signals.js";
import { SAMPLE_RATE, wavOf } from "../wav.js";

// Below this a level meter shows nothing.
const SILENCE_DB = -60;

/** The level of s16le samples, 0..1 on a scale of decibels. */
function levelOf(/** @type {Int16Array} */ samples) {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return Math.min(1, Math.max(0, 1 - (20 * Math.log10(peak / 32768 + 1e-9)) / SILENCE_DB));
}

/** The microphones there are; browsers name them once one of them was allowed. */
export const microphones = signal(/** @type {MediaDeviceInfo[]} */ ([]));

/** The id of the one that is listened to; empty for the browser's own choice. */
export const chosenMicrophone = signal("");

/** Looks which microphones there are, again each time one comes or goes; gives what stops it. */
export function watchMicrophones() {
  const devices = navigator.mediaDevices;
  devices?.addEventListener("devicechange", findMicrophones);
  findMicrophones();
  return () => devices?.removeEventListener("devicechange", findMicrophones);
}

async function findMicrophones() {
  const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  // Without an id nobody has been asked yet, and "default" is another name of one of the others.
  microphones.value = found.filter(
    ({ kind, deviceId }) => kind === "audioinput" && !["", "default", "communications"].includes(deviceId),
  );
  if (!microphones.value.some(({ deviceId }) => deviceId === chosenMicrophone.value)) chosenMicrophone.value = "";
}

/**
 * What the browser has against it, by the names of its errors.
 *
 * @type {Record<string, import("../strings.js").Key>}
 */
const REFUSALS = {
  NotFoundError: "microphoneMissing",
  OverconstrainedError: "microphoneMissing",
  NotReadableError: "microphoneBusy",
};

/**
 * Opens the chosen one. `onAudio` is given an ArrayBuffer of s16le every 100 ms; `onLost` is told
 * when it is unplugged.
 *
 * Returns the level as a signal, and what closes it. Raises an Error with words for a person.
 *
 * @param {(audio: ArrayBuffer) => void} onAudio
 * @param {{ onLost?: () => void }} watching
 */
export async function listen(onAudio, { onLost } = {}) {
  if (!navigator.mediaDevices) throw new Error(t("microphoneInsecure"));
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      // They would change how it sounds, and with it what is recognised.
      audio: {
        channelCount: 1,
        echoCancellation: false,
        noiseSuppression: false,
        autoGainControl: false,
        ...(chosenMicrophone.value && { deviceId: { exact: chosenMicrophone.value } }),
      },
    });
  } catch (error) {
    throw new Error(t(REFUSALS[error.name] ?? "microphoneRefused"));
  }
  findMicrophones();
  if (onLost) for (const track of stream.getTracks()) track.addEventListener("ended", onLost);
  const context = new AudioContext();
  const level = signal(0);
  const close = async () => {
    for (const track of stream.getTracks()) track.stop();
    if (context.state !== "closed") await context.close();
  };
  try {
    await context.audioWorklet.addModule("static/live/microphone-worklet.js");
    const capture = new AudioWorkletNode(context, "capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    capture.port.onmessage = ({ data }) => {
      level.value = levelOf(new Int16Array(data));
      onAudio(data);
    };
    context.createMediaStreamSource(stream).connect(capture);
    await context.resume();
  } catch (error) {
    await close();
    throw error;
  }
  return { level, close };
}

/**
 * A name for what was recorded then: `recording-20240104-223000.wav`.
 *
 * @param {string} kind
 * @param {Date} time
 * @param {string} suffix
 */
export const stampedName = (kind, time, suffix = ".wav") =>
  `${kind}-${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}${suffix}`;

/** Records: `seconds` and `level` are signals, `stop` gives the file. */
export async function record() {
  /** @type {ArrayBuffer[]} */
  const parts = [];
  const seconds = signal(0);
  const microphone = await listen((data) => {
    parts.push(data);
    seconds.value += data.byteLength / 2 / SAMPLE_RATE;
  });
  const started = new Date();
  return {
    seconds,
    level: microphone.level,
    async stop() {
      await microphone.close();
      return wavOf(parts, stampedName("recording", started));
    },
  };
}
