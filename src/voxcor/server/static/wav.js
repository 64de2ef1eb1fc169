/** WAV, 16-bit mono at 16 kHz: what the microphone gives, and what the server keeps of a recording. */

export const SAMPLE_RATE = 16_000;

// RIFF, fmt and data chunk as Python's writer and ours put them; samples begin here.
const HEADER_BYTES = 44;

/**
 * A WAV file of s16le bytes.
 *
 * @param {ArrayBuffer[]} parts
 * @param {string} name
 */
export function wavOf(parts, name) {
  const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const text = (/** @type {number} */ offset, /** @type {string} */ value) => {
    for (let i = 0; i < value.length; i++) header.setUint8(offset + i, value.charCodeAt(i));
  };
  text(0, "RIFF");
  header.setUint32(4, HEADER_BYTES - 8 + size, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true); // PCM
  header.setUint16(22, 1, true); // channel
  header.setUint32(24, SAMPLE_RATE, true);
  header.setUint32(28, 2 * SAMPLE_RATE, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, "data");
  header.setUint32(40, size, true);
  return new File([header, ...parts], name, { type: "audio/wav" });
}

/**
 * The `Range` of the samples from `start` to `end` seconds in such a file.
 *
 * @param {number} start
 * @param {number} end
 */
export function rangeOf(start, end) {
  const byte = (/** @type {number} */ seconds) => HEADER_BYTES + 2 * Math.round(seconds * SAMPLE_RATE);
  return `bytes=${byte(start)}-${byte(end) - 1}`;
}
