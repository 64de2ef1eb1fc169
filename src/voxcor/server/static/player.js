/**
 * The recording to look at and to listen to: waveform, curve and segments over one axis of time.
 *
 * What plays is what the model heard, `processed_audio.wav`: every browser plays it, seeks in it to
 * the sample, and it begins where trimming left off. Times are those of the original recording.
 */

import { fileOf, getJson } from "./api.js";
import { loadCurve, scoresAt } from "./curve.js";
import { clock, percent } from "./format.js";
import { html, Icon } from "./html.js";
import { labelOf, nameOf } from "./labels.js";
import { drawCurve } from "./plot.js";
import { RegionBar } from "./region.js";
import { RulesFired } from "./rules-fired.js";
import { SegmentList, SegmentStrip } from "./segments.js";
import { isDark } from "./state.js";
import { t } from "./strings.js";
import { useEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.js";
import { signal } from "./vendor/signals.js";
import { mount } from "./waveform.js";

/** @import { InputEvent } from "./html.js" */

/** @import { Curve as CurveData } from "./curve.js" */
/** @import { Result } from "./server.js" */

/** @typedef {ReturnType<typeof stateOf>} PlayerState */
/** @typedef {{ current: ReturnType<typeof mount> | null }} Surfer */
/** @typedef {(time: number) => void} Seek */

/** Everything about one player that moves; times in seconds of the original recording. */
function stateOf(/** @type {Result} */ { audio, preprocessing }) {
  const start = preprocessing.trimmed_start_ms / 1000;
  const end = (audio.duration_ms - preprocessing.trimmed_end_ms) / 1000;
  return {
    start,
    end,
    time: signal(start),
    visible: signal([start, end]),
    playing: signal(false),
    selection: signal(/** @type {{ start: number, end: number } | null} */ (null)),
    looping: signal(false),
    zoom: signal(1),
    hidden: signal(/** @type {Set<string>} */ (new Set())),
  };
}

/** @param {{ document: Result }} props */
export function Player({ document }) {
  const state = useMemo(() => stateOf(document), [document.id]);
  const [curve, setCurve] = useState(/** @type {CurveData | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const waveform = useRef(/** @type {HTMLDivElement | null} */ (null));
  const surfer = useRef(/** @type {Surfer["current"]} */ (null));

  useEffect(() => {
    let isGone = false;
    loadCurve(document, fileOf(document.id, "frames.csv"))
      .then((loaded) => isGone || setCurve(loaded))
      .catch((error) => isGone || setProblem(error.message));
    getJson(`v1/results/${document.id}/waveform`)
      .then((outline) => {
        if (waveform.current && !isGone) surfer.current = mount(waveform.current, document.id, outline, state);
      })
      .catch((error) => isGone || setProblem(error.message));
    return () => {
      isGone = true;
      surfer.current?.destroy();
      surfer.current = null;
    };
  }, [document.id]);

  const seek = (/** @type {number} */ time) =>
    surfer.current?.setTime(Math.min(state.end, Math.max(state.start, time)) - state.start);
  const select = (/** @type {number | undefined} */ start, /** @type {number | undefined} */ end) =>
    surfer.current?.select(start, end);
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
      <${RulesFired} document=${document} seek=${seek} />
      <${RegionBar} document=${document} state=${state} select=${select} play=${() => surfer.current?.playSelection()} />
      <${SegmentList} state=${state} segments=${document.segments} seek=${seek} select=${select} />
    </section>
  `;
}

/** @param {{ state: PlayerState, curve: CurveData | null, surfer: Surfer, seek: Seek }} props */
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
        onInput=${(/** @type {InputEvent} */ event) => seek(Number(event.currentTarget.value))}
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
function Now(/** @type {{ state: PlayerState, curve: CurveData | null }} */ { state, curve }) {
  const scores = curve && scoresAt(curve, state.time.value);
  if (!curve || !scores) return html`<span class="now faint">–</span>`;
  const best = scores.indexOf(Math.max(...scores));
  const id = curve.labels[best];
  return html`<span class="now">${labelOf(id).emoji} ${nameOf(id)} <span class="number">${percent(scores[best], 0)}</span></span>`;
}

function Playhead(/** @type {{ state: PlayerState }} */ { state }) {
  const [from, to] = state.visible.value;
  const share = (state.time.value - from) / (to - from);
  if (share < 0 || share > 1) return null;
  return html`<div class="playhead" style=${{ left: `${100 * share}%` }}></div>`;
}

/** @param {{ state: PlayerState, curve: CurveData | null, seek: Seek }} props */
function Curve({ state, curve, seek }) {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    if (!curve) return;
    const place = /** @type {HTMLDivElement} */ (element.current);
    /** @type {ReturnType<typeof drawCurve> | undefined} */
    let drawn;
    const look = () => {
      const [from, to] = state.visible.peek();
      drawn?.look(from, to);
    };
    const hide = () => {
      for (const [index, id] of curve.labels.entries()) drawn?.setVisible(index, !state.hidden.peek().has(id));
    };
    const redraw = isDark.subscribe(() => {
      drawn?.destroy();
      drawn = drawCurve(place, curve, seek);
      hide();
      look();
    });
    const looked = state.visible.subscribe(look);
    const hidden = state.hidden.subscribe(hide);
    const resized = new ResizeObserver(() => drawn?.resize());
    resized.observe(place);
    return () => {
      for (const stop of [redraw, looked, hidden]) stop();
      resized.disconnect();
      drawn?.destroy();
    };
  }, [curve]);
  return html`<div class="curve" ref=${element} role="img" aria-label=${t("curve")}></div>`;
}

function Legend(/** @type {{ state: PlayerState, curve: CurveData | null }} */ { state, curve }) {
  if (!curve) return null;
  const scores = scoresAt(curve, state.time.value);
  const toggle = (/** @type {string} */ id) => {
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
