/** The page: what is always there, and the view that is open. */

import { loadModels, loadWords, unlock } from "./api.js";
import { History } from "./history/history.js";
import { html, Icon } from "./html.js";
import { Library } from "./library.js";
import { Live } from "./live/live.js";
import { session } from "./live/session.js";
import { Models, pull } from "./models/models.js";
import { Notice } from "./notice.js";
import { Queue } from "./queue/queue.js";
import { watchReadiness } from "./readiness.js";
import { Recognise, takeFromAnywhere } from "./recognise/recognise.js";
import { placeOfLatest } from "./recognise/recognitions.js";
import { Rules } from "./rules/rules.js";
import {
  language,
  locked,
  models,
  open,
  options,
  readiness,
  setLanguage,
  setTheme,
  theme,
  unlocked,
  view,
} from "./state.js";
import { t } from "./strings.js";
import { render } from "./vendor/preact.js";
import { useEffect, useRef } from "./vendor/preact-hooks.js";
import { computed, effect, useSignal } from "./vendor/signals.js";

/** @import { TargetedEvent } from "./vendor/preact.js" */

const VIEWS = {
  recognise: Recognise,
  queue: Queue,
  live: Live,
  history: History,
  library: Library,
  models: Models,
  rules: Rules,
};
const NAMES = /** @type {(keyof typeof VIEWS)[]} */ (Object.keys(VIEWS));
/** The view that is asked for, or the first where there is no such view. */
const opened = computed(() => NAMES.find((name) => name === view.value) ?? NAMES[0]);
const THEMES = /** @type {const} */ (["system", "light", "dark"]);

function App() {
  const View = VIEWS[opened.value];
  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => {
      event.preventDefault();
      document.getElementById("main")?.focus();
    }}>${t("skip")}</a>
    <${Header} />
    <${Notice} />
    <main id="main" tabindex="-1">
      <h1 class="visually-hidden">${t(opened.value)}</h1>
      <${Banner} />
      <${View} key=${unlocked.value} />
    </main>
    <footer>
      <p>${t("notice")}</p>
      <p><a href="docs">API</a> · <a href="licences">${t("licences")}</a></p>
    </footer>
    ${locked.value && html`<${KeyDialog} />`}
    <div class="drop-veil" aria-hidden="true">${t("dropHere")}</div>
  `;
}

/** Where the link of a view leads. Beginning with a bare `#` it would pass for a skip link where it is scrolled away. */
const placeOf = (/** @type {string} */ name) => `./#${name === "recognise" ? placeOfLatest.value : name}`;

/** On a phone the views are more than it is wide: the one that is open is among those that are seen. */
function showCurrent(/** @type {HTMLElement | null} */ nav) {
  const link = /** @type {HTMLElement | null | undefined} */ (nav?.querySelector("[aria-current]"));
  if (!nav || !link) return;
  nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
}

function Header() {
  const { ready, problem, isGone } = readiness.value;
  const model = options.value.model ?? models.value?.active ?? "";
  const nav = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => showCurrent(nav.current), [opened.value, language.value]);
  return html`
    <header>
      <a class="brand" href="#recognise"><img src="static/icon.svg" alt="" width="28" height="28" /><span lang="zh-CN">心声</span> <span lang="en">Voxcor</span></a>
      <nav ref=${nav} aria-label=${t("views")}>
        ${NAMES.map((name) => html`<a href=${placeOf(name)} aria-current=${opened.value === name ? "page" : null}>${t(name)}${name === "live" && session.value && html`<i class="listening" role="img" aria-label=${t("liveListens")} title=${t("liveListens")}></i>`}</a>`)}
      </nav>
      <span class="state" role="status" title=${problem}>
        <i class=${ready ? "on" : problem ? "off" : "wait"}></i>${ready ? html`<span lang="en">${model}</span> ${t("ready")}` : t(isGone ? "gone" : problem ? "notReady" : "warming")}
      </span>
      <div class="switches">
        <div class="switch" role="group" aria-label=${t("language")}>
          <button lang="zh-CN" aria-pressed=${language.value === "zh"} onClick=${() => setLanguage("zh")}>中文</button>
          <button lang="en" aria-pressed=${language.value === "en"} onClick=${() => setLanguage("en")}>EN</button>
        </div>
        <div class="switch" role="group" aria-label=${t("theme")}>
          ${THEMES.map(
            (name) =>
              html`<button aria-label=${t(name)} title=${t(name)} aria-pressed=${theme.value === name} onClick=${() => setTheme(name)}><${Icon} name=${name} /></button>`,
          )}
        </div>
      </div>
    </header>
  `;
}

/** The first of the large ones to try. */
const RECOMMENDED = "plus-base";

/** Who reads results of `small` should know it, and how to get better ones. */
function Banner() {
  if (readiness.value.problem) return html`<p class="banner problem" role="alert">${readiness.value.problem}</p>`;
  const better = models.value?.models.find(({ id }) => id === RECOMMENDED);
  const isBuiltIn = (options.value.model ?? models.value?.active) === "small";
  if (!isBuiltIn || !better || opened.value === "models") return null;
  const get = () => {
    open("models");
    pull(RECOMMENDED);
  };
  return html`
    <div class="banner" role="note">
      <p>${t("builtIn")} <code>${better.command}</code></p>
      <button class="quiet" onClick=${get}><${Icon} name="download" /> ${t("builtInGet")}</button>
    </div>
  `;
}

function KeyDialog() {
  const problem = useSignal(/** @type {string | null} */ (null));
  const submit = async (/** @type {TargetedEvent<HTMLFormElement>} */ event) => {
    event.preventDefault();
    try {
      await unlock(String(new FormData(event.currentTarget).get("key")));
    } catch (error) {
      problem.value = error.code === "unauthorized" ? t("keyWrong") : error.message;
    }
  };
  return html`
    <dialog ref=${(/** @type {HTMLDialogElement | null} */ element) => element && !element.open && element.showModal()} aria-label=${t("key")}>
      <form onSubmit=${submit}>
        <label class="field"><span>${t("key")}</span><input name="key" type="password" autocomplete="current-password" required /></label>
        <p class="faint">${t("keyWanted")}</p>
        ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
        <button class="primary">${t("keySend")}</button>
      </form>
    </dialog>
  `;
}

takeFromAnywhere();
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
watchReadiness();

// Again with the key, and when the server has come back: it may have other models by then.
const isReady = computed(() => readiness.value.ready);
effect(() => {
  unlocked.value;
  isReady.value;
  loadModels().catch(() => {});
  loadWords().catch(() => {});
});

effect(() => {
  document.title = `${t(opened.value)} · 心声 Voxcor`;
});
