/** The microphone, recognised while somebody speaks. */

import { clock, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf, nameOf } from "../labels.js";
import { RelativeChoice } from "../options.js";
import { useDrawer } from "../player/drawing.js";
import { Bars, headline, RelativeAnswer } from "../result/scores.js";
import { Fired } from "../rules/fired.js";
import { isDark, readiness } from "../state.js";
import { t } from "../strings.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { signal } from "../vendor/signals.js";
import { Kept } from "./kept.js";
import { chosenMicrophone, microphones, watchMicrophones } from "./microphone.js";
import {
  curve,
  failure,
  firings,
  heard,
  isSpeaking,
  isStarting,
  keepsSound,
  measured,
  session,
  start,
  utterances,
  WINDOW_S,
} from "./session.js";

/** @import { Drawer } from "../player/drawing.js" */
/** @import { InputEvent, SelectEvent } from "../html.js" */

/** Labels whose lines are left out of the curve. */
const hidden = signal(/** @type {Set<string>} */ (new Set()));

export function Live() {
  useEffect(watchMicrophones, []);
  return html`
    <div class="live">
      <div class="live-side">
        <${Now} />
        <${Kept} />
      </div>
      <${Heard} />
    </div>
  `;
}

function Now() {
  const now = measured.value;
  const isOn = session.value;
  return html`
    <section class="card" aria-label=${t("live")}>
      <div class="title-row">
        <button class="primary" disabled=${isStarting.value || (!isOn && !readiness.value.ready)} onClick=${() => (isOn ? isOn.stop() : start())}>
          <${Icon} name=${isOn ? "stop" : "microphone"} /> ${t(isOn ? "liveStop" : "liveStart")}
        </button>
        <span class="row live-state">
          <${Level} />
          <span class="number faint">${clock(heard.value, 0)}</span>
          <span class="faint">${isOn && t(isSpeaking.value ? "liveSpeech" : "liveSilence")}</span>
        </span>
      </div>
      <${Choices} isOn=${Boolean(isOn)} />
      ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      ${
        now
          ? html`<h2 class="headline" style=${{ "--label": labelOf(now.emotion).color }}>${headline(now)}</h2>
            <${RelativeAnswer} relative=${now.relative} />
            <${Bars} scores=${now.scores} emotion=${now.emotion} />`
          : html`<p class="nothing">${t(isOn ? "liveWaiting" : "liveEmpty")}</p>`
      }
      ${curve.value && html`<${LiveCurve} /><${Legend} />`}
    </section>
  `;
}

/** Green up to where speech is loud, then yellow, and red where it clips. */
function Level() {
  const level = session.value?.level.value ?? 0;
  return html`
    <span class="meter graded" role="meter" aria-label=${t("level")} aria-valuemin="0" aria-valuemax="1" aria-valuenow=${level.toFixed(2)}>
      <i style=${{ clipPath: `inset(0 ${100 * (1 - level)}% 0 0)` }}></i>
    </span>
  `;
}

/** What is settled before a session begins. */
function Choices(/** @type {{ isOn: boolean }} */ { isOn }) {
  return html`
    <div class="row live-choices">
      ${
        microphones.value.length > 0 &&
        html`<label class="field inline">
          <span>${t("microphone")}</span>
          <select disabled=${isOn} value=${chosenMicrophone.value} onChange=${(/** @type {SelectEvent} */ event) => (chosenMicrophone.value = event.currentTarget.value)}>
            <option value="">${t("microphoneDefault")}</option>
            ${microphones.value.map(({ deviceId, label }, index) => html`<option value=${deviceId}>${label || t("microphoneOf", { number: index + 1 })}</option>`)}
          </select>
        </label>`
      }
      <${RelativeChoice} isInline isDisabled=${isOn} />
      <label class="check">
        <input type="checkbox" disabled=${isOn} checked=${keepsSound.value} onChange=${(/** @type {InputEvent} */ event) => (keepsSound.value = event.currentTarget.checked)} />
        <span>${t("keepSound")} <small>${t("keepSoundHint")}</small></span>
      </label>
    </div>
  `;
}

/** What has been said, and what rules saw in it. */
function Heard() {
  return html`
    <section class="card" aria-label=${t("utterances")}>
      <h2>${t("utterances")}</h2>
      ${
        firings.value.length > 0 &&
        html`<div role="log" aria-label=${t("rules")}>
        <ul class="list firings">
          ${firings.value.map(
            (firing) => html`
              <li class="item" style=${{ "--label": labelOf(firing.labels[0]).color }}>
                <span class="number faint">${clock(firing.time_ms / 1000)}</span> <${Fired} firing=${firing} />
              </li>
            `,
          )}
        </ul>
      </div>`
      }
      <div role="log" aria-label=${t("utterances")}><ol class="list">
        ${utterances.value.map(
          ({ utterance, start_ms, end_ms, emotion, confidence }) => html`
            <li key=${utterance} class="item" style=${{ "--label": labelOf(emotion).color }}>
              <span class="number faint">${clock(start_ms / 1000)} – ${clock(end_ms / 1000)}</span>
              <b>${labelOf(emotion).emoji} ${bothNames(emotion)}</b>
              <span class="number">${percent(confidence)}</span>
            </li>
          `,
        )}
      </ol></div>
      ${!utterances.value.length && html`<p class="nothing">${t("utterancesEmpty")}</p>`}
    </section>
  `;
}

/** The last minute. */
function LiveCurve() {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  const labels = curve.value?.labels ?? [];
  const drawCurve = useDrawer();
  useEffect(() => {
    if (!drawCurve) return;
    const place = /** @type {HTMLDivElement} */ (element.current);
    /** @type {ReturnType<Drawer> | undefined} */
    let drawn;
    const hide = () => {
      const unseen = hidden.value;
      drawn?.setVisible((id) => !unseen.has(id));
    };
    const show = () => {
      const grown = curve.peek();
      if (!grown || !drawn) return;
      drawn.show(grown);
      const end = Math.max(WINDOW_S, (grown.segments.at(-1)?.end_ms ?? 0) / 1000);
      drawn.look(end - WINDOW_S, end);
    };
    const remake = isDark.subscribe(() => {
      drawn?.destroy();
      drawn = drawCurve(place, { labels, segments: [] }, () => {});
      hide();
      show();
    });
    const choose = hidden.subscribe(hide);
    const move = curve.subscribe(show);
    const resized = new ResizeObserver(() => drawn?.resize());
    resized.observe(place);
    return () => {
      remake();
      choose();
      move();
      resized.disconnect();
      drawn?.destroy();
    };
  }, [labels.join(), drawCurve]);
  return html`<div class="curve" ref=${element} role="img" aria-label=${t("curve")}></div>`;
}

/** Which colour is which emotion; each shows and hides its line. */
function Legend() {
  const toggle = (/** @type {string} */ id) => {
    const next = new Set(hidden.value);
    if (!next.delete(id)) next.add(id);
    hidden.value = next;
  };
  return html`
    <div class="legend" role="group" aria-label=${t("curve")}>
      ${curve.value?.labels.map(
        (id) => html`
          <button aria-pressed=${!hidden.value.has(id)} style=${{ "--label": labelOf(id).color }} onClick=${() => toggle(id)}>
            <i></i>${labelOf(id).emoji} ${nameOf(id)}
          </button>
        `,
      )}
    </div>
  `;
}
