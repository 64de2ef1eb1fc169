/** Two groups of recordings beside each other: two speakers, or before and after. */

import { html } from "../html.js";
import { said } from "../saying.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { look, lookAt, speakers } from "./asking.js";
import { useComputed } from "./computing.js";
import { told } from "./curve.js";
import { counted, t } from "./strings.js";
import { Waiting } from "./waiting.js";

/** @import { InputEvent } from "../html.js" */
/** @import { GroupDocument, GroupsDocument } from "../server.js" */

/** @param {{ asked: object }} props */
export function CompareGroups({ asked }) {
  const { first, second } = look.value;
  const isAsked = Boolean(first && second);
  const { found, isWorking, failure } = useComputed("trajectory", { ...asked, compare: [first, second] }, isAsked);
  const typed = [useSignal(first), useSignal(second)];
  useEffect(() => {
    typed[0].value = first;
    typed[1].value = second;
  }, [first, second]);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    lookAt({ first: typed[0].value.trim(), second: typed[1].value.trim() });
  };
  return html`
    <details class="comparing" open=${isAsked}>
      <summary>${t("compareGroups")}</summary>
      <p class="faint hint" id="compare-hint">${t("compareHint")}</p>
      <form class="row" onSubmit=${submit}>
        ${
          /** @type {const} */ (["groupFirst", "groupSecond"]).map(
            (name, index) =>
              html`<input key=${name} type="text" list="speakers-known" required aria-label=${t(name)} placeholder=${t(name)} aria-describedby="compare-hint" value=${typed[index].value} onInput=${(/** @type {InputEvent} */ event) => (typed[index].value = event.currentTarget.value)} />`,
          )
        }
        <datalist id="speakers-known">${speakers.value.map((name) => html`<option value=${name}></option>`)}</datalist>
        <button class="quiet">${t("compare")}</button>
      </form>
      ${isAsked && failure && html`<p class="problem" role="alert">${failure.message}</p>`}
      ${isWorking && html`<${Waiting} share=${null} what=${t("courseWorking")} />`}
      ${isAsked && found?.compared && html`<${Compared} found=${found.compared} />`}
    </details>
  `;
}

/** @param {{ found: GroupsDocument }} props */
function Compared({ found }) {
  const { first, second, difference, p, delta, verdict } = found;
  const of = (/** @type {GroupDocument} */ { mean, sessions }) =>
    /** @type {const} */ ([told(mean), `${t("meanOf")} · ${counted("recordings", sessions.length)}`]);
  /** @type {[string, string, string][]} */
  const rows = [
    [first.name, ...of(first)],
    [second.name, ...of(second)],
    [t("difference"), told(difference), t("differenceHint")],
    ["p", p === null ? "–" : p.toFixed(p < 0.01 ? 4 : 3), t("pHint")],
    ["Cliff’s delta", told(delta), t("deltaHint")],
  ];
  return html`
    <p class="verdict" role="status">${said([verdict.en, verdict.zh])}</p>
    <dl class="compared">
      ${rows.map(([name, figure, hint]) => html`<dt>${name}</dt><dd class="number">${figure}</dd><dd class="faint">${hint}</dd>`)}
    </dl>
  `;
}
