/** Figures, each with its formula and where it comes from; those of a course. */

import { html } from "../html.js";
import { momentOf, told } from "./curve.js";
import { t } from "./strings.js";

/** @import { CourseDocument } from "../server.js" */

const MOST_CHANGES = 3; // that a figure names

/** `+0.31 [+0.12, +0.50]` in two sizes. */
export function Estimate(/** @type {{ value: string }} */ { value }) {
  const [figure, interval] = value.split(" [");
  return html`<b class="number">${figure}</b>${interval && html` <small class="number">[${interval}</small>`}`;
}

/** An estimate and its name; what it is stands in a tooltip, and beneath it when it is opened. */
export function Figure(
  /** @type {{ value: string, name: string, formula: string, hint: string }} */ { value, name, formula, hint },
) {
  return html`
    <details class="figure">
      <summary title=${hint}>
        <${Estimate} value=${value} />
        <span class="faint">${name}</span>
      </summary>
      <p class="formula">${formula}</p>
      <p class="faint">${hint}</p>
    </details>
  `;
}

/** @param {{ course: CourseDocument, dimension: string }} props */
export function Figures({ course, dimension }) {
  const { mean, deviation, inertia, instability, changes, times, unit } = course;
  const values = t(unit === "s" ? "valuesSegments" : "valuesSessions");
  const moments = changes.slice(0, MOST_CHANGES).map((at) => momentOf(course, times.indexOf(at)));
  const more = changes.length > MOST_CHANGES ? ` +${changes.length - MOST_CHANGES}` : "";
  return html`
    <div class="figures">
      <${Figure} value=${told(mean)} name=${t("meanOfDimension", { dimension: dimension.toLowerCase() })} formula="x̄ = Σ xₜ / n" hint=${values} />
      <${Figure} value=${told(deviation, false)} name=${t("deviation")} formula="s = √( Σ (xₜ − x̄)² / (n − 1) )" hint=${values} />
      <${Figure} value=${told(inertia)} name=${t("inertia")} formula="Σ (xₜ − x̄)(xₜ₊₁ − x̄) / Σ (xₜ − x̄)²" hint=${t("inertiaHint")} />
      <${Figure} value=${told(instability, false)} name=${t("instability")} formula="√( Σ (xₜ₊₁ − xₜ)² / (n − 1) )" hint=${t("instabilityHint")} />
      <${Figure} value=${changes.length ? moments.join(", ") + more : t("changesNone")} name=${t("changePoints")} formula="PELT: ${t("changesRule")}" hint=${t("changesHint")} />
    </div>
  `;
}
