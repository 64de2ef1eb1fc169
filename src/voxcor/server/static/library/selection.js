/** What was taken of the map: how its emotions are spread, what is like it, a list, files. */

import { request, saveAs } from "../api.js";
import { part } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { useSignal } from "../vendor/signals.js";
import { ask } from "./asking.js";
import { segmentsOf } from "./labelling.js";
import { LabelAll, LabelBar } from "./labels.js";
import { EnrolBy } from "./people.js";
import { Rows } from "./rows.js";
import { counted, t } from "./strings.js";

/** @import { LabelledDocument } from "../server.js" */

const DRAWN = 30; // at a time
const LISTED = 1000;

// A mean over so many, spread evenly, is that of all to a percent or two.
const SAMPLE = 1000;

/**
 * A file of segments.
 *
 * @param {string[]} ids
 * @param {"csv" | "jsonl"} format
 */
const exported = (ids, format) =>
  request("v1/library/export", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ids, format }),
  });

/** The mean of the scores, and of the dimensions where there are any. */
function meanOf(/** @type {LabelledDocument[]} */ segments) {
  const mean = (/** @type {(number | null)[]} */ values) => {
    const known = values.filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  };
  const labels = Object.keys(segments[0]?.scores ?? {});
  return {
    shares: Object.fromEntries(labels.map((id) => [id, mean(segments.map(({ scores }) => scores[id])) ?? 0])),
    arousal: mean(segments.map(({ arousal }) => arousal)),
    valence: mean(segments.map(({ valence }) => valence)),
  };
}

/** How often each emotion is there, the most frequent first. */
export function countsOf(/** @type {string[]} */ emotions) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const id of emotions) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

/**
 * How emotions are spread: a bar, and beneath it in words.
 *
 * @param {{ counts: [string, number][], total: number }} props
 */
export function Spread({ counts, total }) {
  return html`
    <div class="spread">
      <div class="spread-bar" aria-hidden="true">
        ${counts.map(([id, count]) => html`<i key=${id} style=${{ flexGrow: count, "--label": labelOf(id).color }}></i>`)}
      </div>
      <ul>
        ${counts.map(([id, count]) => html`<li key=${id}>${labelOf(id).emoji} ${bothNames(id)} <span class="number">${count} · ${part(count / total)}</span></li>`)}
      </ul>
    </div>
  `;
}

/** @param {{ ids: string[], counts: [string, number][] | null, clear: (() => void) | null }} props */
export function Selection({ ids, counts, clear }) {
  const listed = useSignal(/** @type {LabelledDocument[] | null} */ (null));
  const drawn = useSignal(DRAWN);
  const problem = useSignal("");
  const isBusy = useSignal(false);
  const attempt = async (/** @type {() => Promise<void>} */ action) => {
    problem.value = "";
    isBusy.value = true;
    try {
      await action();
    } catch (error) {
      problem.value = error.message;
    }
    isBusy.value = false;
  };
  const list = () =>
    attempt(async () => {
      listed.value = await segmentsOf(ids.slice(0, LISTED));
    });
  const like = () =>
    attempt(async () => {
      const each = Math.ceil(ids.length / SAMPLE);
      ask({ mixture: meanOf(await segmentsOf(ids.filter((_, index) => index % each === 0))) });
      document.getElementById("main")?.scrollIntoView();
    });
  const save = (/** @type {"csv" | "jsonl"} */ format) =>
    attempt(async () => saveAs(await exported(ids, format), `segments.${format}`));
  return html`
    <section class="selection" aria-label=${t("selection")}>
      <div class="row">
        <b class="number" role="status">${counted("selected", ids.length)}</b>
        <button class="quiet" disabled=${isBusy.value} onClick=${list}>${t("selectionList")}</button>
        <button class="quiet" disabled=${isBusy.value} onClick=${like}>${t("selectionLike")}</button>
        ${
          /** @type {const} */ (["csv", "jsonl"]).map(
            (format) =>
              html`<button class="quiet" disabled=${isBusy.value} onClick=${() => save(format)}><${Icon} name="download" /> ${format.toUpperCase()}</button>`,
          )
        }
        ${clear && html`<button class="quiet" onClick=${clear}>${t("selectionClear")}</button>`}
        <${LabelAll} ids=${ids} />
      </div>
      ${counts && html`<${Spread} counts=${counts} total=${ids.length} />`}
      ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
      ${listed.value && html`<${Rows} segments=${listed.value.slice(0, drawn.value)} />`}
      ${listed.value && listed.value.length > drawn.value && html`<button class="quiet" onClick=${() => (drawn.value += DRAWN)}>${t("hitsMore")}</button>`}
      ${listed.value && ids.length > LISTED && html`<p class="faint">${t("selectionRest", { listed: LISTED })}</p>`}
      <${LabelBar} />
      <${EnrolBy} ids=${ids} />
    </section>
  `;
}
