/**
 * Runs where the browser hears: any sample rate in, 16 kHz s16le out, every 100 ms.
 *
 * A windowed sinc that ends below 8 kHz: what is above would otherwise fold back into the speech.
 */

const RATE = 16_000;
const CHUNK = RATE / 10;
const CUTOFF_HZ = 7_600;
const LOBES = 24; // on either side; more changes nothing a model hears

class Resampler {
  constructor(/** @type {number} */ rate) {
    this.step = rate / RATE;
    this.reach = Math.ceil((LOBES * rate) / (2 * CUTOFF_HZ));
    this.cutoff = Math.min(1, (2 * CUTOFF_HZ) / rate);
    this.buffer = new Float32Array(this.reach);
    this.position = this.reach; // in the buffer, of the next sample out
  }

  *push(/** @type {Float32Array} */ samples) {
    const joined = new Float32Array(this.buffer.length + samples.length);
    joined.set(this.buffer);
    joined.set(samples, this.buffer.length);
    while (this.position + this.reach < joined.length) {
      yield this.at(joined, this.position);
      this.position += this.step;
    }
    const spent = Math.max(0, Math.floor(this.position) - this.reach);
    this.buffer = joined.slice(spent);
    this.position -= spent;
  }

  /**
   * @param {Float32Array} samples
   * @param {number} position
   */
  at(samples, position) {
    const center = Math.floor(position);
    let sum = 0;
    for (let index = center - this.reach + 1; index <= center + this.reach; index++) {
      const offset = position - index;
      const x = Math.PI * offset * this.cutoff;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * offset) / this.reach);
      sum += (samples[index] ?? 0) * sinc * window;
    }
    return sum * this.cutoff;
  }
}

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate);
    this.chunk = new Int16Array(CHUNK);
    this.filled = 0;
  }

  process(/** @type {Float32Array[][]} */ [[samples]]) {
    if (!samples) return true;
    for (const sample of this.resampler.push(samples)) {
      this.chunk[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
      if (this.filled === CHUNK) {
        this.port.postMessage(this.chunk.buffer, [this.chunk.buffer]);
        this.chunk = new Int16Array(CHUNK);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("capture", Capture);
