/**
 * From what a microphone gives to what the stage wants: pieces of 20 ms, 16 kHz, 16 bit, with their place and their level.
 * Pure: it runs on the audio thread, and in Node.
 */
import { Resampler } from "./resampler.js";

export const MIC_RATE = 16000;
export const CHUNK_SAMPLES = 320;
const HEADER_BYTES = 8;
const KIND_MICROPHONE = 2;

/**
 * @typedef {object} Chunk
 * @property {number} position samples since the microphone was opened
 * @property {Int16Array} samples
 * @property {number} rms 0 … 1
 */

export class MicChunks {
  #resampler;
  #emit;
  #samples = new Int16Array(CHUNK_SAMPLES);
  #filled = 0;
  #squares = 0;
  #position = 0;

  /**
   * @param {number} rate Hz, of what comes
   * @param {(chunk: Chunk) => void} emit
   */
  constructor(rate, emit) {
    this.#resampler = rate === MIC_RATE ? null : new Resampler(Math.round(rate), MIC_RATE);
    this.#emit = emit;
  }

  /** @param {Float32Array} samples −1 … 1 */
  take(samples) {
    for (const sample of this.#resampler ? this.#resampler.process(samples) : samples) this.#add(sample);
  }

  /** @param {number} sample what is no number is silence */
  #add(sample) {
    const value = Math.max(-1, Math.min(1, sample)) || 0;
    this.#samples[this.#filled++] = Math.round(value * 32767);
    this.#squares += value * value;
    if (this.#filled < CHUNK_SAMPLES) return;
    this.#emit({ position: this.#position, samples: this.#samples, rms: Math.sqrt(this.#squares / CHUNK_SAMPLES) });
    this.#samples = new Int16Array(CHUNK_SAMPLES);
    this.#position += CHUNK_SAMPLES;
    this.#filled = this.#squares = 0;
  }
}

/**
 * A binary frame of the stage protocol.
 * @param {number} position samples since `mic.start`
 * @param {Int16Array} samples
 * @returns {ArrayBuffer}
 */
export function micFrame(position, samples) {
  const frame = new ArrayBuffer(HEADER_BYTES + 2 * samples.length);
  const view = new DataView(frame);
  view.setUint8(0, KIND_MICROPHONE);
  view.setUint32(4, position % 2 ** 32, true);
  samples.forEach((sample, i) => view.setInt16(HEADER_BYTES + 2 * i, sample, true));
  return frame;
}

/** @param {number} rms 0 … 1 @returns {number} dB below full scale, −100 at least */
export function decibels(rms) {
  return Math.max(-100, 20 * Math.log10(Math.max(rms, 1e-5)));
}
