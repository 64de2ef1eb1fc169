/** Below the search: the map of what the filters leave, its groups, how it goes over time; two recordings of it. */

import { html } from "../html.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { goToLook, isAsked, look, lookAt, placeOfLook } from "./asking.js";
import { CoursePanel } from "./course.js";
import { GroupsPanel } from "./groups.js";
import { MapPart } from "./map.js";
import { t } from "./strings.js";
import { TakesPanel } from "./takes.js";

/** @import { InputEvent } from "../html.js" */

const PANELS = /** @type {const} */ (["", "groups", "courses", "compare"]);
const NAMES = /** @type {const} */ ({
  "": "panelMap",
  groups: "panelGroups",
  courses: "panelCourses",
  compare: "panelCompare",
});

export function Panels() {
  const { panel, by_speaker } = look.value;
  const opened = PANELS.find((name) => name === panel) ?? "";
  // Who comes by an address that names one came for it.
  useEffect(() => {
    if (opened && !isAsked()) goToLook();
  }, []);
  return html`
    <section class="card map" id="panel" tabindex="-1" aria-label=${t(NAMES[opened])}>
      <div class="title-row">
        <h2 class="visually-hidden">${t(NAMES[opened])}</h2>
        <div class="panels" role="navigation" aria-label=${t("panels")}>
          ${PANELS.map((name) => html`<a key=${name} href="#${placeOfLook({ panel: name })}" aria-current=${name === opened ? "true" : undefined}>${t(NAMES[name])}</a>`)}
        </div>
        ${
          (opened === "" || opened === "groups") &&
          html`<label class="check">
          <input type="checkbox" checked=${Boolean(by_speaker)} onChange=${(/** @type {InputEvent} */ event) => lookAt({ by_speaker: event.currentTarget.checked ? "1" : "" })} />
          <span>${t("withoutVoices")} <small>${t("withoutVoicesHint")}</small></span>
        </label>`
        }
      </div>
      ${opened === "" && html`<p class="faint hint">${t("mapHint")}</p><${MapPart} />`}
      ${opened === "groups" && html`<${GroupsPanel} />`}
      ${opened === "courses" && html`<${CoursePanel} />`}
      ${opened === "compare" && html`<${TakesPanel} />`}
    </section>
  `;
}
