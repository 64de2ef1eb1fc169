/** The one segment that is heard; it ends where its sound ends. */

import { speed, volume } from "../player/playback.js";
import { signal } from "../vendor/signals.js";

/** The id of the segment that plays. */
export const playing = signal(/** @type {string | null} */ (null));

/** The id of the segment whose sound cannot be had. */
export const silent = signal(/** @type {string | null} */ (null));

const audio = new Audio();
// Where its address says where a stretch ends, it does not end there: it pauses.
audio.addEventListener("pause", () => {
  if (audio.paused) playing.value = null;
});

export function stop() {
  audio.pause();
  playing.value = null;
}

const ofSegment = (/** @type {string} */ id) => `v1/library/segments/${encodeURIComponent(id)}/audio`;

/** Plays a segment from its beginning; `address` is that of its sound. */
export function play(/** @type {string} */ id, address = ofSegment(id)) {
  audio.src = address;
  audio.playbackRate = speed.value;
  audio.volume = volume.value;
  playing.value = id;
  silent.value = null;
  audio.play().catch((error) => {
    // Another one was asked for meanwhile.
    if (error.name === "AbortError" || playing.value !== id) return;
    playing.value = null;
    silent.value = id;
  });
}

export const toggle = (/** @type {string} */ id, address = ofSegment(id)) =>
  playing.value === id ? stop() : play(id, address);
