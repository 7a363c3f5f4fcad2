/**
 * What is heard, sample by sample: starts with the first sound it gets, takes up a cushion only after the sound ran dry, and
 * goes silent within one render quantum. While it is held it takes what comes and plays nothing; no sample is lost by that.
 *
 * Pure: whoever renders hands in the buffer and its time, and gets a mark when something changed and every 50 ms.
 */
import { SampleRing } from "./ring.js";

const FADE_OUT_S = 0.015;
const FADE_IN_S = 0.003;
const MARK_EVERY_S = 0.05;
const MARKS_AFTER_STOP = 6;
const CUSHION_STEP_S = 0.01;
const FIRST_CUSHION_S = 0.03;
const LARGEST_CUSHION_S = 0.05;
const EDGE_TOLERANCE_S = 0.002;

/**
 * Where the sound was at a time of the audio clock.
 * @typedef {object} Mark
 * @property {number} turn −1 before any
 * @property {number} time s, of the audio clock
 * @property {number} position samples into the turn's sound
 * @property {boolean} playing whether the position moves on from there
 * @property {number} underruns how often the sound ran dry in the middle of a segment
 * @property {number} gaps how often it ran dry where a segment ends
 */

export class Playout {
  #rate;
  #emit;
  #ring = new SampleRing();
  #turn = -1;
  #playing = false;
  #finished = false;
  #held = false;
  #edge = 0;
  #underruns = 0;
  #gaps = 0;
  #cushionS = 0;
  #dryTurn = false;
  #resumed = false;
  /** @type {number | null} */
  #waitingSince = null;
  #fadeIn = 0;
  /** @type {Float32Array} what is faded out over whatever follows */
  #tail = new Float32Array(0);
  #last = 0;
  #nextMark = 0;
  #marksLeft = 0;

  /**
   * @param {number} rate Hz
   * @param {(mark: Mark) => void} emit
   */
  constructor(rate, emit) {
    this.#rate = rate;
    this.#emit = emit;
  }

  /**
   * A turn begins: what is left of the one before fades out.
   * @param {number} turn
   * @param {number} time s
   */
  begin(turn, time) {
    this.flush(time);
    if (!this.#dryTurn) this.#cushionS = this.#cushionS > FIRST_CUSHION_S ? this.#cushionS - CUSHION_STEP_S : 0;
    this.#turn = turn;
    this.#dryTurn = this.#finished = this.#held = this.#resumed = false;
    this.#edge = this.#last = 0;
  }

  /**
   * @param {number} turn
   * @param {number} position of the first sample
   * @param {Int16Array | Float32Array} samples
   */
  push(turn, position, samples) {
    if (turn !== this.#turn) return;
    this.#finished = false;
    this.#ring.write(position, samples);
  }

  /**
   * A segment's sound ends at `position`: running dry there is no fault of the line.
   * @param {number} position
   */
  edge(position) {
    this.#edge = Math.max(this.#edge, position);
  }

  /** Nothing more of the turn will come. */
  finish() {
    this.#finished = true;
  }

  /**
   * Go silent: 15 ms of what was to come are faded out, the rest is dropped.
   * @param {number} time s
   */
  flush(time) {
    const position = this.#ring.position;
    if (this.#playing) this.#fadeOut();
    this.#ring.clear();
    this.#waitingSince = null;
    if (this.#playing) this.#stop(time, position);
  }

  /**
   * Go silent in the same way, but lose nothing: what was faded out will be played again, and what comes is kept. It lasts
   * until `resume`, or until another turn begins.
   * @param {number} time s
   */
  hold(time) {
    this.#held = true;
    this.#waitingSince = null;
    if (!this.#playing) return;
    this.#fadeOut();
    this.#stop(time, this.#ring.position);
  }

  /** Go on where the sound was held, with a fade that leaves no click. */
  resume() {
    this.#resumed ||= this.#held;
    this.#held = false;
  }

  /**
   * @param {Float32Array} out overwritten
   * @param {number} time s, of its first sample
   */
  render(out, time) {
    out.fill(0);
    if (!this.#playing && this.#ready(time)) this.#start(time);
    if (this.#playing) this.#play(out, time);
    this.#mixTail(out);
    if ((this.#playing || this.#marksLeft > 0) && time >= this.#nextMark) {
      this.#marksLeft--;
      this.#mark(time + out.length / this.#rate, this.#ring.position);
    }
  }

  #fadeOut() {
    const fade = new Float32Array(Math.ceil(FADE_OUT_S * this.#rate));
    const count = this.#ring.peek(fade);
    for (let i = 0; i < count; i++) fade[i] *= 1 - (i + 1) / count;
    this.#tail = fade;
  }

  /** @param {number} time */
  #ready(time) {
    if (this.#held || this.#ring.length === 0) return false;
    this.#waitingSince ??= time;
    const enough = this.#finished || this.#ring.length >= this.#cushionS * this.#rate;
    return enough || time - this.#waitingSince >= this.#cushionS;
  }

  /** @param {number} time */
  #start(time) {
    this.#playing = true;
    this.#waitingSince = null;
    this.#fadeIn = this.#dryTurn || this.#resumed ? Math.ceil(FADE_IN_S * this.#rate) : 0;
    this.#resumed = false;
    this.#mark(time, this.#ring.position);
  }

  /**
   * @param {Float32Array} out
   * @param {number} time
   */
  #play(out, time) {
    const count = this.#ring.read(out);
    const ramp = Math.ceil(FADE_IN_S * this.#rate);
    for (let i = 0; i < count && this.#fadeIn > 0; i++, this.#fadeIn--) out[i] *= 1 - this.#fadeIn / ramp;
    if (count > 0) this.#last = out[count - 1];
    if (count < out.length) this.#ranDry(out, count, time);
  }

  /**
   * @param {Float32Array} out
   * @param {number} count samples of it that are sound
   * @param {number} time
   */
  #ranDry(out, count, time) {
    const atEdge = this.#ring.position >= this.#edge - EDGE_TOLERANCE_S * this.#rate && this.#edge > 0;
    if (atEdge || this.#finished) {
      this.#gaps += this.#finished ? 0 : 1;
    } else {
      this.#underruns++;
      this.#dryTurn = true;
      this.#cushionS = Math.min(LARGEST_CUSHION_S, Math.max(FIRST_CUSHION_S, this.#cushionS + CUSHION_STEP_S));
    }
    // Let the wave come down instead of cutting it: a step would click.
    const slope = Math.exp(-1 / (0.001 * this.#rate));
    for (let i = count; i < out.length; i++) out[i] = this.#last *= slope;
    this.#stop(time + count / this.#rate, this.#ring.position);
  }

  /** @param {Float32Array} out */
  #mixTail(out) {
    if (this.#tail.length === 0) return;
    const count = Math.min(out.length, this.#tail.length);
    for (let i = 0; i < count; i++) out[i] += this.#tail[i];
    this.#tail = this.#tail.subarray(count);
  }

  /**
   * @param {number} time
   * @param {number} position
   */
  #stop(time, position) {
    this.#playing = false;
    this.#marksLeft = MARKS_AFTER_STOP;
    this.#mark(time, position);
  }

  /**
   * @param {number} time
   * @param {number} position
   */
  #mark(time, position) {
    this.#nextMark = time + MARK_EVERY_S;
    this.#emit({
      turn: this.#turn, time, position, playing: this.#playing, underruns: this.#underruns, gaps: this.#gaps,
    });
  }
}
