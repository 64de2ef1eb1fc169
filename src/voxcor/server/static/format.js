/** Numbers as people read them. */

/**
 * `85.3%`, of a share 0..1.
 *
 * @param {number} share
 */
export const percent = (share, decimals = 1) => `${(100 * share).toFixed(decimals)}%`;

/**
 * `54%`, of a part of something; of a part that there is never `0%`.
 *
 * @param {number} share
 */
export const part = (share) => (share > 0 && share < 0.005 ? "<1%" : percent(share, 0));

/**
 * `+0.42`, of a number -1..1.
 *
 * @param {number} number
 */
export function signed(number) {
  // Of what rounds to nothing no minus is left.
  const rounded = Number(number.toFixed(2));
  return `${rounded < 0 ? "" : "+"}${rounded.toFixed(2)}`;
}

/**
 * `0:03.2`, `12:04.0`, `1:02:03.4`, of seconds.
 *
 * @param {number} seconds
 */
export function clock(seconds, decimals = 1) {
  const total = Math.round(seconds * 10 ** decimals);
  const whole = Math.floor(total / 10 ** decimals);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const text = hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  return decimals ? `${text}.${String(total % 10 ** decimals).padStart(decimals, "0")}` : text;
}

/**
 * `1.9 GB`, `54 MB`, `12 kB`: powers of ten, as disks are sold.
 *
 * @param {number} count
 */
export function bytes(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
  return `${Math.max(1, Math.round(count / 1e3))} kB`;
}
