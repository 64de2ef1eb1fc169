/** How arousal or valence goes over time: within a recording, or over the recordings that the filters leave. */

import { ApiError } from "../api.js";
import { clock, signed } from "../format.js";
import { html } from "../html.js";
import { look, lookAt, placeOfLook, question, scopeOf } from "./asking.js";
import { CompareGroups } from "./comparing.js";
import { useComputed } from "./computing.js";
import { Curve, momentOf, SmallCurve, told } from "./curve.js";
import { Figures } from "./figures.js";
import { PageToHandOn } from "./handing-on.js";
import { RecordingMenu } from "./recording-menu.js";
import { playing, silent, toggle } from "./sound.js";
import { counted, t } from "./strings.js";
import { Waiting } from "./waiting.js";

/** @import { CourseDocument, TrajectoryDocument } from "../server.js" */

/** @typedef {"arousal" | "valence"} Dimension */

const DIMENSIONS = /** @type {Dimension[]} */ (["valence", "arousal"]);
const MOST_DRAWN = 60; // recordings beside each other

export function CoursePanel() {
  const { recording, dimension, first, second } = look.value;
  const which = DIMENSIONS.find((name) => name === dimension) ?? DIMENSIONS[0];
  const { model, filters } = scopeOf(question.value);
  const asked = { model, filters: recording ? { ...filters, recording } : filters, dimension: which };
  const compared = first && second ? { compare: [first, second] } : {};
  const course = useComputed("trajectory", asked);
  const { failure, found } = course;
  const isEmpty = failure instanceof ApiError && failure.code === "not_in_library";
  return html`
    <div class="row course-tools">
      <div class="switch" role="group" aria-label=${t("dimension")}>
        ${DIMENSIONS.map((name) => html`<button key=${name} aria-pressed=${name === which} onClick=${() => lookAt({ dimension: name })}>${t(name)}</button>`)}
      </div>
      <${RecordingMenu} name=${t("courseWhose")} none=${t("courseAll")} chosen=${recording} onChoose=${(/** @type {string} */ one) => lookAt({ recording: one })} />
      ${found && found.times.length > 0 && html`<${PageToHandOn} route="trajectory" asked=${{ ...asked, ...compared }} name="course.html" />`}
    </div>
    ${failure && !isEmpty && html`<p class="problem" role="alert">${failure.message}</p>`}
    ${isEmpty && html`<p role="status">${t("courseNone")}</p>`}
    ${course.isWorking && html`<${Waiting} share=${null} what=${t("courseWorking")} />`}
    ${found && !found.times.length && html`<p role="status">${t("courseUnsaid", { dimension: t(which) })}</p>`}
    ${found && found.times.length > 0 && html`<${Course} key=${course.key} course=${found} asked=${asked} dimension=${which} />`}
    ${!recording && found && html`<${CompareGroups} asked=${asked} />`}
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
