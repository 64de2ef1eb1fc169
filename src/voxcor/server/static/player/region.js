/** A region of the recording: play it over and over, and score it by itself. */

import { fileOf, recognise, remove, request } from "../api.js";
import { clock } from "../format.js";
import { html, Icon } from "../html.js";
import { placeOfSimilar } from "../library.js";
import { chosenOptions } from "../options.js";
import { Bars, headline } from "../result/scores.js";
import { t } from "../strings.js";
import { useSignal, useSignalEffect } from "../vendor/signals.js";
import { rangeOf, wavOf } from "../wav.js";

/** @import { Form } from "../api.js" */
/** @import { InputEvent } from "../html.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Result } from "../server.js" */

/**
 * What the model says of these samples alone; nothing of it stays on the server.
 *
 * @param {Result} document
 * @param {Playback} state
 * @param {{ start: number, end: number }} region
 * @returns {Promise<Result>}
 */
async function score(document, state, { start, end }) {
  const samples = await request(fileOf(document.id, "processed_audio.wav"), {
    headers: { Range: rangeOf(start - state.start, end - state.start) },
  });
  const name = `${document.audio.name} ${clock(start)}-${clock(end)}.wav`;
  const clip = wavOf([await samples.arrayBuffer()], name);
  const model = document.model.id;
  /** @type {Form} */
  const options = {
    ...chosenOptions(),
    granularity: "utterance",
    embedding: false,
    trim: false,
    channels: "mix",
    track: null,
    raw: null,
    relative_to: null,
    model,
  };
  const [scored] = /** @type {Result[]} */ (await recognise(clip, options));
  await remove(scored.id);
  return scored;
}

/**
 * @param {{
 *   document: Result,
 *   state: Playback,
 * }} props
 */
export function RegionBar({ document, state }) {
  const { select } = state;
  const outcome = useSignal(/** @type {{ busy?: boolean, result?: Result, problem?: string } | null} */ (null));
  useSignalEffect(() => {
    if (state.selection.value) outcome.value = null;
  });
  const region = state.selection.value;
  const run = async () => {
    if (!region) return;
    outcome.value = { busy: true };
    try {
      outcome.value = { result: await score(document, state, region) };
    } catch (error) {
      outcome.value = { problem: error.message };
    }
  };
  if (!region) {
    const begin = () => {
      const start = Math.min(state.time.value, Math.max(state.start, state.end - 1));
      select(start, Math.min(state.end, start + 2));
    };
    return html`<div class="region row">
      <button class="quiet" onClick=${begin}>${t("regionSelect")}</button>
      <span class="faint hint">${t("regionHint")}</span>
    </div>`;
  }
  const edge = (/** @type {"start" | "end"} */ name) => html`
    <input
      type="number"
      class="number"
      min=${state.start.toFixed(1)}
      max=${state.end.toFixed(1)}
      step="0.1"
      value=${region[name].toFixed(1)}
      aria-label=${t(name === "start" ? "regionStart" : "regionEnd")}
      onChange=${(/** @type {InputEvent} */ event) => {
        const moved = { ...region, [name]: Number(event.currentTarget.value) };
        const start = Math.max(state.start, Math.min(moved.start, moved.end - 0.1));
        select(start, Math.min(state.end, Math.max(moved.end, start + 0.1)));
      }}
    />
  `;
  return html`
    <div class="region">
      <div class="row">
        <span class="edges">${t("region")} ${edge("start")} – ${edge("end")} s</span>
        <button class="quiet" onClick=${() => state.play(region.start, region.end)}><${Icon} name="play" /> ${t("play")}</button>
        <button class="quiet" aria-pressed=${state.looping.value} onClick=${() => (state.looping.value = !state.looping.value)}>
          <${Icon} name="loop" /> ${t("loop")}
        </button>
        <button class="quiet" disabled=${outcome.value?.busy} onClick=${run}>🎯 ${t("regionScore")}</button>
        <a class="button quiet" href="#${placeOfSimilar(document.id, region)}"><${Icon} name="similar" /> ${t("findSimilar")}</a>
        <button class="icon-only" aria-label=${t("regionClear")} onClick=${() => select()}><${Icon} name="close" /></button>
      </div>
      <div aria-live="polite">
        ${outcome.value?.problem && html`<p class="problem">${outcome.value.problem}</p>`}
        ${
          outcome.value?.result &&
          html`<div class="region-result">
          <p class="headline">${headline(outcome.value.result)}</p>
          <${Bars} scores=${outcome.value.result.scores} emotion=${outcome.value.result.emotion} />
        </div>`
        }
      </div>
    </div>
  `;
}
