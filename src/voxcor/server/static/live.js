/** The microphone, recognised while somebody speaks. */

import { ApiError } from "./api.js";
import { clock, percent } from "./format.js";
import { html, Icon } from "./html.js";
import { bothNames, labelOf } from "./labels.js";
import { listen } from "./microphone.js";
import { drawCurve } from "./plot.js";
import { Bars, headline } from "./scores.js";
import { isDark, language, options, readiness } from "./state.js";
import { t } from "./strings.js";
import { useEffect, useRef } from "./vendor/preact-hooks.js";
import { batch, signal } from "./vendor/signals.js";

/** @import { Signal } from "./vendor/signals.js" */
/** @import { Problem, Result } from "./server.js" */

/**
 * What was heard from one moment to another.
 *
 * @typedef {Pick<Result["segments"][number], "start_ms" | "end_ms" | "emotion" | "confidence" | "scores"> & {
 *   utterance: number,
 *   trigger: "interval" | "speech_ended",
 * }} Measurement
 */

/** @typedef {{ rule: string, time_ms: number }} Firing */

const WINDOW_S = 60; // of the curve
const MOST_UTTERANCES = 200; // that are kept

/**
 * While it listens.
 *
 * @type {Signal<{ level: Signal<number>, stop: () => void } | null>}
 */
const session = signal(null);
const isStarting = signal(false);
const isSpeaking = signal(false);
const measured = signal(/** @type {Measurement | null} */ (null)); // the latest
const utterances = signal(/** @type {Measurement[]} */ ([])); // the latest first
const firings = signal(/** @type {Firing[]} */ ([]));
const heard = signal(0); // seconds
const failure = signal(/** @type {Error | null} */ (null));
const curve = signal(/** @type {{ labels: string[], segments: Measurement[] } | null} */ (null)); // what `drawCurve` draws, growing

function streamUrl() {
  const url = new URL("v1/stream", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("language", language.value);
  if (options.value.model) url.searchParams.set("model", options.value.model);
  return url;
}

/**
 * What each message of the session does; others are passed over.
 *
 * @type {Record<string, (message: any) => void>}
 */
const HANDLERS = {
  "session.created"(/** @type {{ labels: string[] }} */ { labels }) {
    curve.value = { labels, segments: [] };
  },
  "utterance.start"() {
    isSpeaking.value = true;
  },
  "measurement.result"(/** @type {Measurement} */ message) {
    measured.value = message;
    draw(message);
    if (message.trigger === "speech_ended") {
      utterances.value = [message, ...utterances.value].slice(0, MOST_UTTERANCES);
    }
  },
  "utterance.end"() {
    isSpeaking.value = false;
  },
  "rule.fired"(/** @type {Firing} */ message) {
    firings.value = [message, ...firings.value].slice(0, MOST_UTTERANCES);
  },
  error(/** @type {Problem} */ message) {
    failure.value = new ApiError(message);
  },
};

/** A measurement goes on where the one before it has ended. */
function draw(/** @type {Measurement} */ message) {
  if (!curve.value) return;
  const { segments } = curve.value;
  const last = segments.at(-1);
  const start = Math.max(message.start_ms, last?.end_ms ?? 0);
  if (start >= message.end_ms) return;
  const oldest = message.end_ms - 1000 * WINDOW_S;
  const kept = segments.filter(({ end_ms: end }) => end > oldest);
  curve.value = { ...curve.value, segments: [...kept, { ...message, start_ms: start }] };
}

function reset() {
  batch(() => {
    failure.value = null;
    measured.value = null;
    utterances.value = [];
    firings.value = [];
    curve.value = null;
    heard.value = 0;
  });
}

/** Opens the microphone first: who refuses it has opened no session. */
async function start() {
  reset();
  isStarting.value = true;
  /** @type {WebSocket | undefined} */
  let socket;
  try {
    const microphone = await listen((data) => {
      heard.value += data.byteLength / 32_000;
      if (socket?.readyState === WebSocket.OPEN) socket.send(data);
    });
    const opened = new WebSocket(streamUrl());
    socket = opened;
    opened.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      HANDLERS[message.type]?.(message);
    };
    opened.onopen = () => {
      session.value = { level: microphone.level, stop };
    };
    opened.onclose = async ({ wasClean }) => {
      await microphone.close();
      batch(() => {
        session.value = null;
        isStarting.value = false;
        isSpeaking.value = false;
        if (!wasClean && !failure.value) failure.value = new Error(t("liveLost"));
      });
    };
    const stop = async () => {
      await microphone.close();
      if (opened.readyState === WebSocket.OPEN) opened.send(JSON.stringify({ type: "session.close" }));
    };
  } catch (error) {
    failure.value = error;
  }
  isStarting.value = false;
}

export function Live() {
  useEffect(() => () => session.value?.stop(), []);
  const now = measured.value;
  const isOn = session.value;
  return html`
    <div class="live">
      <section class="card" aria-label=${t("live")}>
        <div class="title-row">
          <button class="primary" disabled=${isStarting.value || (!isOn && !readiness.value.ready)} onClick=${() => (isOn ? isOn.stop() : start())}>
            <${Icon} name=${isOn ? "stop" : "microphone"} /> ${t(isOn ? "liveStop" : "liveStart")}
          </button>
          <span class="row live-state">
            <span class="meter" role="meter" aria-label=${t("level")} aria-valuemin="0" aria-valuemax="1" aria-valuenow=${(isOn?.level.value ?? 0).toFixed(2)}>
              <i style=${{ transform: `scaleX(${isOn?.level.value ?? 0})` }}></i>
            </span>
            <span class="number faint">${clock(heard.value, 0)}</span>
            <span class="faint">${isOn && t(isSpeaking.value ? "liveSpeech" : "liveSilence")}</span>
          </span>
        </div>
        ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
        ${
          now
            ? html`<h2 class="headline" style=${{ "--label": labelOf(now.emotion).color }}>${headline(now)}</h2>
              <${Bars} scores=${now.scores} emotion=${now.emotion} />`
            : html`<p class="nothing">${t(isOn ? "liveWaiting" : "liveEmpty")}</p>`
        }
        ${curve.value && html`<${LiveCurve} />`}
      </section>
      <section class="card" aria-label=${t("utterances")}>
        <h2>${t("utterances")}</h2>
        ${
          firings.value.length > 0 &&
          html`<div role="log" aria-label=${t("rules")}>
          <ul class="warnings firings">
            ${firings.value.map(({ rule, time_ms: time }) => html`<li>${t("ruleFired", { rule, time: clock(time / 1000) })}</li>`)}
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
    </div>
  `;
}

/** The last minute. */
function LiveCurve() {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  const labels = curve.value?.labels ?? [];
  useEffect(() => {
    const place = /** @type {HTMLDivElement} */ (element.current);
    /** @type {ReturnType<typeof drawCurve> | undefined} */
    let drawn;
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
      show();
    });
    const move = curve.subscribe(show);
    const resized = new ResizeObserver(() => drawn?.resize());
    resized.observe(place);
    return () => {
      remake();
      move();
      resized.disconnect();
      drawn?.destroy();
    };
  }, [labels.join()]);
  return html`<div class="curve" ref=${element} role="img" aria-label=${t("curve")}></div>`;
}
