/**
 * The recording to look at and to listen to: waveform, curve and segments over one axis of time.
 *
 * What plays is what the model heard, `processed_audio.wav`: every browser plays it, seeks in it to
 * the sample, and it begins where trimming left off. Times are those of the original recording.
 */

import { fileOf, getJson } from "../api.js";
import { useCorrections } from "../corrections/corrections.js";
import { clock, percent } from "../format.js";
import { html } from "../html.js";
import { labelOf, nameOf } from "../labels.js";
import { SegmentList, SegmentStrip } from "../result/segments.js";
import { isUtterance } from "../result/summary.js";
import { RulesFired } from "../rules/fired.js";
import { address, isDark } from "../state.js";
import { t } from "../strings.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { effect, useSignal } from "../vendor/signals.js";
import { loadCurve, scoresAt } from "./curve.js";
import { useDrawer } from "./drawing.js";
import { onKey } from "./keys.js";
import { Overview } from "./overview.js";
import { RegionBar } from "./region.js";
import { Transport } from "./transport.js";

/** @import { Drawer } from "./drawing.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Segment } from "../result/segments.js" */
/** @import { Result } from "../server.js" */

// Longer than this, nine lines are a tangle, and shares of the whole are read more easily.
const LONG_S = 120;

const MOST_HOVERED = 3;

/** @param {{ document: Result, segments: Segment[], state: Playback }} props */
export function Player({ document, segments: ofModel, state }) {
  const corrections = useCorrections(document, ofModel);
  const segments = corrections.segments.value;
  const problem = useSignal(/** @type {string | null} */ (null));
  const isStacked = useSignal(state.end - state.start > LONG_S);
  const hasSpectrogram = useSignal(false);
  const waveform = useRef(/** @type {HTMLDivElement | null} */ (null));
  const hasCurve = document.files.includes("frames.csv") || !isUtterance(document);

  useEffect(() => {
    let isGone = false;
    /** @type {ReturnType<typeof import("./waveform.js").mount> | null} */
    let surfer = null;
    const fail = (/** @type {Error} */ error) => {
      if (!isGone) problem.value = error.message;
    };
    if (hasCurve) {
      loadCurve(document, fileOf(document.id, "frames.csv"))
        .then((loaded) => {
          state.curve.value = loaded;
        })
        .catch(fail);
    }
    // Nobody needs WaveSurfer before the first result.
    Promise.all([getJson(`v1/results/${document.id}/waveform`), import("./waveform.js")])
      .then(([outline, { mount }]) => {
        if (!waveform.current || isGone) return;
        surfer = mount(waveform.current, document.id, outline, state);
        state.attach(surfer);
      })
      .catch(fail);
    return () => {
      isGone = true;
      state.attach(null);
      surfer?.destroy();
    };
  }, [document.id]);

  const { id, rest } = address.value;
  useEffect(() => {
    const moment = Number.parseFloat(rest);
    if (id === document.id && moment >= 0) state.seek(moment);
  }, [document.id, id, rest]);

  const [from, to] = state.visible.value;
  return html`
    <section class="card player" tabindex="-1" aria-label=${t("player")} onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKey(event, state)}>
      ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
      <${Transport} state=${state} hasCurve=${hasCurve} />
      <div class="lanes">
        <div class="waveform" ref=${waveform}></div>
        ${hasSpectrogram.value && html`<${Spectrogram} id=${document.id} state=${state} />`}
        ${hasCurve && html`<${Curve} key=${isStacked.value} state=${state} isStacked=${isStacked.value} />`}
        <${SegmentStrip} state=${state} segments=${segments} from=${from} to=${to} />
        <${Playhead} state=${state} />
      </div>
      <${Overview} state=${state} segments=${segments} />
      <div class="row looks">
        ${
          hasCurve &&
          html`<div class="switch" role="group" aria-label=${t("curve")}>
          <button aria-pressed=${!isStacked.value} onClick=${() => (isStacked.value = false)}>${t("curveLines")}</button>
          <button aria-pressed=${isStacked.value} onClick=${() => (isStacked.value = true)}>${t("curveStacked")}</button>
        </div>`
        }
        <button class="quiet" aria-pressed=${hasSpectrogram.value} onClick=${() => (hasSpectrogram.value = !hasSpectrogram.value)}>${t("spectrogram")}</button>
        <small class="faint keys">${t("keys")}</small>
      </div>
      ${hasCurve && html`<${Legend} state=${state} />`}
      <${RulesFired} document=${document} seek=${state.seek} />
      <${RegionBar} document=${document} state=${state} />
      <${SegmentList} id=${document.id} state=${state} corrections=${corrections} />
    </section>
  `;
}

function Playhead(/** @type {{ state: Playback }} */ { state }) {
  const [from, to] = state.visible.value;
  const share = (state.time.value - from) / (to - from);
  if (share < 0 || share > 1) return null;
  return html`<div class="playhead" style=${{ left: `${100 * share}%` }}></div>`;
}

