/** How arousal or valence goes over time: within a recording, or over the recordings that the filters leave. */

import { ApiError, saveAs } from "../api.js";
import { clock, signed } from "../format.js";
import { html, Icon } from "../html.js";
import { useSignal } from "../vendor/signals.js";
import { look, lookAt, placeOfLook, question, recordings, scopeOf } from "./asking.js";
import { CompareGroups } from "./comparing.js";
import { awaited, useComputed } from "./computing.js";
import { Curve, momentOf, SmallCurve, told } from "./curve.js";
import { Figures } from "./figures.js";
import { playing, silent, toggle } from "./sound.js";
import { counted, t } from "./strings.js";
import { Waiting } from "./waiting.js";

/** @import { SelectEvent } from "../html.js" */
/** @import { CourseDocument, RecordingDocument, TrajectoryDocument } from "../server.js" */

/** @typedef {"arousal" | "valence"} Dimension */

const DIMENSIONS = /** @type {Dimension[]} */ (["valence", "arousal"]);
const MOST_DRAWN = 60; // recordings beside each other
const MOST_NAMED = 300; // in a menu

export function CoursePanel() {
  const { recording, dimension } = look.value;
  const which = DIMENSIONS.find((name) => name === dimension) ?? DIMENSIONS[0];
  const { model, filters } = scopeOf(question.value);
  const asked = { model, filters: recording ? { ...filters, recording } : filters, dimension: which };
  const course = useComputed("trajectory", asked);
  const { failure, found } = course;
  const isEmpty = failure instanceof ApiError && failure.code === "not_in_library";
  return html`
    <div class="row course-tools">
      <div class="switch" role="group" aria-label=${t("dimension")}>
        ${DIMENSIONS.map((name) => html`<button key=${name} aria-pressed=${name === which} onClick=${() => lookAt({ dimension: name })}>${t(name)}</button>`)}
      </div>
      <${Whose} chosen=${recording} />
      ${found && found.times.length > 0 && html`<${PageToHandOn} asked=${asked} />`}
    </div>
    ${failure && !isEmpty && html`<p class="problem" role="alert">${failure.message}</p>`}
    ${isEmpty && html`<p role="status">${t("courseNone")}</p>`}
    ${course.isWorking && html`<${Waiting} share=${null} what=${t("courseWorking")} />`}
    ${found && !found.times.length && html`<p role="status">${t("courseUnsaid", { dimension: t(which) })}</p>`}
    ${found && found.times.length > 0 && html`<${Course} key=${course.key} course=${found} asked=${asked} dimension=${which} />`}
    ${!recording && found && html`<${CompareGroups} asked=${asked} />`}
  `;
}

/** All that the filters leave, or one recording. */
function Whose(/** @type {{ chosen: string }} */ { chosen }) {
  const all = recordings.value;
  const { speaker, since, until } = question.value.filters;
  const isLeft = (/** @type {RecordingDocument} */ one) =>
    (!speaker || !one.speaker || one.speaker === speaker) &&
    (!since || one.recorded_at >= since) &&
    (!until || one.recorded_at < until);
  const listed = all.filter(isLeft).slice(0, MOST_NAMED);
  const known = all.find(({ recording }) => recording === chosen);
  if (known && !listed.includes(known)) listed.push(known);
  return html`
    <select aria-label=${t("courseWhose")} value=${chosen} onChange=${(/** @type {SelectEvent} */ event) => lookAt({ recording: event.currentTarget.value })}>
      <option value="">${t("courseAll")}</option>
      ${listed.map(({ recording, name, recorded_at }) => html`<option key=${recording} value=${recording}>${name} · ${recorded_at.slice(0, 10)}</option>`)}
    </select>
  `;
}

