/** The waveform that plays: WaveSurfer, with one region at most. */

import { fileOf } from "../api.js";
import { isDark } from "../state.js";
import WaveSurfer from "../vendor/wavesurfer.js";
import Regions from "../vendor/wavesurfer-regions.js";
import { speed, volume } from "./playback.js";

/** @import { Playback } from "./playback.js" */
/** @import { Waveform } from "../server.js" */

const CLOSEST_PX_PER_S = 400;

/**
 * Draws it into an element, and tells `state` of whatever happens.
 *
 * @param {HTMLElement} element
 * @param {string} id
 * @param {Waveform} outline
 * @param {Playback} state
 */
export function mount(element, id, { peaks, hop_ms: hopMs }, state) {
  const colors = () => {
    const style = getComputedStyle(element);
    return {
      waveColor: style.getPropertyValue("--wave"),
      progressColor: style.getPropertyValue("--wave-played"),
      cursorColor: "transparent",
    };
  };
  const regions = Regions.create();
  const audio = new Audio(fileOf(id, "processed_audio.wav"));
  audio.preload = "metadata";
  const surfer = WaveSurfer.create({
    container: element,
    media: audio,
    peaks: [Float32Array.from(peaks, (peak) => peak / 127)],
    duration: Math.min((peaks.length * hopMs) / 1000, state.end - state.start),
    height: 96,
    normalize: true,
    barHeight: 0.92,
    cursorWidth: 0,
    plugins: [regions],
    ...colors(),
  });
  const unfollow = [
    isDark.subscribe(() => queueMicrotask(() => surfer.setOptions(colors()))),
    speed.subscribe((rate) => surfer.setPlaybackRate(rate, true)),
    volume.subscribe((level) => surfer.setVolume(level)),
  ];
  /**
   * What plays from one moment to another and stops there; null where all does.
   *
   * @type {[number, number] | null}
   */
  let stretch = null;
  const setTime = (/** @type {number} */ time) => {
    stretch = null;
    surfer.setTime(time);
  };
  const play = (/** @type {number} */ from, /** @type {number} */ to) => {
    setTime(from - state.start);
    stretch = [from - state.start, Math.min(to - state.start, surfer.getDuration())];
    surfer.play();
  };

  regions.enableDragSelection({ color: "var(--selection)" });
  const chosen = (/** @type {{ start: number, end: number }} */ { start, end }) => {
    state.selection.value = { start: start + state.start, end: end + state.start };
  };
  regions.on("region-created", (region) => {
    for (const other of regions.getRegions()) if (other !== region) other.remove();
    chosen(region);
  });
  regions.on("region-update", chosen);
  regions.on("region-removed", () => {
    if (!regions.getRegions().length) state.selection.value = null;
  });
  regions.on("region-clicked", (_, event) => event.stopPropagation());

  const look = () => {
    const width = surfer.getWrapper().scrollWidth || 1;
    const perPixel = surfer.getDuration() / width;
    const from = surfer.getScroll() * perPixel;
    state.visible.value = [from + state.start, from + surfer.getWidth() * perPixel + state.start];
  };
  surfer.on("scroll", look);
  surfer.on("redraw", look);
  surfer.on("play", () => {
    state.playing.value = true;
  });
  surfer.on("pause", () => {
    state.playing.value = false;
  });
  surfer.on("timeupdate", (time) => {
    state.time.value = time + state.start;
    if (!stretch || time < stretch[1] || !surfer.isPlaying()) return;
    if (state.looping.value) {
      surfer.setTime(stretch[0]);
    } else {
      surfer.pause();
      setTime(stretch[1]);
    }
  });
  surfer.on("interaction", () => {
    stretch = null;
  });
  surfer.on("seeking", (time) => {
    state.time.value = time + state.start;
  });

  return {
    /**
     * Without a start, nothing is selected.
     *
     * @param {number} [start]
     * @param {number} [end]
     */
    select(start, end) {
      regions.clearRegions();
      if (start === undefined || end === undefined) {
        state.looping.value = false;
        return;
      }
      regions.addRegion({ start: start - state.start, end: end - state.start, color: "var(--selection)" });
    },
    setTime,
    playPause() {
      const region = state.looping.value && state.selection.value;
      if (region && !stretch && !surfer.isPlaying()) play(region.start, region.end);
      else surfer.playPause();
    },
    play,
    lookFrom: (/** @type {number} */ time) => surfer.setScrollTime(time - state.start),
    zoom(/** @type {number} */ factor) {
      const fitted = surfer.getWidth() / surfer.getDuration();
      const most = Math.max(1, CLOSEST_PX_PER_S / fitted);
      state.zoom.value = factor ? Math.min(most, Math.max(1, state.zoom.value * factor)) : 1;
      surfer.zoom(state.zoom.value === 1 ? 0 : fitted * state.zoom.value);
      // What scrolls can be scrolled with the keyboard.
      const scrolled = surfer.getWrapper().parentElement;
      if (scrolled) scrolled.tabIndex = state.zoom.value === 1 ? -1 : 0;
      const middle = state.time.value - state.start - surfer.getWidth() / (2 * fitted * state.zoom.value);
      surfer.setScrollTime(Math.max(0, middle));
      look();
    },
    destroy() {
      for (const stop of unfollow) stop();
      audio.pause();
      surfer.destroy();
      // Ends the download, if there is one.
      audio.removeAttribute("src");
      audio.load();
    },
  };
}
