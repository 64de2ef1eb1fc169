/** Something is being computed: how far it is, and that it can be left. */

import { html } from "../html.js";
import { t } from "./strings.js";

/** @param {{ share: number | null, what: string }} props */
export function Waiting({ share, what }) {
  return html`
    <div class="waits">
      <progress max="1" value=${share} aria-label=${what}></progress>
      <p class="faint" role="status">${what} ${t("canBeLeft")}</p>
    </div>
  `;
}
