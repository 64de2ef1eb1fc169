/** The processing log, line by line as the server tells it. */

import { percent } from "../format.js";
import { html } from "../html.js";
import { t } from "../strings.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";

/** @import { Step } from "../api.js" */

/**
 * The log with one more step; of the windows of a long recording the last one stands for all.
 *
 * @param {Step[]} steps
 * @param {Step} step
 */
export function addStep(steps, step) {
  const isProgress = step.step === "window" && steps.at(-1)?.step === "window";
  return [...(isProgress ? steps.slice(0, -1) : steps), step];
}

/** @param {number | null | undefined} ms */
function duration(ms) {
  if (ms === null || ms === undefined) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** @param {{ steps: Step[], uploaded: number | null }} props */
export function Log({ steps, uploaded }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [steps]);
  return html`
    <section class="log" aria-label=${t("log")}>
      <h2 class="label">${t("log")}</h2>
      <div ref=${list} role="log" tabindex="0" aria-label=${t("log")}><ol>
        ${uploaded !== null && html`<li>${t("uploading", { share: percent(uploaded, 0) })}</li>`}
        ${steps.map(({ message, ms }) => html`<li><span>${message}</span><small class="number">${duration(ms)}</small></li>`)}
        ${!steps.length && uploaded === null && html`<li class="faint">${t("logEmpty")}</li>`}
      </ol></div>
    </section>
  `;
}
