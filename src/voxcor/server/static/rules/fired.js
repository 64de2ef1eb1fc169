/** Where rules fired: in the result that is shown, and in lists of firings. */

import { getJson } from "../api.js";
import { clock, percent } from "../format.js";
import { html } from "../html.js";
import { labelOf, nameOf } from "../labels.js";
import { t } from "../strings.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";

/** @import { Firing, Result } from "../server.js" */

/**
 * Which rule, what it says, and what the emotions that it is about scored.
 *
 * @param {{ firing: Pick<Firing, "rule" | "condition" | "labels" | "scores"> }} props
 */
export function Fired({ firing: { rule, condition, labels, scores } }) {
  const scored = labels.map((id) => `${labelOf(id).emoji}\u00a0${nameOf(id)}\u00a0${percent(scores[id] ?? 0, 0)}`);
  return html`
    <b class="rule-name">${rule}</b>
    ${rule !== condition && html` <code lang="en">${condition}</code>`}
    <span class="number faint">${scored.join(" · ")}</span>
  `;
}

/**
 * Where the saved rules fire in a result; nothing where none does.
 *
 * @param {{ document: Result, seek: (time: number) => void }} props
 */
export function RulesFired({ document: { id }, seek }) {
  const firings = useSignal(/** @type {Firing[]} */ ([]));
  const problem = useSignal(/** @type {string | null} */ (null));
  useEffect(() => {
    let isGone = false;
    firings.value = [];
    problem.value = null;
    getJson(`v1/results/${id}/firings`)
      .then((found) => {
        if (!isGone) firings.value = found.firings;
      })
      .catch((error) => {
        if (!isGone) problem.value = error.message;
      });
    return () => {
      isGone = true;
    };
  }, [id]);
  if (problem.value) return html`<p class="problem" role="alert">${problem.value}</p>`;
  if (!firings.value.length) return null;
  const heading = t("firedIn", { count: firings.value.length });
  return html`
    <section class="fired" aria-label=${heading}>
      <h3>${heading}</h3>
      <ul class="list">
        ${firings.value.map(
          (firing) => html`
            <li class="item" style=${{ "--label": labelOf(firing.labels[0]).color }}>
              <button class="link number" aria-label=${t("firedSeek", { time: clock(firing.time_ms / 1000), rule: firing.rule })} onClick=${() => seek(firing.time_ms / 1000)}>${clock(firing.time_ms / 1000)}</button>
              <${Fired} firing=${firing} />
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}
