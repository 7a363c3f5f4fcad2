/**
 * The lips: the turn's track of lip frames, and the mouth that follows it.
 */
import { LIP_BYTES } from "./protocol.js";

const LOOK_AHEAD_MS = 20;
const CLOSING_MS = 40;
const LONGEST_TRACK = 4 * 3600 * 50;

/** @typedef {{open: number, form: number, A: number, I: number, U: number, E: number, O: number}} Mouth `form` −1 … 1, others 0 … 1 */

/** @returns {Mouth} */
export const closedMouth = () => ({ open: 0, form: 0, A: 0, I: 0, U: 0, E: 0, O: 0 });

/** @type {(keyof Mouth)[]} in the order of a lip frame */
const SHAPES = ["open", "form", "A", "I", "U", "E", "O"];

/** Lip frames by index. Where none was received the mouth is closed. */
export class LipTrack {
  #bytes = new Uint8Array(0);
  #length = 0;
  #rate;

  /** @param {number} rate frames per second */
  constructor(rate) {
    this.#rate = rate;
  }

  reset() {
    this.#length = 0;
  }

  /**
   * @param {number} start index of the first frame
   * @param {Uint8Array} lips seven bytes per frame
   */
  add(start, lips) {
    const end = start + Math.floor(lips.length / LIP_BYTES);
    if (end > LONGEST_TRACK) return;
    this.#reserve(end);
    for (let i = this.#length; i < start; i++) this.#close(i);
    this.#bytes.set(lips, start * LIP_BYTES);
    this.#length = Math.max(this.#length, end);
  }

  /**
   * The mouth at a time, between the two nearest frames.
   * @param {number} ms into the turn's sound
   * @returns {Mouth}
   */
  sample(ms) {
    const at = (Math.max(0, ms) * this.#rate) / 1000;
    const index = Math.floor(at);
    const part = at - index;
    const mouth = closedMouth();
    SHAPES.forEach((shape, offset) => {
      mouth[shape] = this.#value(index, offset) * (1 - part) + this.#value(index + 1, offset) * part;
    });
    return mouth;
  }

  /**
   * @param {number} index
   * @param {number} offset
   */
  #value(index, offset) {
    if (index >= this.#length) return 0;
    const byte = this.#bytes[index * LIP_BYTES + offset];
    return offset === 1 ? Math.max(-1, (byte - 128) / 127) : byte / 255;
  }

  /** @param {number} index */
  #close(index) {
    this.#bytes.fill(0, index * LIP_BYTES, (index + 1) * LIP_BYTES);
    this.#bytes[index * LIP_BYTES + 1] = 128;
  }

  /** @param {number} frames */
  #reserve(frames) {
    if (frames * LIP_BYTES <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(frames * LIP_BYTES, 2 * this.#bytes.length, 1024 * LIP_BYTES));
    grown.set(this.#bytes.subarray(0, this.#length * LIP_BYTES));
    this.#bytes = grown;
  }
}

/** The mouth that is shown: on the track while the sound plays, closing by itself whenever it does not. */
export class MouthMotion {
  #mouth = closedMouth();
  #at = 0;

  /**
   * @param {LipTrack} track
   * @param {{ms: number, playing: boolean}} position
   * @param {number} now ms
   * @returns {Mouth}
   */
  follow(track, position, now) {
    const left = Math.exp(-Math.max(0, now - this.#at) / CLOSING_MS);
    this.#at = now;
    if (position.playing) return (this.#mouth = track.sample(position.ms + LOOK_AHEAD_MS));
    for (const shape of SHAPES) {
      this.#mouth[shape] *= left;
      if (Math.abs(this.#mouth[shape]) < 0.004) this.#mouth[shape] = 0;
    }
    return this.#mouth;
  }
}
