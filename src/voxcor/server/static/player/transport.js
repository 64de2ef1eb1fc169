/** What plays the recording: play and pause, where, how fast, how loud, how close. */

import { clock, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { labelOf, nameOf } from "../labels.js";
import { t } from "../strings.js";
import { scoresAt } from "./curve.js";
import { speed, volume } from "./playback.js";

/** @import { InputEvent, SelectEvent } from "../html.js" */
/** @import { Playback } from "./playback.js" */

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** @param {{ state: Playback, hasCurve: boolean }} props */
export function Transport({ state, hasCurve }) {
  const { time, playing, start, end, zoom, seek, toggle, magnify } = state;
  return html`
    <div class="transport">
      <button class="round" aria-label=${t(playing.value ? "pause" : "play")} onClick=${toggle}>
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
      ${hasCurve && html`<${Now} state=${state} />`}
      <select
        class="speed number"
        aria-label=${t("speed")}
        value=${speed.value}
        onChange=${(/** @type {SelectEvent} */ event) => (speed.value = Number(event.currentTarget.value))}
      >
        ${SPEEDS.map((rate) => html`<option value=${rate}>${rate}×</option>`)}
      </select>
      <label class="volume">
        <${Icon} name="volume" />
        <input
          type="range"
          min="0"
          max="1"
          step="0.05"
          value=${volume.value}
          aria-label=${t("volume")}
          aria-valuetext=${percent(volume.value, 0)}
          onInput=${(/** @type {InputEvent} */ event) => (volume.value = Number(event.currentTarget.value))}
        />
      </label>
      <span class="zoom" role="group" aria-label=${t("zoom")}>
        <button class="icon-only" aria-label=${t("zoomOut")} disabled=${zoom.value === 1} onClick=${() => magnify(0.5)}><${Icon} name="minus" /></button>
        <button class="icon-only" aria-label=${t("zoomIn")} onClick=${() => magnify(2)}><${Icon} name="plus" /></button>
        <button class="icon-only" aria-label=${t("zoomFit")} disabled=${zoom.value === 1} onClick=${() => magnify(0)}><${Icon} name="fit" /></button>
      </span>
    </div>
  `;
}

/** What leads where the playhead is. */
function Now(/** @type {{ state: Playback }} */ { state }) {
  const curve = state.curve.value;
  const scores = curve && scoresAt(curve, state.time.value);
  if (!curve || !scores) return html`<span class="now faint">–</span>`;
  const best = scores.indexOf(Math.max(...scores));
  const id = curve.labels[best];
  return html`<span class="now">${labelOf(id).emoji} ${nameOf(id)} <span class="number">${percent(scores[best], 0)}</span></span>`;
}
