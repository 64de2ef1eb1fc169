/** The whole recording beneath a part of it that is looked at closely: where that part is, and a way elsewhere. */

import { clock } from "../format.js";
import { html } from "../html.js";
import { SegmentStrip } from "../result/segments.js";
import { t } from "../strings.js";

/** @import { InputEvent } from "../html.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Segment } from "../result/segments.js" */

/** @param {{ state: Playback, segments: Segment[] }} props */
export function Overview({ state, segments }) {
  const { start, end, visible, zoom } = state;
  if (zoom.value === 1) return null;
  const [from, to] = visible.value;
  const width = Math.min(1, (to - from) / (end - start));
  // A slider whose thumb is as wide as what is seen of the whole: a scroll bar with a picture.
  return html`
    <div class="overview">
      <${SegmentStrip} state=${state} segments=${segments} from=${start} to=${end} />
      <input
        type="range"
        min=${start}
        max=${Math.max(start, end - (to - from))}
        step="any"
        value=${from}
        style=${{ "--seen": `${100 * width}%` }}
        aria-label=${t("overview")}
        aria-valuetext=${`${clock(from)} – ${clock(to)}`}
        onInput=${(/** @type {InputEvent} */ event) => state.lookFrom(Number(event.currentTarget.value))}
      />
    </div>
  `;
}
