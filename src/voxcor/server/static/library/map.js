/** The map of the library: its points, how they are coloured, and what is taken of them. */

import { clock } from "../format.js";
import { html, Icon } from "../html.js";
import { bothNames, labelOf, nameOf } from "../labels.js";
import { isDark } from "../state.js";
import { useEffect, useMemo, useRef } from "../vendor/preact-hooks.js";
import { signal, useSignal } from "../vendor/signals.js";
import { EXTRA_COLORS } from "../words.js";
import { look, question, recordings, scopeOf, table } from "./asking.js";
import { mount } from "./canvas.js";
import { useComputed } from "./computing.js";
import { latest } from "./labelling.js";
import { pointsOf } from "./points.js";
import { countsOf, Selection } from "./selection.js";
import { play, playing, stop } from "./sound.js";
import { counted, t } from "./strings.js";
import { Waiting } from "./waiting.js";

/** @import { MapCanvas, Tool } from "./canvas.js" */
/** @import { Judged } from "./labelling.js" */
/** @import { Looks } from "./painting.js" */

/**
 * Each column has one entry a segment; `emotion` and `speaker` are places in `labels` and `speakers`, -1 for nobody.
 *
 * @typedef {{
 *   labels: string[],
 *   speakers: string[],
 *   x: number[],
 *   y: number[],
 *   emotion: number[],
 *   speaker: (number | null)[],
 *   ids: string[],
 * }} Columns
 */

/** @typedef {"emotion" | "speaker"} Colouring */

/** @typedef {{ name: string, colour: string, count: number }} Group */

// A map of so many is there in seconds; a larger one is drawn when somebody asks for it.
const FAST = 3000;

const TOOLS = /** @type {const} */ (["move", "lasso", "rectangle"]);
const TOOL_NAMES = /** @type {const} */ ({ move: "toolMove", lasso: "toolLasso", rectangle: "toolRectangle" });

// Of speakers so many have a colour of their own.
const MOST_COLOURS = 12;

const isDrawn = signal(false); // a large map was asked for

/**
 * The map, or what there is in its place.
 *
 * @param {{ marked?: string[] | null }} props `marked` are ids of segments that stand out, until others are taken
 */
export function MapPart({ marked = null }) {
  const { model, filters } = scopeOf(question.value);
  const isSmall = (table.value?.segments ?? 0) <= FAST;
  const asked = { model, filters, by_speaker: Boolean(look.value.by_speaker) };
  const map = useComputed("map", asked, isSmall || isDrawn.value);
  return html`
    <div class="map-part" aria-busy=${map.isWorking}>
      ${map.failure && html`<p class="problem" role="alert">${map.failure.message}</p>`}
      ${!isSmall && !isDrawn.value && html`<button class="quiet" onClick=${() => (isDrawn.value = true)}>${t("mapMake")}</button>`}
      ${map.isWorking && html`<${Waiting} share=${map.share} what=${t("mapWorking")} />`}
      ${map.found && html`<${SegmentMap} key=${map.key} map=${map.found} marked=${marked} />`}
    </div>
  `;
}

/**
 * The groups of a map, and that of each point.
 *
 * @param {Columns} map
 * @param {Colouring} by
 */
function groupsOf(map, by) {
  if (by === "emotion") {
    const group = Uint16Array.from(map.emotion);
    return {
      group,
      groups: map.labels.map((id) => ({ id, name: bothNames(id), colour: labelOf(id).color, count: 0 })),
    };
  }
  const counts = new Map(/** @type {[number, number][]} */ ([]));
  for (const speaker of map.speaker)
    if ((speaker ?? -1) >= 0) counts.set(Number(speaker), (counts.get(Number(speaker)) ?? 0) + 1);
  const frequent = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_COLOURS)
    .map(([speaker]) => speaker);
  const place = new Map(frequent.map((speaker, index) => [speaker, index]));
  const [others, nobody] = [frequent.length, frequent.length + 1];
  const group = Uint16Array.from(map.speaker, (speaker) =>
    (speaker ?? -1) < 0 ? nobody : (place.get(Number(speaker)) ?? others),
  );
  const grey = { colour: labelOf("unknown").color, count: 0 };
  return {
    group,
    groups: [
      ...frequent.map((speaker, index) => ({
        id: `speaker ${speaker}`,
        name: map.speakers[speaker],
        colour: colourOf(index),
        count: 0,
      })),
      { id: "others", name: t("otherSpeakers"), ...grey },
      { id: "nobody", name: t("noSpeaker"), ...grey },
    ],
  };
}

