/** What plays of a recording and what is looked at, for all that show it or move in it. */

import { signal } from "../vendor/signals.js";

/** @import { Curve } from "./curve.js" */
/** @import { Result } from "../server.js" */

/** @typedef {ReturnType<typeof playbackOf>} Playback */

/**
 * What plays: the waveform, once it is there.
 *
 * @typedef {{
 *   setTime: (seconds: number) => void,
 *   play: (from: number, to: number) => void,
 *   playPause: () => void,
 *   select: (from?: number, to?: number) => void,
 *   zoom: (factor: number) => void,
 *   lookFrom: (time: number) => void,
 * }} Surfer
 */

/** How fast it plays, and how loud, 0..1: the same for the next recording. */
export const speed = signal(1);
export const volume = signal(1);

/**
 * Times in seconds of the original recording. Where it shall be before the waveform is there, and
 * what it shall play, it is and plays then.
 *
 * @param {Pick<Result, "audio" | "preprocessing">} document
 */
export function playbackOf({ audio, preprocessing }) {
  const start = preprocessing.trimmed_start_ms / 1000;
  const end = (audio.duration_ms - preprocessing.trimmed_end_ms) / 1000;
  const time = signal(start);
  /** @type {Surfer | null} */
  let surfer = null;
  /** @type {[number, number] | null} */
  let wanted = null;
  const seek = (/** @type {number} */ moment) => {
    time.value = Math.min(end, Math.max(start, moment));
    surfer?.setTime(time.value - start);
  };
  const play = (/** @type {number} */ from, /** @type {number} */ to) => {
    if (surfer) surfer.play(from, to);
    else wanted = [from, to];
  };
  return {
    start,
    end,
    time,
    visible: signal([start, end]),
    playing: signal(false),
    selection: signal(/** @type {{ start: number, end: number } | null} */ (null)),
    looping: signal(false),
    zoom: signal(1),
    curve: signal(/** @type {Curve | null} */ (null)),
    /** Labels whose curves are not drawn. */
    hidden: signal(/** @type {Set<string>} */ (new Set())),
    /** The one emotion that is looked at; null for all. */
    only: signal(/** @type {string | null} */ (null)),
    seek,
    /** From one moment to the other, and no further. */
    play,
    toggle: () => surfer?.playPause(),
    skip: (/** @type {number} */ seconds) => seek(time.value + seconds),
    /** Without a start, nothing is selected. */
    /** @type {Surfer["select"]} */
    select: (from, to) => surfer?.select(from, to),
    /** Closer by a factor; 0 shows all. */
    magnify: (/** @type {number} */ factor) => surfer?.zoom(factor),
    /** What is visible begins there. */
    lookFrom: (/** @type {number} */ moment) => surfer?.lookFrom(moment),
    attach(/** @type {Surfer | null} */ mounted) {
      surfer = mounted;
      surfer?.setTime(time.value - start);
      if (surfer && wanted) surfer.play(...wanted);
      wanted = null;
    },
  };
}
