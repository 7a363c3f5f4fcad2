/**
 * Changes the rate of a stream of sound: a low-pass by windowed sinc, a table row for every place between two input samples.
 * What lies above the half of the new rate is taken out before it can fold back.
 */
const CUTOFF = 0.9;
/** Zero crossings of the sinc at either side: with a Blackman window 60 dB are gone at 1.1 times the half rate. */
const CROSSINGS = 26;

export class Resampler {
  #step;
  #places;
  #taps;
  #rows;
  /** Input that further output needs, oldest first. */
  #kept;
  /** Index in `#kept` of the first input sample of the next output sample. */
  #at = 0;
  #place = 0;

  /**
   * @param {number} from Hz, whole
   * @param {number} to Hz, whole
   */
  constructor(from, to) {
    const common = divisor(from, to);
    this.#step = from / common;
    this.#places = to / common;
    const cutoff = (CUTOFF * Math.min(from, to)) / 2 / from;
    const half = Math.ceil(CROSSINGS / (2 * cutoff));
    this.#taps = 2 * half;
    this.#rows = Array.from({ length: this.#places }, (_, place) => row(half, place / this.#places, cutoff));
    // The first output sample is that of the first input sample: what lies before it is silence.
    this.#kept = new Float32Array(half - 1);
  }

  /**
   * @param {Float32Array} samples
   * @returns {Float32Array} what they make up, with what came before; the rest follows with the next ones
   */
  process(samples) {
    const input = new Float32Array(this.#kept.length + samples.length);
    input.set(this.#kept);
    input.set(samples, this.#kept.length);
    const out = [];
    while (this.#at + this.#taps <= input.length) {
      const weights = this.#rows[this.#place];
      let sum = 0;
      for (let i = 0; i < this.#taps; i++) sum += weights[i] * input[this.#at + i];
      out.push(sum);
      this.#place += this.#step;
      this.#at += Math.floor(this.#place / this.#places);
      this.#place %= this.#places;
    }
    const used = Math.min(this.#at, input.length);
    this.#kept = input.slice(used);
    this.#at -= used;
    return Float32Array.from(out);
  }
}

/**
 * The weights for an output sample that lies `part` of a sample after input sample `half − 1` of the row.
 * @param {number} half
 * @param {number} part 0 … 1
 * @param {number} cutoff cycles per input sample
 */
function row(half, part, cutoff) {
  const weights = Float64Array.from({ length: 2 * half }, (_, i) => {
    const x = i - (half - 1) - part;
    const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
    const at = Math.PI * (x / half);
    return Math.abs(x) >= half ? 0 : sinc * (0.42 + 0.5 * Math.cos(at) + 0.08 * Math.cos(2 * at));
  });
  const sum = weights.reduce((whole, weight) => whole + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** @param {number} a @param {number} b @returns {number} */
function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
