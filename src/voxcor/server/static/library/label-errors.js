/** Labels that are likely wrong, to be heard and put right; looked for when somebody asks. */

import { saveAs } from "../api.js";
import { percent } from "../format.js";
import { html, Icon } from "../html.js";
import { nameOf } from "../labels.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { question, scopeOf } from "./asking.js";
import { awaited } from "./computing.js";
import { segmentsOf } from "./labelling.js";
import { LabelBar } from "./labels.js";
import { Rows } from "./rows.js";
import { t } from "./strings.js";

/** @import { LabelErrorDocument, LabelErrorsDocument, LabelledDocument } from "../server.js" */

/** @typedef {LabelledDocument & Pick<LabelErrorDocument, "likely">} Doubted */

const DRAWN = 10;

/** Asked for as figures or as a list; null where nobody waits for it any more. Raises ApiError. */
const found = (/** @type {"json" | "csv"} */ format, /** @type {AbortSignal} */ gone) =>
  awaited("errors", { ...scopeOf(question.value), format }, gone);

export function LabelErrors() {
  const told = useSignal(/** @type {LabelErrorsDocument | null} */ (null));
  const rows = useSignal(/** @type {Doubted[]} */ ([]));
  const isWorking = useSignal(false);
  const problem = useSignal("");
  const gone = useRef(new AbortController());
  useEffect(() => () => gone.current.abort(), []);
  const more = async () => {
    const next = told.value?.errors.slice(rows.value.length, rows.value.length + DRAWN) ?? [];
    const segments = next.length ? await segmentsOf(next.map(({ id }) => id)) : [];
    rows.value = [...rows.value, ...segments.map((segment, index) => ({ ...segment, likely: next[index].likely }))];
  };
  const attempt = async (/** @type {() => Promise<void>} */ work) => {
    problem.value = "";
    isWorking.value = true;
    try {
      await work();
    } catch (error) {
      problem.value = error.message;
    }
    isWorking.value = false;
  };
  const look = () =>
    attempt(async () => {
      [told.value, rows.value] = [null, []];
      told.value = (await (await found("json", gone.current.signal))?.json()) ?? null;
      await more();
    });
  const save = () =>
    attempt(async () => {
      const response = await found("csv", gone.current.signal);
      if (response) await saveAs(response, "errors.csv");
    });
  const all = told.value;
  return html`
    <details class="card label-errors">
      <summary>${t("errors")}</summary>
      <p class="faint hint">${t("errorsHint")}</p>
      <div class="row">
        <button class="quiet" disabled=${isWorking.value} onClick=${look}>${t(all ? "errorsAgain" : "errorsLook")}</button>
        ${all && all.errors.length > 0 && html`<button class="quiet" disabled=${isWorking.value} onClick=${save}><${Icon} name="download" /> ${t("errorsList")}</button>`}
        <span class="faint" role="status">${isWorking.value ? t("errorsWorking") : all && summaryOf(all)}</span>
      </div>
      ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
      ${rows.value.length > 0 && html`<${Rows} segments=${rows.value} />`}
      ${all && all.errors.length > rows.value.length && rows.value.length > 0 && html`<button class="quiet" onClick=${() => attempt(more)}>${t("hitsMore")}</button>`}
      ${rows.value.length > 0 && html`<${LabelBar} />`}
    </details>
  `;
}

/** How many there are of how many, by whom that is said, and what could not be judged. */
function summaryOf(/** @type {LabelErrorsDocument} */ { errors, judged, right, apart, left_out }) {
  const words = [
    t("errorsFound", { errors: errors.length, judged }),
    t(apart === "speaker" ? "errorsBySpeakers" : "errorsByRecordings", { share: percent(right, 0) }),
    ...Object.entries(left_out).map(([id, count]) => t("errorsLeftOut", { label: nameOf(id), count })),
  ];
  return words.join(t("sentences"));
}
