/** Groups of what sounds alike: what and who is in each, how stable it is, what to hear first, and where it lies. */

import { clock, percent } from "../format.js";
import { html, Icon } from "../html.js";
import { labelOf, nameOf } from "../labels.js";
import { useEffect, useMemo } from "../vendor/preact-hooks.js";
import { useSignal } from "../vendor/signals.js";
import { look, lookAt, question, recordings, scopeOf } from "./asking.js";
import { useComputed } from "./computing.js";
import { sayings, segmentsOf } from "./labelling.js";
import { MapPart } from "./map.js";
import { Rows } from "./rows.js";
import { Selection, Spread } from "./selection.js";
import { playing, toggle } from "./sound.js";
import { counted, t } from "./strings.js";
import { Waiting } from "./waiting.js";

/** @import { ClusterDocument, ClustersDocument, LabelledDocument, SegmentDocument } from "../server.js" */

const MOST_GROUPED = 20_000; // segments, by the server
const FEWEST = 10;
const STABLE = 0.75;
const CHANCE = 0.6;
const NAMED = 3; // speakers

// A speaker who says so much of a group, and so much more of it than of everything, may be what it is about.
const MOST_OF_IT = 0.5;
const MORE_THAN_USUAL = 1.5;

export function GroupsPanel() {
  const { model, filters } = scopeOf(question.value);
  const { by_speaker, group } = look.value;
  const asked = { model, filters, by_speaker: Boolean(by_speaker) };
  const groups = useComputed("clusters", asked, true, sayings.value);
  const chosen = groups.found?.clusters.find(({ exemplars }) => exemplars.some(({ id }) => id === group)) ?? null;
  const hasGroups = Boolean(groups.found?.clusters.length);
  return html`
    <p class="faint hint">${t("groupsHint")}</p>
    ${groups.failure && html`<p class="problem" role="alert">${groups.failure.message}</p>`}
    ${groups.isWorking && html`<${Waiting} share=${groups.share} what=${t("groupsWorking")} />`}
    ${groups.found && !hasGroups && html`<${Nothing} found=${groups.found} />`}
    ${
      groups.found &&
      hasGroups &&
      html`
        <${Found} found=${groups.found} />
        <div class="grouped">
          <ol class="groups">
            ${groups.found.clusters.map((cluster) => html`<${Group} key=${cluster.exemplars[0].id} cluster=${cluster} isOpen=${cluster === chosen} />`)}
          </ol>
          <${MapPart} marked=${chosen?.members ?? null} />
        </div>
      `
    }
    ${hasGroups && html`<p class="faint hint">${t("stabilityHint")}</p>`}
    ${groups.found && groups.found.outliers.length > 0 && html`<${Outliers} key=${groups.key} segments=${groups.found.outliers} />`}
  `;
}

/** @param {{ found: ClustersDocument }} props */
function Nothing({ found: { segments } }) {
  return html`<p role="status">${segments < FEWEST ? t("groupsTooFew", { count: counted("hits", segments) }) : t("groupsNone")}</p>`;
}

/** @param {{ found: ClustersDocument }} props */
function Found({ found: { clusters, segments, outside } }) {
  const said = {
    groups: counted("groups", clusters.length),
    inside: segments - outside,
    all: counted("hits", segments),
  };
  return html`
    <p role="status">${t("groupsFound", said)}</p>
    ${segments >= MOST_GROUPED && html`<p class="faint">${t("groupsDrawn", { count: counted("hits", segments) })}</p>`}
  `;
}

/** @param {{ cluster: ClusterDocument, isOpen: boolean }} props */
function Group({ cluster, isOpen }) {
  const { size, stability, emotions, exemplars, members } = cluster;
  const counts = Object.entries(emotions).map(
    ([id, share]) => /** @type {[string, number]} */ ([id, Math.round(share * size)]),
  );
  const leading = counts[0][0];
  const told = stability >= STABLE ? "groupStable" : stability < CHANCE ? "groupChance" : "groupUnsure";
  const count = counted("hits", size);
  return html`
    <li class="group ${isOpen ? "open" : ""}" style=${{ "--label": labelOf(leading).color }}>
      <button class="group-head" aria-pressed=${isOpen}
        onClick=${() => lookAt({ group: isOpen ? "" : exemplars[0].id })}>
        <b>${labelOf(leading).emoji} ${nameOf(leading)} ${percent(emotions[leading], 0)}</b>
        <span class="number">${count}</span>
        <span class="badge ${told === "groupChance" ? "doubt" : ""}">${t(told)} <span class="number">${stability.toFixed(2)}</span></span>
      </button>
      ${counts.length > 1 && html`<${Spread} counts=${counts} total=${size} />`}
      <${Voices} cluster=${cluster} />
      ${!isOpen && html`<${HearFirst} exemplars=${exemplars} />`}
      ${
        isOpen &&
        html`
          <${Listed} ids=${exemplars.map(({ id }) => id)} />
          <${Selection} ids=${members} counts=${null} clear=${null} />
        `
      }
    </li>
  `;
}