/** Whether a label is drawn: the one that is looked at, or all that are not hidden. */
const isDrawn = (/** @type {Playback} */ { only, hidden }, /** @type {string} */ id) =>
  only.value === null ? !hidden.value.has(id) : only.value === id;

/** @param {{ state: Playback, isStacked: boolean }} props */
function Curve({ state, isStacked }) {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  const hovered = useSignal(/** @type {{ time: number, left: number } | null} */ (null));
  const curve = state.curve.value;
  const drawCurve = useDrawer();
  useEffect(() => {
    if (!curve || !drawCurve) return;
    const place = /** @type {HTMLDivElement} */ (element.current);
    /** @type {ReturnType<Drawer> | undefined} */
    let drawn;
    const onHover = (/** @type {typeof hovered.value} */ at) => {
      hovered.value = at;
    };
    const look = () => {
      const [from, to] = state.visible.peek();
      drawn?.look(from, to);
    };
    const stops = [
      isDark.subscribe(() => {
        drawn?.destroy();
        drawn = drawCurve(place, curve, state.seek, { isStacked, onHover });
        look();
      }),
      state.visible.subscribe(look),
      effect(() => {
        isDark.value;
        const visible = new Set(curve.labels.filter((id) => isDrawn(state, id)));
        drawn?.setVisible((id) => visible.has(id));
      }),
    ];
    const resized = new ResizeObserver(() => drawn?.resize());
    resized.observe(place);
    return () => {
      for (const stop of stops) stop();
      resized.disconnect();
      drawn?.destroy();
    };
  }, [curve, drawCurve]);
  return html`
    <div class="pointed">
      <div class="curve" ref=${element} role="img" aria-label=${t("curve")}></div>
      ${hovered.value && html`<${Hovered} state=${state} at=${hovered.value} />`}
    </div>
  `;
}

/**
 * The moment that is pointed at, and what scores highest there.
 *
 * @param {{ state: Playback, at: { time: number, left: number } }} props
 */
function Hovered({ state, at: { time, left } }) {
  const curve = state.curve.value;
  const [from, to] = state.visible.value;
  const scores = curve && scoresAt(curve, time);
  const best = (scores ?? [])
    .map((score, index) => ({ id: curve?.labels[index] ?? "", score }))
    .filter(({ id }) => isDrawn(state, id))
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST_HOVERED);
  return html`
    <div class="hovered" aria-hidden="true" style=${{ left: `${left}px` }}>
      <div class=${time > (from + to) / 2 ? "before" : "after"}>
        <b class="number">${clock(time)}</b>
        ${best.map(({ id, score }) => html`<span><i class="swatch" style=${{ "--label": labelOf(id).color }}></i>${labelOf(id).emoji} ${nameOf(id)} <span class="number">${percent(score)}</span></span>`)}
        ${!scores && html`<span class="faint">${t("noSpeech")}</span>`}
      </div>
    </div>
  `;
}

function Legend(/** @type {{ state: Playback }} */ { state }) {
  const curve = state.curve.value;
  if (!curve) return null;
  const scores = scoresAt(curve, state.time.value);
  const toggle = (/** @type {string} */ id) => {
    const next = new Set(state.hidden.value);
    if (!next.delete(id)) next.add(id);
    state.hidden.value = next;
    state.only.value = null;
  };
  return html`
    <div class="legend" role="group" aria-label=${t("curve")}>
      ${curve.labels.map(
        (id, index) => html`
          <button aria-pressed=${isDrawn(state, id)} style=${{ "--label": labelOf(id).color }} onClick=${() => toggle(id)}>
            <i></i>${labelOf(id).emoji} ${nameOf(id)} <span class="number faint">${scores ? percent(scores[index], 0) : "–"}</span>
          </button>
        `,
      )}
    </div>
  `;
}

/** What is visible, as a spectrogram; what draws it is loaded when it is asked for. */
function Spectrogram(/** @type {{ id: string, state: Playback }} */ { id, state }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const remark = useSignal("");
  useEffect(() => {
    let isGone = false;
    let stop = () => {};
    import("./spectrogram.js")
      .then(({ follow }) => {
        const place = canvas.current;
        if (place && !isGone) stop = follow(place, id, state, (text) => (remark.value = text));
      })
      .catch((error) => {
        remark.value = error.message;
      });
    return () => {
      isGone = true;
      stop();
    };
  }, [id]);
  return html`
    <div class="spectrogram">
      <canvas ref=${canvas} role="img" aria-label=${t("spectrogramOf")}></canvas>
      <span class="faint number" aria-hidden="true">8 kHz</span>
      ${remark.value && html`<p class="faint" role="status">${remark.value}</p>`}
    </div>
  `;
}
