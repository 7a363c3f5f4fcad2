/**
 * The voice for pages without AudioWorklet (plain http from another machine): every frame is scheduled as a buffer of its own.
 *
 * The context runs at the rate of the stream, so that neighbouring buffers join without a seam. Position marks come from
 * `onended` events, which browsers do not slow down in hidden tabs as they do timers.
 */
const FADE_OUT_S = 0.015;
const FADE_IN_S = 0.003;
const START_LEAD_S = 0.01;
const FIRST_CUSHION_S = 0.03;
const LARGEST_CUSHION_S = 0.05;

/**
 * Times in s; `last` is the position after the piece, `offset` the samples of its buffer that were left out at its begin.
 * @typedef {{node: AudioBufferSourceNode, buffer: AudioBuffer, offset: number, start: number, end: number, last: number}} Piece
 */
/** @typedef {{buffer: AudioBuffer, offset: number, last: number}} Rest what is to be played of a buffer */

export class ScheduledVoice {
  #context;
  #destination;
  #emit;
  #turn = -1;
  #finished = false;
  /** @type {Rest[] | null} what waits while the sound is held */
  #held = null;
  #edge = 0;
  #underruns = 0;
  #gaps = 0;
  #cushionS = START_LEAD_S;
  #nextTime = 0;
  #end = 0;
  /** @type {Piece[]} scheduled and not over */
  #pieces = [];
  #gain;

  /**
   * @param {BaseAudioContext} context
   * @param {AudioNode} destination
   * @param {(mark: import("./playout.js").Mark) => void} emit
   */
  constructor(context, destination, emit) {
    this.#context = context;
    this.#destination = destination;
    this.#emit = emit;
    this.#gain = this.#newGain();
  }

  /** @param {number} turn */
  begin(turn) {
    this.flush();
    this.#turn = turn;
    this.#finished = false;
    this.#held = null;
    this.#edge = 0;
  }

  /**
   * @param {number} turn
   * @param {number} position
   * @param {Int16Array} samples
   */
  push(turn, position, samples) {
    const known = this.#end ? Math.max(0, this.#end - position) : 0;
    if (turn !== this.#turn || samples.length <= known) return;
    const rate = this.#context.sampleRate;
    const buffer = this.#context.createBuffer(1, samples.length - known, rate);
    const channel = buffer.getChannelData(0);
    for (let i = known; i < samples.length; i++) channel[i - known] = samples[i] / 32768;
    const rest = { buffer, offset: 0, last: position + samples.length };
    this.#end = rest.last;
    if (this.#held) this.#held.push(rest);
    else this.#schedule(rest);
  }

  /** @param {number} position */
  edge(position) {
    this.#edge = Math.max(this.#edge, position);
  }

  finish() {
    this.#finished = true;
  }

  /** Go silent with a fade of 15 ms; what was scheduled is dropped. */
  flush() {
    this.#fadeOut();
    this.#end = 0;
    if (this.#held) this.#held = [];
  }

  /** Go silent in the same way, but keep what was faded out and what comes until `resume`. */
  hold() {
    this.#held ??= this.#fadeOut();
  }

  /** Go on where the sound was held, with a fade that leaves no click. */
  resume() {
    const held = this.#held;
    this.#held = null;
    if (!held || held.length === 0) return;
    const start = this.#context.currentTime + this.#cushionS;
    this.#gain.gain.setValueAtTime(0, start);
    this.#gain.gain.linearRampToValueAtTime(1, start + FADE_IN_S);
    for (const rest of held) this.#schedule(rest);
  }

  /** @returns {Rest[]} what was not heard in full volume */
  #fadeOut() {
    const now = this.#context.currentTime;
    const rate = this.#context.sampleRate;
    this.#gain.gain.cancelScheduledValues(now);
    this.#gain.gain.setValueAtTime(1, now);
    this.#gain.gain.linearRampToValueAtTime(0, now + FADE_OUT_S);
    const left = this.#pieces.filter((piece) => piece.end > now).map(({ buffer, offset, last, start }) => (
      { buffer, last, offset: offset + Math.max(0, Math.round((now - start) * rate)) }));
    for (const { node } of this.#pieces) {
      node.onended = null;
      node.stop(now + FADE_OUT_S);
    }
    this.#pieces = [];
    this.#nextTime = 0;
    this.#gain = this.#newGain();
    if (left.length > 0) this.#mark(now, positionOf(left[0]), false);
    return left;
  }

  /** @param {Rest} rest played after what is scheduled, or after a short lead when there is nothing */
  #schedule(rest) {
    const { buffer, offset, last } = rest;
    const now = this.#context.currentTime;
    const running = this.#pieces.length > 0 && this.#nextTime > now;
    const start = running ? this.#nextTime : now + this.#cushionS;
    if (!running) this.#mark(start, positionOf(rest), true);
    const node = this.#context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.#gain);
    node.start(start, offset / buffer.sampleRate);
    const piece = { node, buffer, offset, start, end: start + (buffer.length - offset) / buffer.sampleRate, last };
    node.onended = () => this.#ended(piece);
    this.#pieces.push(piece);
    this.#nextTime = piece.end;
  }

  /** @param {Piece} piece */
  #ended(piece) {
    this.#pieces = this.#pieces.filter((other) => other !== piece);
    if (this.#pieces.length > 0) return this.#mark(piece.end, piece.last, true);
    if (!this.#finished && piece.last < this.#edge - 2) this.#ranDry();
    else if (!this.#finished && this.#edge === 0) this.#ranDry();
    else if (!this.#finished) this.#gaps++;
    this.#mark(piece.end, piece.last, false);
  }

  #ranDry() {
    this.#underruns++;
    this.#cushionS = Math.min(LARGEST_CUSHION_S, Math.max(FIRST_CUSHION_S, this.#cushionS + 0.01));
  }

  /**
   * @param {number} time
   * @param {number} position
   * @param {boolean} playing
   */
  #mark(time, position, playing) {
    this.#emit({ turn: this.#turn, time, position, playing, underruns: this.#underruns, gaps: this.#gaps });
  }

  #newGain() {
    const gain = this.#context.createGain();
    gain.connect(this.#destination);
    return gain;
  }
}

/** @param {Rest} rest @returns {number} of its first sample in the turn */
function positionOf({ buffer, offset, last }) {
  return last - (buffer.length - offset);
}