/** A voice is no mood: who is in a group, and whether that may be all there is to it. */
function Voices(/** @type {{ cluster: ClusterDocument }} */ { cluster: { speakers } }) {
  const all = Object.entries(speakers);
  const usual = useMemo(usualShares, [recordings.value]);
  if (!all.length) return html`<small class="faint">${t("voicesUnknown")}</small>`;
  const [speaker, share] = all[0];
  const isTelling = share >= MOST_OF_IT && share >= MORE_THAN_USUAL * (usual.get(speaker) ?? 0);
  if (isTelling && !question.value.filters.speaker) {
    const said = { speaker, share: percent(share, 0) };
    return html`<small class="doubt">${all.length === 1 && share === 1 ? t("voiceOnly", said) : t("voiceMost", said)}</small>`;
  }
  const named = all.slice(0, NAMED).map(([name, part]) => `${name} ${percent(part, 0)}`);
  const more = all.length - named.length;
  if (more > 0) named.push(t("voicesMore", { count: more }));
  return html`<small class="faint">${t("voices", { speakers: named.join(" · ") })}</small>`;
}

/** Which share of the whole library each speaker says. */
function usualShares() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  let total = 0;
  for (const { speaker, segments } of recordings.value) {
    total += segments;
    if (speaker) counts.set(speaker, (counts.get(speaker) ?? 0) + segments);
  }
  return new Map([...counts].map(([speaker, count]) => [speaker, count / total]));
}

/** Those nearest to the middle of a group, each a click away. */
function HearFirst(/** @type {{ exemplars: SegmentDocument[] }} */ { exemplars }) {
  return html`
    <div class="row heard">
      <span class="label">${t("hearFirst")}</span>
      ${exemplars.map((one) => html`<${Exemplar} key=${one.id} segment=${one} />`)}
    </div>
  `;
}

/** @param {{ segment: SegmentDocument }} props */
function Exemplar({ segment: { id, name, start_ms, end_ms } }) {
  const isPlaying = playing.value === id;
  const what = { name, time: `${clock(start_ms / 1000)} – ${clock(end_ms / 1000)}` };
  return html`
    <button class="quiet exemplar" aria-pressed=${isPlaying} aria-label=${t(isPlaying ? "stopSegment" : "playSegment", what)} onClick=${() => toggle(id)}>
      <${Icon} name=${isPlaying ? "stop" : "play"} /> <span>${name}</span>
    </button>
  `;
}

/** Segments by their ids, as a list that leads on. */
function Listed(/** @type {{ ids: string[] }} */ { ids }) {
  const segments = useSignal(/** @type {LabelledDocument[]} */ ([]));
  const problem = useSignal("");
  const key = ids.join();
  useEffect(() => {
    let isGone = false;
    segmentsOf(ids).then(
      (found) => {
        if (!isGone) segments.value = found;
      },
      (error) => {
        problem.value = error.message;
      },
    );
    return () => {
      isGone = true;
    };
  }, [key]);
  return html`
    ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
    <${Rows} segments=${segments.value} />
  `;
}

/** @param {{ segments: SegmentDocument[] }} props */
function Outliers({ segments }) {
  const isOpen = useSignal(false);
  return html`
    <details class="outliers" onToggle=${(/** @type {Event} */ event) => (isOpen.value = /** @type {HTMLDetailsElement} */ (event.currentTarget).open)}>
      <summary>${t("outliers", { count: counted("hits", segments.length) })}</summary>
      ${isOpen.value && html`<${Listed} ids=${segments.map(({ id }) => id)} />`}
    </details>
  `;
}
