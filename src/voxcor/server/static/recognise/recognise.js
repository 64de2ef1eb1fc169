/** One recording: choose it, recognise it, watch the log, see the result. */

import { request } from "../api.js";
import { bytes } from "../format.js";
import { html, Icon } from "../html.js";
import { searchByClip } from "../library.js";
import { record } from "../live/microphone.js";
import { chosenOptions, Options } from "../options.js";
import { enqueue } from "../queue/queue.js";
import { Result, ResultPlaceholder } from "../result/result.js";
import { looked, open, readiness, shown, speakers, view } from "../state.js";
import { t } from "../strings.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { batch, signal } from "../vendor/signals.js";
import { LIMITS } from "../words.js";
import { Log } from "./log.js";
import * as recognitions from "./recognitions.js";

/** @import { InputEvent } from "../html.js" */

const file = signal(/** @type {File | null} */ (null));
/** Chosen while another one is recognised. */
const isNext = signal(false);
const failure = signal(/** @type {Error | null} */ (null));
/** The microphone while it records. */
const recording = signal(/** @type {Awaited<ReturnType<typeof record>> | null} */ (null));

/** Takes files in, from wherever they come: one is recognised here, many go to the queue. */
export function take(/** @type {File[]} */ files) {
  if (files.length > 1) {
    enqueue(files);
    open("queue");
  } else if (files.length === 1) {
    batch(() => {
      file.value = files[0];
      isNext.value = recognitions.isBusy.value;
      failure.value = recognitions.refusal.value = null;
      speakers.value = null;
    });
    if (view.value !== "recognise") open(recognitions.placeOfLatest.value);
  }
}

function start() {
  if (!file.value) return;
  failure.value = null;
  isNext.value = false;
  recognitions.start(file.value, { ...chosenOptions(), speakers: speakers.value?.text ?? null });
}

async function useExample() {
  try {
    const response = await request("static/example.flac");
    take([new File([await response.blob()], "example.flac", { type: "audio/flac" })]);
  } catch (error) {
    failure.value = error;
  }
}

async function toggleRecording() {
  failure.value = null;
  try {
    if (recording.value) {
      const recorded = await recording.value.stop();
      recording.value = null;
      take([recorded]);
    } else {
      recording.value = await record();
    }
  } catch (error) {
    recording.value = null;
    failure.value = error;
  }
}

export function Recognise() {
  useEffect(() => {
    // Left while it records: the microphone shall not stay open unseen.
    return () => {
      recording.value?.stop();
      recording.value = null;
    };
  }, []);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const id = shown.value?.id;
  useEffect(() => {
    if (id) bringIntoSight(place.current?.querySelector(".outcome"));
  }, [id]);
  const isSending = recognitions.sending.value !== null;
  const problem = failure.value ?? recognitions.refusal.value ?? (isSending ? null : looked.value?.failure.value);
  const isRunning = isSending || (looked.value !== null && looked.value === recognitions.running.value);
  return html`
    <div class="recognise" ref=${place}>
      <section class="card input" aria-label=${t("input")}>
        <${Drop} />
        <${Options} isOne />
        <${StartButton} />
        ${problem && html`<p class="problem" role="alert">${wordsOf(problem)}</p>`}
        <${Log} steps=${isSending ? [] : (looked.value?.steps.value ?? [])} uploaded=${recognitions.sending.value?.share ?? null} />
      </section>
      ${
        shown.value && !isSending
          ? html`<${Result} key=${shown.value.id} document=${shown.value} />`
          : html`<${ResultPlaceholder} isRunning=${isRunning} />`
      }
    </div>
  `;
}

const wordsOf = (/** @type {Error & { code?: string }} */ { code, message }) =>
  code === "no_such_result" ? t("resultGone") : message;

/** On a phone the answer comes below the form: who waits for it shall see it. */
function bringIntoSight(/** @type {Element | null | undefined} */ outcome) {
  const answer = outcome?.querySelector(".headline")?.getBoundingClientRect();
  if (!outcome || !answer || (answer.top >= 0 && answer.bottom <= innerHeight)) return;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  outcome.scrollIntoView({ behavior: isStill ? "auto" : "smooth", block: "start" });
}

function StartButton() {
  if (recognitions.isBusy.value) {
    return html`<button class="primary" onClick=${recognitions.cancel}>
      <span class="spinner" aria-hidden="true"></span> ${t("cancel")}
    </button>`;
  }
  const isReady = readiness.value.ready && file.value && !recording.value;
  return html`<button class="primary" disabled=${!isReady} onClick=${start}>${t("start")}</button>`;
}

function Drop() {
  const isLive = recording.value;
  return html`
    <div class="drop">
      <label class="drop-target">
        <input
          type="file"
          class="visually-hidden"
          multiple
          disabled=${Boolean(isLive)}
          onChange=${(/** @type {InputEvent} */ event) => {
            take([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        ${
          file.value
            ? html`<b class="file-name">${file.value.name}</b><small>${bytes(file.value.size)} · ${t("dropOther")}</small>`
            : html`<b>${t("drop")}</b><small>${t("dropHint", { minutes: LIMITS.max_audio_min, size: bytes(1e6 * LIMITS.max_upload_mb) })}</small>`
        }
      </label>
      <p class="next" role="status">${isNext.value && t(recognitions.isBusy.value ? "dropNext" : "dropNextNow")}</p>
      <div class="row">
        <button class="quiet" aria-pressed=${Boolean(isLive)} onClick=${toggleRecording}>
          <${Icon} name=${isLive ? "stop" : "microphone"} />
          ${isLive ? html`${t("recordStop")} <${RecordingTime} />` : t("record")}
        </button>
        <button class="quiet" disabled=${Boolean(isLive)} onClick=${useExample}>${t("example")}</button>
      </div>
    </div>
  `;
}

function RecordingTime() {
  if (!recording.value) return null;
  const { seconds, level } = recording.value;
  return html`
    <span class="number">${seconds.value.toFixed(1)} s</span>
    <span class="meter small"><i style=${{ transform: `scaleX(${level.value})` }}></i></span>
  `;
}

/** Files dropped or pasted anywhere on the page. */
export function takeFromAnywhere() {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.toggle("dragging", event.dataTransfer?.types.includes("Files") ?? false);
  });
  const dragged = () => document.body.classList.remove("dragging");
  addEventListener("dragleave", (event) => event.relatedTarget || dragged());
  addEventListener("dragend", dragged);
  addEventListener("drop", (event) => {
    event.preventDefault();
    dragged();
    accept([...(event.dataTransfer?.files ?? [])]);
  });
  addEventListener("paste", (event) => accept([...(event.clipboardData?.files ?? [])]));
}

function accept(/** @type {File[]} */ files) {
  if (view.value === "queue" && files.length) enqueue(files);
  else if (view.value === "library" && files.length) searchByClip(files[0]);
  else take(files);
}
