/**
 * The spectrogram of what is visible: power over time and frequency, 0-8 kHz.
 *
 * Windows of 32 ms (512 samples, Hann), one for each pixel, in decibels below the loudest of them.
 * The samples are those of `processed_audio.wav`, as they are: the browser decodes nothing.
 */

import { fileOf, request } from "../api.js";
import { isDark } from "../state.js";
import { t } from "../strings.js";
import { effect } from "../vendor/signals.js";
import { rangeOf, SAMPLE_RATE } from "../wav.js";

/** @import { Playback } from "./playback.js" */

const WINDOW = 512;
const BINS = WINDOW / 2;
const RANGE_DB = 70;

// 10 MB of samples; beyond it a pixel is wider than ten windows, and shows one of them at random.
const LONGEST_S = 300;

// Until scrolling or zooming has come to rest.
const REST_MS = 150;

const HANN = Float64Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW));

/**
 * The discrete Fourier transform, in place; lengths are powers of two.
 *
 * J. W. Cooley and J. W. Tukey 1965, "An algorithm for the machine calculation of complex Fourier
 * series", Mathematics of Computation 19, 297-301.
 *
 * @param {Float64Array} real
 * @param {Float64Array} imaginary
 */
export function transform(real, imaginary) {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    for (let k = 0; k < size / 2; k++) {
      const angle = (-2 * Math.PI * k) / size;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (let i = k; i < n; i += size) {
        const j = i + size / 2;
        const re = real[j] * cos - imaginary[j] * sin;
        const im = real[j] * sin + imaginary[j] * cos;
        real[j] = real[i] - re;
        imaginary[j] = imaginary[i] - im;
        real[i] += re;
        imaginary[i] += im;
      }
    }
  }
}

/**
 * Decibels [columns, BINS] of so many windows, evenly over the samples.
 *
 * @param {Int16Array} samples
 * @param {number} columns
 */
export function powersOf(samples, columns) {
  const powers = new Float32Array(columns * BINS);
  const real = new Float64Array(WINDOW);
  const imaginary = new Float64Array(WINDOW);
  for (let column = 0; column < columns; column++) {
    const first = Math.round(((column + 0.5) * samples.length) / columns - WINDOW / 2);
    for (let i = 0; i < WINDOW; i++) real[i] = HANN[i] * (samples[first + i] ?? 0);
    imaginary.fill(0);
    transform(real, imaginary);
    for (let bin = 0; bin < BINS; bin++) {
      powers[column * BINS + bin] = 10 * Math.log10(real[bin] ** 2 + imaginary[bin] ** 2 + 1);
    }
  }
  return powers;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} powers
 */
function draw(canvas, powers) {
  const columns = powers.length / BINS;
  canvas.width = columns;
  canvas.height = BINS;
  const context = canvas.getContext("2d");
  if (!context) return;
  let loudest = 0;
  for (const power of powers) loudest = Math.max(loudest, power);
  const image = context.createImageData(columns, BINS);
  const ink = isDark.value ? 255 : 0;
  for (let column = 0; column < columns; column++) {
    for (let bin = 0; bin < BINS; bin++) {
      const pixel = 4 * ((BINS - 1 - bin) * columns + column);
      const strength = 1 + (powers[column * BINS + bin] - loudest) / RANGE_DB;
      image.data.fill(ink, pixel, pixel + 3);
      image.data[pixel + 3] = 255 * Math.max(0, strength) ** 1.5;
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * Draws what is visible, now and whenever that changes; `say` is told where it cannot, "" where it can.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {string} id
 * @param {Playback} state
 * @param {(text: string) => void} say
 * @returns {() => void} what ends it
 */
export function follow(canvas, id, { start, end, visible }, say) {
  /** @type {AbortController | undefined} */
  let asked;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  const show = async (/** @type {number} */ from, /** @type {number} */ to) => {
    asked = new AbortController();
    const { signal } = asked;
    try {
      const part = await request(fileOf(id, "processed_audio.wav"), { headers: { Range: rangeOf(from, to) }, signal });
      const bytes = await part.arrayBuffer();
      if (signal.aborted) return;
      const columns = Math.min(
        Math.round((to - from) * SAMPLE_RATE),
        canvas.clientWidth * Math.min(2, devicePixelRatio),
      );
      draw(canvas, powersOf(new Int16Array(bytes.slice(0, bytes.byteLength & ~1)), Math.max(1, Math.round(columns))));
      canvas.dataset.drawn = `${from.toFixed(1)}-${to.toFixed(1)}`;
      say("");
    } catch (error) {
      if (error.name !== "AbortError") say(error.message);
    }
  };
  const stop = effect(() => {
    isDark.value;
    const [from, to] = visible.value;
    clearTimeout(resting);
    asked?.abort();
    if (to - from > LONGEST_S) {
      canvas.width = 0;
      say(t("spectrogramZoom", { minutes: LONGEST_S / 60 }));
      return;
    }
    resting = setTimeout(() => show(Math.max(0, from - start), Math.min(end, to) - start), REST_MS);
  });
  return () => {
    clearTimeout(resting);
    asked?.abort();
    stop();
  };
}
