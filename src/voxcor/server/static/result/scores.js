/** The scores of a result, a region, an utterance: one line, and a bar for each label. */

import { warningTexts } from "../api.js";
import { percent } from "../format.js";
import { html } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { language } from "../state.js";
import { t } from "../strings.js";

/** @import { Result, Scores } from "../server.js" */

/** @typedef {Pick<Result, "emotion" | "confidence">} Answer */

/** `😊 快乐 (Happy) 置信度: 85.3%`, or `😊 Happy (快乐) Confidence: 85.3%`. */
export const headline = (/** @type {Answer} */ { emotion, confidence }) =>
  `${labelOf(emotion).emoji} ${bothNames(emotion)} ${t("confidence")}: ${percent(confidence)}`;

/** The emotion of an answer, null where there is none. */
export const answerOf = (/** @type {Answer & Pick<Result, "abstained">} */ { emotion, abstained }) =>
  abstained ? null : emotion;

/**
 * The emotion in a list, or that there is no answer.
 *
 * @param {{ result: Answer & Pick<Result, "abstained"> }} props
 */
export function Verdict({ result: { emotion, confidence, abstained } }) {
  if (abstained) return html`🤷 ${t("noAnswer")}`;
  return html`${labelOf(emotion).emoji} ${bothNames(emotion)} <span class="number">${percent(confidence)}</span>`;
}

/**
 * A text of the server's with its numbers, `{tracks}` or `{missing_s:.1f}`; nothing where one is not known.
 *
 * @param {string} text
 * @param {Record<string, number | string>} numbers
 */
function filled(text, numbers) {
  let isKnown = true;
  const said = text.replaceAll(/\{(\w+)(?::\.(\d)f)?\}/g, (_, name, decimals) => {
    const number = numbers[name];
    if (decimals && typeof number === "number") return number.toFixed(decimals);
    isKnown &&= !decimals && number !== undefined;
    return String(number);
  });
  return isKnown ? said : null;
}

/** The quality warnings of a result, in the server's words. */
export const warningWords = (/** @type {Pick<Result, "quality">} */ { quality: { warnings, details = {} } }) =>
  warnings.map((code) => {
    const { detailed, ...plain } = warningTexts.value[code] ?? { en: code, zh: code, detailed: null };
    return (detailed && filled(detailed[language.value], details[code] ?? {})) || plain[language.value];
  });

/**
 * What to know before the scores are relied on.
 *
 * @param {{ document: Pick<Result, "quality"> }} props
 */
export function Warnings({ document }) {
  const words = warningWords(document);
  return (
    words.length > 0 &&
    html`<ul class="warnings" aria-label=${t("warnings")}>${words.map((sentence) => html`<li>${sentence}</li>`)}</ul>`
  );
}

/**
 * A bar for each label; together they are the whole.
 *
 * @param {{ scores: Scores, emotion: string | null, name?: string }} props
 */
export function Bars({ scores, emotion, name = t("scores") }) {
  const sum = Object.values(scores).reduce((total, score) => total + score, 0);
  return html`
    <table class="bars">
      <caption>
        ${name} ${sum > 0 && html`<small class="number">Σ ${percent(sum, 0)}</small>`}
      </caption>
      <tbody>
        ${Object.entries(scores).map(
          ([id, score]) => html`
            <tr key=${id} class=${id === emotion ? "leads" : ""} style=${{ "--label": labelOf(id).color }}>
              <th scope="row"><span aria-hidden="true">${labelOf(id).emoji}</span> ${bothNames(id)}</th>
              <td class="bar" aria-hidden="true"><i style=${{ transform: `scaleX(${score})` }}></i></td>
              <td class="number">${sum > 0 ? percent(score) : "–"}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}

/**
 * The second answer, beside how somebody usually sounds; its scores on request.
 *
 * @param {{ relative: Result["relative"] | null }} props
 */
export function RelativeAnswer({ relative }) {
  if (!relative) return null;
  const { to: person, emotion, confidence, scores } = relative;
  const said = { person, emotion: `${labelOf(emotion).emoji} ${bothNames(emotion)}`, share: percent(confidence) };
  return html`
    <details class="remark">
      <summary>${t("relativeAnswer", said)}</summary>
      <${Bars} scores=${scores} emotion=${emotion} name=${t("relativeScores", { person })} />
    </details>
  `;
}
