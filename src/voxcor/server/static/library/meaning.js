/** What a question was taken to mean: shares of the emotions, and a point of arousal and valence. Both can be moved. */

import { percent, signed } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf, nameOf } from "../labels.js";
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { COORDINATES } from "../words.js";
import { askOtherwise, question } from "./asking.js";
import { t } from "./strings.js";

/** @import { InputEvent } from "../html.js" */
/** @import { Scores } from "../server.js" */
/** @import { Mixture } from "./asking.js" */

const SIZE = 220;

const DIMENSIONS = /** @type {const} */ (["arousal", "valence"]);

/**
 * The shares where one of them is changed: the others keep their proportions, and the sum stays 1.
 *
 * @param {Scores} shares
 * @param {string} id
 * @param {number} share
 */
export function withShare(shares, id, share) {
  const others = Object.entries(shares).filter(([other]) => other !== id);
  const sum = others.reduce((total, [, each]) => total + each, 0);
  // Where there was nothing else, what is left over goes to all others alike.
  const scaled = others.map(([other, each]) => [other, sum ? (each * (1 - share)) / sum : (1 - share) / others.length]);
  const changed = new Map(/** @type {[string, number][]} */ (scaled)).set(id, share);
  return Object.fromEntries(Object.keys(shares).map((name) => [name, changed.get(name) ?? 0]));
}

/** @param {{ meaning: Mixture, labels: string[] }} props */
export function Meaning({ meaning, labels }) {
  const moved = useSignal(/** @type {Mixture | null} */ (null)); // while something is dragged
  useEffect(() => {
    moved.value = null;
  }, [meaning]);
  const { shares, arousal, valence } = moved.value ?? meaning;
  const all = Object.fromEntries(labels.map((id) => [id, shares[id] ?? 0]));
  const move = (/** @type {Partial<Mixture>} */ change) => {
    moved.value = { shares: all, arousal, valence, ...change };
  };
  const settle = (/** @type {Partial<Mixture>} */ change) => {
    move(change);
    askOtherwise({ mixture: /** @type {Mixture} */ (moved.value) });
  };
  const { mixture, text, segment, result, clip } = question.value;
  const canReset = mixture && (text || segment || result || clip);
  return html`
    <section class="card meaning" aria-label=${t("meaning")}>
      <div class="title-row">
        <h2>${t("meaning")}</h2>
        ${canReset && html`<button class="quiet" onClick=${() => askOtherwise({ mixture: null })}>${t("meaningReset")}</button>`}
      </div>
      <div class="shares-moved">
        ${Object.entries(all).map(
          ([id, share]) => html`
            <label key=${id} style=${{ "--label": labelOf(id).color, "--share": `${100 * share}%` }}>
              <span><span aria-hidden="true">${labelOf(id).emoji}</span> ${nameOf(id)}</span>
              <input
                type="range"
                min="0"
                max="100"
                aria-label=${t("share", { emotion: bothNames(id) })}
                value=${Math.round(100 * share)}
                onInput=${(/** @type {InputEvent} */ event) => move({ shares: withShare(all, id, event.currentTarget.valueAsNumber / 100) })}
                onChange=${(/** @type {InputEvent} */ event) => settle({ shares: withShare(all, id, event.currentTarget.valueAsNumber / 100) })}
              />
              <span class="number">${percent(share, 0)}</span>
            </label>
          `,
        )}
      </div>
      <div class="point-moved">
        <${Point} arousal=${arousal} valence=${valence} move=${move} settle=${settle} />
        ${DIMENSIONS.map((name) => {
          const value = { arousal, valence }[name];
          const moveTo = (/** @type {(change: Partial<Mixture>) => void} */ how) => (/** @type {InputEvent} */ event) =>
            how({ [name]: event.currentTarget.valueAsNumber / 100 });
          return html`
            <div class="dimension">
              <label>
                <span>${t(name)}</span>
                <input type="range" class=${value === null ? "any" : ""} min="-100" max="100" aria-valuetext=${value === null ? t("noMatter") : signed(value)} value=${Math.round(100 * (value ?? 0))} onInput=${moveTo(move)} onChange=${moveTo(settle)} />
              </label>
              <span class="number">${value === null ? t("noMatter") : signed(value)}</span>
              ${value !== null && html`<button class="icon-only" aria-label=${t("noMatterNow", { dimension: t(name) })} title=${t("noMatter")} onClick=${() => settle({ [name]: null })}><${Icon} name="close" /></button>`}
            </div>
          `;
        })}
      </div>
      <p class="faint hint">${t("meaningHint")}</p>
    </section>
  `;
}

/**
 * For the eye and the pointer; the sliders beside it have the same for everybody.
 *
 * @param {{
 *   arousal: number | null,
 *   valence: number | null,
 *   move: (change: Partial<Mixture>) => void,
 *   settle: (change: Partial<Mixture>) => void,
 * }} props
 */
function Point({ arousal, valence, move, settle }) {
  const plane = useRef(/** @type {SVGSVGElement | null} */ (null));
  const across = (/** @type {number} */ value) => (SIZE / 2) * (1 + value);
  const down = (/** @type {number} */ value) => (SIZE / 2) * (1 - value);
  const at = (/** @type {PointerEvent} */ { clientX, clientY }) => {
    const { left, top, width, height } = /** @type {SVGSVGElement} */ (plane.current).getBoundingClientRect();
    const within = (/** @type {number} */ value) => Math.max(-1, Math.min(1, Number(value.toFixed(2))));
    return {
      valence: within((2 * (clientX - left)) / width - 1),
      arousal: within(1 - (2 * (clientY - top)) / height),
    };
  };
  const isHeld = useRef(false);
  const take = (/** @type {PointerEvent} */ event) => {
    isHeld.current = true;
    plane.current?.setPointerCapture(event.pointerId);
    move(at(event));
  };
  const letGo = (/** @type {PointerEvent} */ event) => {
    if (isHeld.current) settle(at(event));
    isHeld.current = false;
  };
  return html`
    <svg
      ref=${plane}
      class="affect"
      viewBox="0 0 ${SIZE} ${SIZE}"
      aria-hidden="true"
      onPointerDown=${take}
      onPointerMove=${(/** @type {PointerEvent} */ event) => isHeld.current && move(at(event))}
      onPointerUp=${letGo}
      onPointerCancel=${() => (isHeld.current = false)}
    >
      <path class="axes" d="M0 ${SIZE / 2}H${SIZE}M${SIZE / 2} 0V${SIZE}" />
      <text class="axis" x=${SIZE - 4} y=${SIZE / 2 - 5} text-anchor="end">${t("pleasant")}</text>
      <text class="axis" x="4" y=${SIZE / 2 - 5}>${t("unpleasant")}</text>
      <text class="axis" x=${SIZE / 2 + 5} y="13">${t("excited")}</text>
      <text class="axis" x=${SIZE / 2 + 5} y=${SIZE - 5}>${t("calm")}</text>
      ${Object.entries(COORDINATES).map(
        ([id, [high, good]]) =>
          html`<text class="word" x=${across(good)} y=${down(high) + 5} text-anchor="middle">${labelOf(id).emoji}</text>`,
      )}
      ${valence !== null && arousal === null && html`<path class="asked" d="M${across(valence)} 0V${SIZE}" />`}
      ${arousal !== null && valence === null && html`<path class="asked" d="M0 ${down(arousal)}H${SIZE}" />`}
      ${arousal !== null && valence !== null && html`<circle class="asked" cx=${across(valence)} cy=${down(arousal)} r="8" />`}
    </svg>
  `;
}