/**
 * The emotions of a map with what people have said since it was made.
 *
 * @param {Columns} map
 * @param {Map<string, number>} places of the segments on it, by their ids
 * @param {Map<string, Judged>} told
 * @returns {Pick<Columns, "labels" | "emotion">}
 */
function emotionsOf(map, places, told) {
  const labels = [...map.labels];
  const all = [...map.emotion];
  for (const [id, { emotion, label }] of told) {
    const place = places.get(id);
    if (place === undefined) continue;
    const leading = label ?? emotion;
    if (!labels.includes(leading)) labels.push(leading);
    all[place] = labels.indexOf(leading);
  }
  return { labels, emotion: all };
}

/** Colours as far apart as a dozen can be, of the palette of emotions first. */
const PALETTE = ["sad", "happy", "angry", "surprised", "fearful", "disgusted", "other"];
const colourOf = (/** @type {number} */ index) =>
  index < PALETTE.length ? labelOf(PALETTE[index]).color : EXTRA_COLORS[(index - PALETTE.length) % EXTRA_COLORS.length];

/** `3f2a91bc04de5570@12.4-15.1`: its recording's name, and when. */
function titleOf(/** @type {string} */ id, /** @type {Map<string, string>} */ names) {
  const [recording, span = ""] = id.split("@");
  const [start, end] = span.split("-").map(Number);
  return `${names.get(recording) ?? recording} ${clock(start)} – ${clock(end)}`;
}