/** @param {{ asked: object }} props */
function PageToHandOn({ asked }) {
  const isBusy = useSignal(false);
  const problem = useSignal("");
  const { first, second } = look.value;
  const download = async () => {
    isBusy.value = true;
    problem.value = "";
    try {
      const compared = first && second ? { compare: [first, second] } : {};
      const response = await awaited(
        "trajectory",
        { ...asked, ...compared, format: "html" },
        new AbortController().signal,
      );
      if (response) await saveAs(response, "course.html");
    } catch (error) {
      problem.value = error.message;
    }
    isBusy.value = false;
  };
  return html`
    <button class="quiet" disabled=${isBusy.value} onClick=${download}><${Icon} name="download" /> ${t(isBusy.value ? "coursePageWorking" : "coursePage")}</button>
    ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
  `;
}

/** @param {{ course: TrajectoryDocument, asked: object, dimension: Dimension }} props */
function Course({ course, asked, dimension }) {
  const { unit, times, values, changes, segments, sessions } = course;
  const isOne = unit === "s";
  const openAt = (/** @type {number} */ index) =>
    isOne ? toggle(segments[index]) : lookAt({ recording: sessions[index].recording });
  const describe = (/** @type {number} */ index) =>
    isOne
      ? `${clock(times[index])} · ${signed(values[index])}`
      : `${momentOf(course, index)} · ${sessions[index].name} · ${told(sessions[index].mean)}`;
  const count = counted(
    "hits",
    sessions.reduce((sum, one) => sum + one.segments, 0),
  );
  return html`
    <p><b>${isOne ? sessions[0].name : counted("recordings", sessions.length)}</b> <span class="faint number">${isOne && `${sessions[0].recorded_at.replace("T", " ")} · `}${count}</span></p>
    <${Curve} course=${course} name=${t(dimension)} describe=${describe} onOpen=${openAt} />
    ${changes.length > 0 && html`<${Changes} course=${course} openAt=${openAt} />`}
    ${isOne && segments.includes(silent.value ?? "") && html`<p class="problem" role="status">${t("soundGone")}</p>`}
    <p class="faint hint">${t(isOne ? "courseHint" : "coursesHint")}</p>
    <${Figures} course=${course} dimension=${t(dimension)} />
    ${!isOne && html`<${Sessions} asked=${asked} count=${sessions.length} />`}
  `;
}

/** Each change, as a way to where it is. */
function Changes(/** @type {{ course: TrajectoryDocument, openAt: (index: number) => void }} */ { course, openAt }) {
  return html`
    <div class="row">
      <span class="label">${t("changePoints")}</span>
      ${course.changes.map((at) => {
        const index = course.times.indexOf(at);
        return html`<button key=${at} class="quiet number" onClick=${() => openAt(index)}>${momentOf(course, index)}</button>`;
      })}
      <small class="faint">${t("changesMarked")}</small>
    </div>
  `;
}

/** @param {{ asked: object, count: number }} props */
function Sessions({ asked, count }) {
  const isFew = count <= MOST_DRAWN;
  const { found, isWorking, share, failure } = useComputed("trajectory", { ...asked, each: true }, isFew);
  return html`
    <h3>${t("sessions")}</h3>
    ${!isFew && html`<p class="faint">${t("sessionsMany", { most: MOST_DRAWN })}</p>`}
    ${failure && html`<p class="problem" role="alert">${failure.message}</p>`}
    ${isWorking && html`<${Waiting} share=${share} what=${t("courseWorking")} />`}
    <ul class="sessions">
      ${found?.each?.map((one) => html`<${Session} key=${one.sessions[0].recording} course=${one} />`)}
    </ul>
  `;
}

/** @param {{ course: CourseDocument }} props */
function Session({ course }) {
  const { segments, times } = course;
  const [{ recording, name, recorded_at, mean }] = course.sessions;
  const isPlaying = segments.includes(playing.value ?? "");
  return html`
    <li class=${isPlaying ? "playing" : ""}>
      <${SmallCurve} course=${course} onOpen=${(/** @type {number} */ index) => toggle(segments[index])} />
      <a href="#${placeOfLook({ recording })}"><b>${name}</b></a>
      <small class="faint number">${recorded_at.slice(0, 10)} · ${told(mean)} · ${counted("hits", times.length)}</small>
    </li>
  `;
}
