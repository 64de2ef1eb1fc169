/** One recording: choose it, recognise it, watch the log, see the result. */

import { follow, recognise, request } from "./api.js";
import { bytes } from "./format.js";
import { html, Icon } from "./html.js";
import { addStep, Log } from "./log.js";
import { record } from "./microphone.js";
import { chosenOptions, Options } from "./options.js";
import { enqueue } from "./queue.js";
import { Result, ResultPlaceholder } from "./result.js";
import { open, readiness, show, shown, view } from "./state.js";
import { t } from "./strings.js";
import { useEffect } from "./vendor/preact-hooks.js";
import { batch, effect, signal } from "./vendor/signals.js";

/** @import { Step } from "./api.js" */
/** @import { InputEvent } from "./html.js" */

const file = signal(/** @type {File | null} */ (null));
const steps = signal(/** @type {Step[]} */ ([])); // the log of `logged`, which is shown or under way
const logged = signal(/** @type {string | null} */ (null));
/** The share of the file that the server has; null before and after. */
const uploaded = signal(/** @type {number | null} */ (null));
const running = signal(/** @type {AbortController | null} */ (null)); // what gives it up
const failure = signal(/** @type {Error | null} */ (null));
/** The microphone while it records. */
const recording = signal(/** @type {Awaited<ReturnType<typeof record>> | null} */ (null));

const note = (/** @type {Step} */ step) => {
  steps.value = addStep(steps.value, step);
};

/** A result of the past brings its log along. */
effect(() => {
  const id = shown.value?.id;
  if (!id || id === logged.peek()) return;
  batch(() => {
    logged.value = id;
    steps.value = [];
    failure.value = null;
  });
  follow(`v1/results/${id}/events`, (step) => logged.value === id && note(step)).catch(() => {});
});

/** Takes files in, from wherever they come: one is recognised here, many go to the queue. */
export function take(/** @type {File[]} */ files) {
  if (files.length > 1) {
    enqueue(files);
    open("queue");
  } else if (files.length === 1 && !running.value) {
    file.value = files[0];
    failure.value = null;
    open("recognise");
  }
}

async function start() {
  if (!file.value) return;
  const controller = new AbortController();
  batch(() => {
    running.value = controller;
    failure.value = null;
    shown.value = null;
    logged.value = null;
    steps.value = [];
    uploaded.value = 0;
  });
  try {
    const outcomes = await recognise(file.value, chosenOptions(), {
      signal: controller.signal,
      onUpload(share) {
        uploaded.value = share;
      },
      onStep(step) {
        uploaded.value = null;
        note(step);
      },
    });
    batch(() => {
      const document = outcomes.find((outcome) => "id" in outcome);
      if (!document) return;
      logged.value = document.id;
      show(document, outcomes);
    });
  } catch (error) {
    if (error.name !== "AbortError") failure.value = error;
  } finally {
    batch(() => {
      running.value = null;
      uploaded.value = null;
    });
  }
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
  return html`
    <div class="recognise">
      <section class="card input" aria-label=${t("input")}>
        <${Drop} />
        <${Options} />
        <${StartButton} />
        ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
        <${Log} steps=${steps.value} uploaded=${uploaded.value} />
      </section>
      ${
        shown.value
          ? html`<${Result} key=${shown.value.id} document=${shown.value} />`
          : html`<${ResultPlaceholder} isRunning=${Boolean(running.value)} />`
      }
    </div>
  `;
}

function StartButton() {
  if (running.value) {
    return html`<button class="primary" onClick=${() => running.value?.abort()}>
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
          disabled=${Boolean(running.value || isLive)}
          onChange=${(/** @type {InputEvent} */ event) => {
            take([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        ${
          file.value
            ? html`<b class="file-name">${file.value.name}</b><small>${bytes(file.value.size)} · ${t("dropOther")}</small>`
            : html`<b>${t("drop")}</b><small>${t("dropHint")}</small>`
        }
      </label>
      <div class="row">
        <button class="quiet" aria-pressed=${Boolean(isLive)} disabled=${Boolean(running.value)} onClick=${toggleRecording}>
          <${Icon} name=${isLive ? "stop" : "microphone"} />
          ${isLive ? html`${t("recordStop")} <${RecordingTime} />` : t("record")}
        </button>
        <button class="quiet" disabled=${Boolean(running.value || isLive)} onClick=${useExample}>${t("example")}</button>
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
  else take(files);
}