/** @param {{ map: Columns, marked: string[] | null }} props */
function SegmentMap({ map, marked }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const mounted = useRef(/** @type {MapCanvas | null} */ (null));
  const by = useSignal(/** @type {Colouring} */ ("emotion"));
  const tool = useSignal(/** @type {Tool} */ ("move"));
  const hidden = useSignal(/** @type {Set<string>} */ (new Set()));
  const selected = useSignal(/** @type {Uint32Array | null} */ (null));
  const pointed = useSignal(/** @type {{ index: number, left: number, top: number } | null} */ (null));
  const points = useMemo(() => pointsOf(map.x, map.y), [map]);
  const places = useMemo(() => new Map(map.ids.map((id, index) => [id, index])), [map]);
  const names = useMemo(
    () => new Map(recordings.value.map(({ recording, name }) => [recording, name])),
    [recordings.value],
  );
  const said = useMemo(() => ({ ...map, ...emotionsOf(map, places, latest.value) }), [map, latest.value]);
  const { group, groups } = useMemo(() => {
    const made = groupsOf(said, by.value);
    for (const of of made.group) made.groups[of].count++;
    return made;
  }, [said, by.value, isDark.value]);
  /** @type {Looks} */
  const looks = {
    group,
    colours: groups.map(({ colour }) => colour),
    isShown: groups.map(({ id }) => !hidden.value.has(id)),
    selected: useMemo(() => {
      const standing = selected.value ?? marked?.flatMap((id) => places.get(id) ?? []);
      if (!standing) return null;
      const flags = new Uint8Array(map.ids.length);
      for (const index of standing) flags[index] = 1;
      return flags;
    }, [selected.value, marked, places]),
  };
  useEffect(() => {
    selected.value = null;
  }, [marked]);
  useEffect(() => {
    const map_ = mount(
      /** @type {HTMLDivElement} */ (place.current),
      /** @type {HTMLCanvasElement} */ (canvas.current),
      points,
      looks,
      {
        onPoint: (index, left, top) => (pointed.value = index < 0 ? null : { index, left, top }),
        onPress: (index) => (index < 0 ? stop() : play(map.ids[index])),
        onSelect: (indices) => (selected.value = indices.length ? indices : null),
      },
    );
    mounted.current = map_;
    return () => map_.destroy();
  }, [points]);
  useEffect(() => {
    const { color } = getComputedStyle(/** @type {HTMLElement} */ (place.current));
    mounted.current?.look(looks, color);
  });
  useEffect(() => mounted.current?.setTool(tool.value), [tool.value]);
  useEffect(() => mounted.current?.ringPlaying(places.get(playing.value ?? "") ?? -1), [playing.value]);
  const hide = (/** @type {string} */ id) => {
    const next = new Set(hidden.value);
    if (!next.delete(id)) next.add(id);
    hidden.value = next;
    selected.value = null;
  };
  return html`
    <div class="row map-tools">
      <div class="switch" role="group" aria-label=${t("mapColour")}>
        ${
          /** @type {const} */ (["emotion", "speaker"]).map(
            (name) =>
              html`<button aria-pressed=${by.value === name} onClick=${() => {
                by.value = name;
                hidden.value = new Set();
              }}>${t(name === "emotion" ? "byEmotion" : "bySpeaker")}</button>`,
          )
        }
      </div>
      <div class="switch" role="group" aria-label=${t("tool")}>
        ${TOOLS.map((name) => html`<button aria-pressed=${tool.value === name} onClick=${() => (tool.value = name)}>${t(TOOL_NAMES[name])}</button>`)}
      </div>
      <button class="quiet" onClick=${() => mounted.current?.selectVisible()}>${t("selectVisible")}</button>
      <span class="zoom">
        <button class="icon-only" aria-label=${t("zoomOut")} title=${t("zoomOut")} onClick=${() => mounted.current?.zoomBy(1 / 1.6)}><${Icon} name="minus" /></button>
        <button class="icon-only" aria-label=${t("zoomIn")} title=${t("zoomIn")} onClick=${() => mounted.current?.zoomBy(1.6)}><${Icon} name="plus" /></button>
        <button class="icon-only" aria-label=${t("zoomFit")} title=${t("zoomFit")} onClick=${() => mounted.current?.fit()}><${Icon} name="fit" /></button>
      </span>
    </div>
    <div ref=${place} class="map-place ${tool.value}" tabindex="0" role="application" aria-label=${t("mapOf", { count: counted("hits", map.ids.length) })} aria-describedby="map-keys">
      <canvas ref=${canvas}></canvas>
      ${pointed.value && html`<${Pointed} map=${said} names=${names} at=${pointed.value} width=${place.current?.clientWidth ?? 0} />`}
    </div>
    <div class="legend" role="group" aria-label=${t("legend")}>
      ${groups
        .filter(({ count }) => count)
        .map(
          ({ id, name, colour, count }) => html`
            <button key=${id} aria-pressed=${!hidden.value.has(id)} style=${{ "--label": colour }} onClick=${() => hide(id)}>
              <i></i>${by.value === "emotion" && `${labelOf(id).emoji} `}${name} <span class="number faint">${count}</span>
            </button>
          `,
        )}
    </div>
    <p class="faint hint" id="map-keys">${t("mapKeys")}</p>
    ${selected.value && html`<${Selection} key=${selected.value} ids=${Array.from(selected.value, (index) => map.ids[index])} counts=${countsOf(Array.from(selected.value, (index) => said.labels[said.emotion[index]]))} clear=${() => (selected.value = null)} />`}
  `;
}

/**
 * What is pointed at, told to who cannot see it, too.
 *
 * @param {{
 *   map: Columns,
 *   names: Map<string, string>,
 *   at: { index: number, left: number, top: number },
 *   width: number,
 * }} props
 */
function Pointed({ map, names, at: { index, left, top }, width }) {
  const speaker = map.speaker[index] ?? -1;
  const emotion = map.labels[map.emotion[index]];
  return html`
    <div class="pointed-at" role="status" style=${{ left: `${left}px`, top: `${top}px` }}>
      <div class=${left > width / 2 ? "before" : "after"}>
        <span>${labelOf(emotion).emoji} ${nameOf(emotion)}${speaker >= 0 && ` · ${map.speakers[speaker]}`}</span>
        <small class="faint">${titleOf(map.ids[index], names)}</small>
      </div>
    </div>
  `;
}
