/**
 * The recording to look at and to listen to: waveform, curve and segments over one axis of time.
 *
 * What plays is what the model heard, `processed_audio.wav`: every browser plays it, seeks in it to
 * the sample, and it begins where trimming left off. Times are those of the original recording.
 */

import { fileOf, getJson } from "./api.js";
import { drawCurve, loadCurve, scoresAt } from "./curve.js";
import { clock, percent } from "./format.js";
import { html, Icon } from "./html.js";
import { labelOf, nameOf } from "./labels.js";
import { RegionBar } from "./region.js";
import { SegmentList, SegmentStrip } from "./segments.js";
import { isDark } from "./state.js";
import { t } from "./strings.js";
import { signal } from "./vendor/signals.js";
import { useEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.js";
import Regions from "./vendor/wavesurfer-regions.js";
import WaveSurfer from "./vendor/wavesurfer.js";

const CLOSEST_PX_PER_S = 400;

/** Everything about one player that moves; times in seconds of the original recording. */
function stateOf({ audio, preprocessing }) {
  const start = preprocessing.trimmed_start_ms / 1000;
  const end = (audio.duration_ms - preprocessing.trimmed_end_ms) / 1000;
  return {
    start,
    end,
    time: signal(start),
    visible: signal([start, end]),
    playing: signal(false),
    selection: signal(null),
    looping: signal(false),
    zoom: signal(1),
    hidden: signal(new Set()),
  };
}

export function Player({ document }) {
  const state = useMemo(() => stateOf(document), [document.id]);
  const [curve, setCurve] = useState(null);
  const [problem, setProblem] = useState(null);
  const waveform = useRef(null);
  const surfer = useRef(null);

  useEffect(() => {
    let isGone = false;
    loadCurve(document, fileOf(document.id, "frames.csv"))
      .then((loaded) => isGone || setCurve(loaded))
      .catch((error) => isGone || setProblem(error.message));
    getJson(`v1/results/${document.id}/waveform`)
      .then((outline) => isGone || (surfer.current = mount(waveform.current, document.id, outline, state)))
      .catch((error) => isGone || setProblem(error.message));
    return () => {
      isGone = true;
      surfer.current?.destroy();
      surfer.current = null;
    };
  }, [document.id]);

  const seek = (time) => surfer.current?.setTime(Math.min(state.end, Math.max(state.start, time)) - state.start);
  const select = (start, end) => surfer.current?.select(start, end);
  return html`
    <section class="card player" aria-label=${t("player")}>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <${Transport} state=${state} curve=${curve} surfer=${surfer} seek=${seek} />
      <div class="lanes">
        <div class="waveform" ref=${waveform}></div>
        <${Curve} state=${state} curve=${curve} seek=${seek} />
        <${SegmentStrip} state=${state} segments=${document.segments} seek=${seek} />
        <${Playhead} state=${state} />
      </div>
      <${Legend} state=${state} curve=${curve} />
      <${RegionBar} document=${document} state=${state} select=${select} play=${() => surfer.current?.playSelection()} />
      <${SegmentList} state=${state} segments=${document.segments} seek=${seek} select=${select} />
    </section>
  `;
}

/** WaveSurfer with one region at most, telling `state` of whatever happens. */
function mount(element, id, { peaks, hop_ms: hopMs }, state) {
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
  const unfollow = isDark.subscribe(() => queueMicrotask(() => surfer.setOptions(colors())));

  regions.enableDragSelection({ color: "var(--selection)" });
  const chosen = ({ start, end }) => (state.selection.value = { start: start + state.start, end: end + state.start });
  regions.on("region-created", (region) => {
    regions.getRegions().forEach((other) => other !== region && other.remove());
    chosen(region);
  });
  regions.on("region-update", chosen);
  regions.on("region-removed", () => regions.getRegions().length || (state.selection.value = null));
  regions.on("region-clicked", (region, event) => event.stopPropagation());

  const look = () => {
    const width = surfer.getWrapper().scrollWidth || 1;
    const perPixel = surfer.getDuration() / width;
    const from = surfer.getScroll() * perPixel;
    state.visible.value = [from + state.start, from + surfer.getWidth() * perPixel + state.start];
  };
  surfer.on("scroll", look);
  surfer.on("redraw", look);
  surfer.on("play", () => (state.playing.value = true));
  surfer.on("pause", () => (state.playing.value = false));
  surfer.on("timeupdate", (time) => {
    state.time.value = time + state.start;
    const region = state.selection.value;
    if (state.looping.value && region && state.playing.value && time + state.start >= region.end) {
      surfer.setTime(region.start - state.start);
    }
  });
  surfer.on("seeking", (time) => (state.time.value = time + state.start));

  const select = (start, end) => {
    regions.clearRegions();
    if (start === undefined) return;
    const [from, to] = [start - state.start, end - state.start];
    regions.addRegion({ start: from, end: to, color: "var(--selection)" });
  };
  return {
    select,
    setTime: (time) => surfer.setTime(time),
    playPause: () => surfer.playPause(),
    playSelection() {
      surfer.setTime(state.selection.value.start - state.start);
      surfer.play();
    },
    zoom(factor) {
      const fitted = surfer.getWidth() / surfer.getDuration();
      const most = Math.max(1, CLOSEST_PX_PER_S / fitted);
      state.zoom.value = factor ? Math.min(most, Math.max(1, state.zoom.value * factor)) : 1;
      surfer.zoom(state.zoom.value === 1 ? 0 : fitted * state.zoom.value);
      // What scrolls can be scrolled with the keyboard.
      surfer.getWrapper().parentElement.tabIndex = state.zoom.value === 1 ? -1 : 0;
      const middle = state.time.value - state.start - surfer.getWidth() / (2 * fitted * state.zoom.value);
      surfer.setScrollTime(Math.max(0, middle));
      look();
    },
    destroy() {
      unfollow();
      audio.pause();
      surfer.destroy();
      // Ends the download, if there is one.
      audio.removeAttribute("src");
      audio.load();
    },
  };
}

function Transport({ state, curve, surfer, seek }) {
  const { time, playing, start, end, zoom } = state;
  return html`
    <div class="transport">
      <button class="round" aria-label=${t(playing.value ? "pause" : "play")} onClick=${() => surfer.current?.playPause()}>
        <${Icon} name=${playing.value ? "pause" : "play"} />
      </button>
      <span class="number time">${clock(time.value)} <span class="faint">/ ${clock(end)}</span></span>
      <input
        type="range"
        class="seek"
        min=${start}
        max=${end}
        step="0.1"
        value=${time.value}
        aria-label=${t("position")}
        aria-valuetext=${clock(time.value)}
        onInput=${(event) => seek(Number(event.currentTarget.value))}
      />
      <${Now} state=${state} curve=${curve} />
      <span class="zoom" role="group" aria-label=${t("zoom")}>
        <button class="icon-only" aria-label=${t("zoomOut")} disabled=${zoom.value === 1} onClick=${() => surfer.current?.zoom(0.5)}><${Icon} name="minus" /></button>
        <button class="icon-only" aria-label=${t("zoomIn")} onClick=${() => surfer.current?.zoom(2)}><${Icon} name="plus" /></button>
        <button class="icon-only" aria-label=${t("zoomFit")} disabled=${zoom.value === 1} onClick=${() => surfer.current?.zoom(0)}><${Icon} name="fit" /></button>
      </span>
    </div>
  `;
}

/** What leads where the playhead is. */
function Now({ state, curve }) {
  const scores = curve && scoresAt(curve, state.time.value);
  if (!scores) return html`<span class="now faint">–</span>`;
  const best = scores.indexOf(Math.max(...scores));
  const id = curve.labels[best];
  return html`<span class="now">${labelOf(id).emoji} ${nameOf(id)} <span class="number">${percent(scores[best], 0)}</span></span>`;
}

function Playhead({ state }) {
  const [from, to] = state.visible.value;
  const share = (state.time.value - from) / (to - from);
  if (share < 0 || share > 1) return null;
  return html`<div class="playhead" style=${{ left: `${100 * share}%` }}></div>`;
}

function Curve({ state, curve, seek }) {
  const element = useRef(null);
  useEffect(() => {
    if (!curve) return;
    let drawn;
    const draw = () => {
      drawn?.destroy();
      drawn = drawCurve(element.current, curve, seek);
      curve.labels.forEach((id, index) => state.hidden.peek().has(id) && drawn.setVisible(index, false));
      drawn.look(...state.visible.peek());
    };
    const redraw = isDark.subscribe(draw);
    const looked = state.visible.subscribe(([from, to]) => drawn.look(from, to));
    const hidden = state.hidden.subscribe((ids) =>
      curve.labels.forEach((id, index) => drawn.setVisible(index, !ids.has(id))),
    );
    const resized = new ResizeObserver(() => drawn.resize());
    resized.observe(element.current);
    return () => {
      [redraw, looked, hidden].forEach((stop) => stop());
      resized.disconnect();
      drawn.destroy();
    };
  }, [curve]);
  return html`<div class="curve" ref=${element} role="img" aria-label=${t("curve")}></div>`;
}

function Legend({ state, curve }) {
  if (!curve) return null;
  const scores = scoresAt(curve, state.time.value);
  const toggle = (id) => {
    const next = new Set(state.hidden.value);
    if (!next.delete(id)) next.add(id);
    state.hidden.value = next;
  };
  return html`
    <div class="legend" role="group" aria-label=${t("curve")}>
      ${curve.labels.map(
        (id, index) => html`
          <button aria-pressed=${!state.hidden.value.has(id)} style=${{ "--label": labelOf(id).color }} onClick=${() => toggle(id)}>
            <i></i>${labelOf(id).emoji} ${nameOf(id)} <span class="number faint">${scores ? percent(scores[index], 0) : "–"}</span>
          </button>
        `,
      )}
    </div>
  `;
}
