/** How well those who label agree; looked at when somebody asks. */

import { ApiError } from "../api.js";
import { percent } from "../format.js";
import { html } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { question, scopeOf } from "./asking.js";
import { awaited } from "./computing.js";
import { told } from "./curve.js";
import { Estimate, Figure } from "./figures.js";
import { counted, t } from "./strings.js";

/** @import { AgreementDocument } from "../server.js" */

export function Agreement() {
  const found = useSignal(/** @type {AgreementDocument | null} */ (null));
  const isWorking = useSignal(false);
  const failure = useSignal(/** @type {Error | null} */ (null));
  const gone = useRef(new AbortController());
  useEffect(() => () => gone.current.abort(), []);
  const look = async () => {
    [found.value, failure.value, isWorking.value] = [null, null, true];
    try {
      const response = await awaited("agreement", scopeOf(question.value), gone.current.signal);
      found.value = (await response?.json()) ?? null;
    } catch (error) {
      failure.value = error;
    }
    isWorking.value = false;
  };
  const all = found.value;
  const isTooFew = failure.value instanceof ApiError && failure.value.code === "labels_too_few";
  const summary = isTooFew ? t("agreementNone") : all && summaryOf(all);
  return html`
    <details class="card agreement">
      <summary>${t("agreement")}</summary>
      <p class="faint hint">${t("agreementHint")}</p>
      <div class="row">
        <button class="quiet" disabled=${isWorking.value} onClick=${look}>${t(all ? "agreementAgain" : "agreementLook")}</button>
        <span class="faint" role="status">${isWorking.value ? t("agreementWorking") : summary}</span>
      </div>
      ${failure.value && !isTooFew && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      ${all && html`<${Found} found=${all} />`}
    </details>
  `;
}

/** Who, and over how much. */
function summaryOf(/** @type {AgreementDocument} */ { raters, units, complete }) {
  const said = { raters: raters.join(t("comma")), units: counted("hits", units), complete: counted("hits", complete) };
  return t(raters.length === 2 ? "agreementOfTwo" : "agreementOf", said);
}

/** @param {{ found: AgreementDocument }} props */
function Found({ found: { observed, alpha, cohen, fleiss, labels } }) {
  return html`
    <div class="figures">
      <${Figure} value=${told(observed, false)} name=${t("observed")} formula="p₀" hint=${t("observedHint")} />
      <${Figure} value=${told(alpha, false)} name="Krippendorff α" formula="1 − D₀ / Dₑ" hint=${t("alphaHint")} />
      ${cohen && html`<${Figure} value=${told(cohen, false)} name="Cohen κ" formula="(p₀ − pₑ) / (1 − pₑ)" hint=${t("cohenHint")} />`}
      ${fleiss && html`<${Figure} value=${told(fleiss, false)} name="Fleiss κ" formula="(p₀ − pₑ) / (1 − pₑ)" hint=${t("fleissHint")} />`}
    </div>
    <table class="agreement-labels">
      <caption>${t("agreementLabels")}</caption>
      <thead>
        <tr>
          <th scope="col">${t("emotion")}</th>
          <th scope="col" title=${t("shareHint")}>${t("shareOfLabels")}</th>
          <th scope="col" title=${t("specificHint")}>${t("specific")}</th>
          <th scope="col" title=${t("alphaOfLabelHint")}>α</th>
        </tr>
      </thead>
      <tbody>
        ${Object.entries(labels).map(
          ([id, one]) => html`
            <tr key=${id}>
              <th scope="row">${labelOf(id).emoji} ${bothNames(id)}</th>
              <td class="number">${percent(one.share, 0)}</td>
              <td><${Estimate} value=${told(one.specific, false)} /></td>
              <td><${Estimate} value=${told(one.alpha, false)} /></td>
            </tr>
          `,
        )}
      </tbody>
    </table>
    <p class="faint hint">${t("specificHint")} ${t("agreementEnough")}</p>
  `;
}
