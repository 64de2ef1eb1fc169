/** What is shown, as a page to hand on. */

import { saveAs } from "../api.js";
import { html, Icon } from "../html.js";
import { useSignal } from "../vendor/signals.js";
import { awaited } from "./computing.js";
import { t } from "./strings.js";

/** @param {{ route: "trajectory" | "compare", asked: object, name: string }} props */
export function PageToHandOn({ route, asked, name }) {
  const isBusy = useSignal(false);
  const problem = useSignal("");
  const download = async () => {
    isBusy.value = true;
    problem.value = "";
    try {
      const response = await awaited(route, { ...asked, format: "html" }, new AbortController().signal);
      if (response) await saveAs(response, name);
    } catch (error) {
      problem.value = error.message;
    }
    isBusy.value = false;
  };
  return html`
    <button class="quiet" disabled=${isBusy.value} onClick=${download}><${Icon} name="download" /> ${t(isBusy.value ? "coursePageWorking" : "coursePage")}</button>
    ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
  `;
}
