/** Segments of the library in a list: each is heard, leads to what is like it, and to its result. */

import { clock, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf } from "../labels.js";
import { placeOfResult } from "../state.js";
import { ask } from "./asking.js";
import { playing, silent, toggle } from "./sound.js";
import { t } from "./strings.js";

/** @import { HitDocument, SegmentDocument } from "../server.js" */

/** The id of the result that a segment is of, where it came from one of this server. */
const resultOf = (/** @type {SegmentDocument} */ { source }) => /[\\/]results[\\/](\w+)$/.exec(source)?.[1];

const timeOf = (/** @type {SegmentDocument} */ { start_ms, end_ms }) =>
  `${clock(start_ms / 1000)} – ${clock(end_ms / 1000)}`;

/** @param {{ segments: (SegmentDocument | HitDocument)[] }} props */
export function Rows({ segments }) {
  return html`<ol class="list segments-found">
    ${segments.map((segment) => html`<${Row} key=${segment.id} segment=${segment} />`)}
  </ol>`;
}

function Row(/** @type {{ segment: SegmentDocument | HitDocument }} */ { segment }) {
  const { id, name, emotion, label, speaker, text } = segment;
  const leading = label ?? emotion;
  const resultId = resultOf(segment);
  const isPlaying = playing.value === id;
  const what = { name, time: timeOf(segment) };
  return html`
    <li class="item" style=${{ "--label": labelOf(leading).color }}>
      <button class="icon-only" aria-pressed=${isPlaying} aria-label=${t(isPlaying ? "stopSegment" : "playSegment", what)} onClick=${() => toggle(id)}>
        <${Icon} name=${isPlaying ? "stop" : "play"} />
      </button>
      <div class="item-head">
        <span><b>${labelOf(leading).emoji} ${bothNames(leading)}</b>
          ${"similarity" in segment && html` <span class="number similarity">${t("similarity", { share: percent(segment.similarity, 0) })}</span>`}</span>
        ${text && html`<q class="said">${text}</q>`}
        <small class="faint"><span class="file-name">${name}</span> · <span class="number">${what.time}</span>${speaker && ` · ${speaker}`}</small>
        ${silent.value === id && html`<small class="problem" role="status">${t("soundGone")}</small>`}
      </div>
      <button class="quiet" aria-label=${t("moreLikeOf", what)} onClick=${() => ask({ segment: id })}><${Icon} name="similar" /><span class="wide">${t("moreLike")}</span></button>
      ${resultId && html`<a class="button quiet" aria-label=${t("openResultOf", what)} href="#${placeOfResult(resultId)}">${t("openResult")}</a>`}
    </li>
  `;
}
