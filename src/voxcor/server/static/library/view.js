/** The library: words, a mixture or a clip find speech; a map shows what there is. */

import { bytes } from "../format.js";
import { html } from "../html.js";
import { useEffect } from "../vendor/preact-hooks.js";
import { Agreement } from "./agreement.js";
import {
  answer,
  answerNow,
  askFewest,
  askMore,
  failure,
  isAsked,
  isAsking,
  library,
  limit,
  loadLibrary,
  look,
  question,
  recordings,
  table,
} from "./asking.js";
import { LabelErrors } from "./label-errors.js";
import { LabelBar } from "./labels.js";
import { Meaning } from "./meaning.js";
import { Panels } from "./panels.js";
import { EnrolBy, People } from "./people.js";
import { Rows } from "./rows.js";
import { SearchForm } from "./search-form.js";
import { stop } from "./sound.js";
import { AddHistory, Stock } from "./stock.js";
import { counted, t } from "./strings.js";

export function LibraryView() {
  useEffect(() => {
    loadLibrary();
    return stop;
  }, []);
  const known = library.value;
  if (known === null) {
    return html`<section class="card" aria-busy=${!failure.value}>
      ${
        failure.value
          ? html`<p class="problem" role="alert">${failure.value.message}</p>`
          : html`<p class="nothing" role="status">${t("opening")}</p>`
      }
    </section>`;
  }
  if (!known.installed)
    return html`<${NotInstalled} size=${bytes(1e6 * known.extra.missing_mb)} command=${known.extra.command} />`;
  if (!table.value)
    return html`<div class="library">${look.value.panel === "compare" && html`<${Panels} />`}<${Empty} /></div>`;
  return html`<${Searching} />`;
}

/** @param {{ size: string, command: string }} props */
function NotInstalled({ size, command }) {
  return html`
    <section class="card library-lead" aria-label=${t("library")}>
      <h2>${t("lead")}</h2>
      <p>${t("what")}</p>
      <p>${t("notInstalled", { size })} <code>${command}</code> ${t("notInstalledAfter")}</p>
    </section>
  `;
}

function Empty() {
  return html`
    <section class="card library-lead" aria-label=${t("library")}>
      <h2>${t("empty")}</h2>
      <p>${t("what")}</p>
      <p>${t("emptyHow")} <code>voxcor library add</code></p>
      ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      <div class="row"><${AddHistory} isPrimary /></div>
    </section>
  `;
}

function Searching() {
  const asked = question.value;
  const key = JSON.stringify(asked);
  const stock = recordings.value.length;
  useEffect(askFewest, [key]);
  useEffect(() => void answerNow(asked, limit.value), [key, limit.value, stock]);
  const found = isAsked(asked) ? answer.value : null;
  return html`
    <div class="library">
      <section class="card searching" aria-label=${t("search")}>
        <div class="title-row">
          <h2>${t("lead")}</h2>
          <small class="faint number">${counted("hits", table.value?.segments ?? 0)} · ${counted("recordings", stock)}</small>
        </div>
        <${SearchForm} />
        ${failure.value && html`<p class="problem" role="alert">${failure.value.message}</p>`}
      </section>
      ${
        found &&
        html`<div class="answer">
        <${Meaning} meaning=${found.meaning} labels=${table.value?.labels ?? []} />
        <section class="card hits" aria-label=${t("hits")} aria-busy=${isAsking.value}>
          <h2>${t("hits")}</h2>
          <${Rows} segments=${found.hits} />
          ${!found.hits.length && html`<p class="nothing">${t("hitsNone")}</p>`}
          ${found.hits.length >= limit.value && html`<button class="quiet" onClick=${askMore}>${t("hitsMore")}</button>`}
          ${found.hits.length > 0 && html`<${LabelBar} /><${EnrolBy} ids=${found.hits.map(({ id }) => id)} />`}
        </section>
      </div>`
      }
      ${!found && isAsking.value && html`<p class="card nothing" role="status">${t("searching")}</p>`}
      <${Panels} />
      <${LabelErrors} />
      <${Agreement} />
      <${People} />
      <${Stock} />
    </div>
  `;
}
