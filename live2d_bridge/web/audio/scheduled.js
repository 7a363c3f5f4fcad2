/**
 * The voice for pages without AudioWorklet (plain http from another machine): every frame is scheduled as a buffer of its own.
 *
 * The context runs at the rate of the stream, so that neighbouring buffers join without a seam. Position marks come from
 * `onended` events, which browsers do not slow down in hidden tabs as they do timers.
 */
const FADE_OUT_S = 0.015;
const START_LEAD_S = 0.01;
const FIRST_CUSHION_S = 0.03;
const LARGEST_CUSHION_S = 0.05;

/** @typedef {{node: AudioBufferSourceNode, start: number, end: number, position: number, last: number}} Piece times in s */

export class ScheduledVoice {
  #context;
  #destination;
  #emit;
  #turn = -1;
  #finished = false;
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
    const running = this.#pieces.length > 0 && this.#nextTime > this.#context.currentTime;
    const start = running ? this.#nextTime : this.#context.currentTime + this.#cushionS;
    if (!running) this.#mark(start, position + known, true);
    this.#schedule(buffer, start, position + known);
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
    const now = this.#context.currentTime;
    const current = this.#pieces.find((piece) => piece.end > now);
    this.#gain.gain.setValueAtTime(1, now);
    this.#gain.gain.linearRampToValueAtTime(0, now + FADE_OUT_S);
    for (const { node } of this.#pieces) {
      node.onended = null;
      node.stop(now + FADE_OUT_S);
    }
    this.#pieces = [];
    this.#end = this.#nextTime = 0;
    this.#gain = this.#newGain();
    if (current) {
      const played = Math.max(0, now - current.start) * this.#context.sampleRate;
      this.#mark(now, Math.round(current.position + played), false);
    }
  }

  /**
   * @param {AudioBuffer} buffer
   * @param {number} start s
   * @param {number} position
   */
  #schedule(buffer, start, position) {
    const node = this.#context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.#gain);
    node.start(start);
    const piece = { node, start, end: start + buffer.duration, position, last: position + buffer.length };
    node.onended = () => this.#ended(piece);
    this.#pieces.push(piece);
    this.#nextTime = piece.end;
    this.#end = piece.last;
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
