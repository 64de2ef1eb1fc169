/** What ended while the reader was elsewhere: told where they are, with the way there. */

import { html, Icon } from "./html.js";
import { ended } from "./recognise/recognitions.js";
import { Verdict } from "./result/scores.js";
import { placeOfResult } from "./state.js";
import { t } from "./strings.js";

export function Notice() {
  const one = ended.value;
  const failure = one?.failure.value;
  const result = one?.outcomes.value?.find((outcome) => "id" in outcome);
  const name = one?.name ?? result?.audio.name ?? "";
  return html`
    <div class="notice-place" role="status">
      ${
        one &&
        html`<div class="card notice">
          <p><b class="file-name">${name}</b> ${failure ? html`<span class="problem">${failure.message}</span>` : result && html`<${Verdict} result=${result} />`}</p>
          <a class="button quiet" href="#${placeOfResult(one.id)}">${t("noticeShow")}</a>
          <button class="icon-only" aria-label=${t("noticeClose")} onClick=${() => (ended.value = null)}><${Icon} name="close" /></button>
        </div>`
      }
    </div>
  `;
}
