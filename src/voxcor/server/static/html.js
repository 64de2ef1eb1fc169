/** JSX without a build step: `html` makes Preact elements of tagged templates. */

import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

/** @import { TargetedEvent } from "./vendor/preact.js" */

/** @typedef {TargetedEvent<HTMLInputElement>} InputEvent */
/** @typedef {TargetedEvent<HTMLSelectElement>} SelectEvent */

export const html = htm.bind(h);

// Outlines on a grid of 16, drawn with the colour of the text around them.
const ICONS = {
  play: "M4.5 2.8v10.4L13 8z",
  pause: "M5 3v10M11 3v10",
  record: "M8 4a4 4 0 100 8 4 4 0 000-8z",
  stop: "M4 4h8v8H4z",
  loop: "M3 7a4 4 0 014-3h5M10 1.5L12.5 4 10 6.5M13 9a4 4 0 01-4 3H4M6 9.5L3.5 12 6 14.5",
  volume: "M2 6v4h2.5L8 13V3L4.5 6zM10.5 5.5a3.5 3.5 0 010 5M12.5 3.5a6.4 6.4 0 010 9",
  close: "M4 4l8 8M12 4l-8 8",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10",
  microphone: "M8 1.8a2 2 0 00-2 2v4a2 2 0 004 0v-4a2 2 0 00-2-2zM3.5 7.5a4.5 4.5 0 009 0M8 12v2.5",
  bin: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 9h5.8l.6-9",
  light: "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  dark: "M13.5 9.5A6 6 0 016.5 2.5a6 6 0 107 7z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  region: "M5 2.5H2.5v11H5M11 2.5h2.5v11H11M6 8h4",
  check: "M3 8.5L6.5 12 13 4.5",
  pencil: "M3 13l.7-3L10.5 3.2a1.2 1.2 0 011.7 0l.6.6a1.2 1.2 0 010 1.7L6 12.3z",
  undo: "M6 3L2.8 6.2 6 9.4M3 6.2h6.5a3.4 3.4 0 010 6.8H7",
  redo: "M10 3l3.2 3.2L10 9.4M13 6.2H6.5a3.4 3.4 0 000 6.8H9",
  similar: "M2 5.5c2-2.5 4-2.5 6 0s4 2.5 6 0M2 10.5c2-2.5 4-2.5 6 0s4 2.5 6 0",
  beside: "M3 5h10M10.5 2.5L13 5l-2.5 2.5M13 11H3M5.5 8.5L3 11l2.5 2.5",
  fit: "M2 5V2h3M14 5V2h-3M2 11v3h3M14 11v3h-3",
};

/**
 * An icon beside or instead of words; whoever uses it alone names the button.
 *
 * @param {{ name: keyof typeof ICONS }} props
 */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;
}
