/**
 * Measures what leaves the player, at its last node: the proof that sound is heard.
 */
const READ_EVERY_MS = 250;

/** @typedef {{rms: number, recent: number, peak: number, energy: number}} Levels */

export class Meter {
  #analyser;
  #rate;
  #samples;
  #energy = 0;
  #readUntil = 0;
  #timer = 0;

  /** @param {AudioContext} context */
  constructor(context) {
    this.#analyser = context.createAnalyser();
    // At 24 kHz the longest window holds 1.4 s, so a reading of one second never misses a sample.
    this.#analyser.fftSize = 32768;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#rate = context.sampleRate;
    this.#timer = setInterval(() => this.#accumulate(), READ_EVERY_MS);
  }

  /** @returns {AudioNode} */
  get node() {
    return this.#analyser;
  }

  close() {
    clearInterval(this.#timer);
  }

  /**
   * `rms` over the last second, `recent` and `peak` over the last 30 ms (0 … 1), `energy` of everything since the page
   * was opened (mean square × seconds).
   * @returns {Levels}
   */
  levels() {
    this.#accumulate();
    const recent = Math.round(0.03 * this.#rate);
    let peak = 0;
    for (let i = this.#samples.length - recent; i < this.#samples.length; i++) peak = Math.max(peak, Math.abs(this.#samples[i]));
    return {
      rms: Math.sqrt(this.#sum(this.#rate) / Math.min(this.#rate, this.#samples.length)),
      recent: Math.sqrt(this.#sum(recent) / recent),
      peak,
      energy: this.#energy,
    };
  }

  #accumulate() {
    const until = Math.round(this.#analyser.context.currentTime * this.#rate);
    const passed = until - this.#readUntil;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    this.#readUntil = until;
    this.#energy += this.#sum(passed) / this.#rate;
  }

  /**
   * Sum of squares of the last samples.
   * @param {number} count
   */
  #sum(count) {
    let sum = 0;
    for (let i = Math.max(0, this.#samples.length - count); i < this.#samples.length; i++) sum += this.#samples[i] ** 2;
    return sum;
  }
}
