/**
 * Plays a turn's sound: an AudioContext at the rate of the stream, a voice (audio thread, or scheduled buffers where there is
 * none), the volume and a meter. The position it tells is what has left the speaker, not what was handed to it.
 */
import { SoundClock } from "./clock.js";
import { Meter } from "./meter.js";
import { ScheduledVoice } from "./scheduled.js";

/** @typedef {import("./playout.js").Mark} Mark */
/**
 * @typedef {{type: "begin", turn: number} | {type: "push", turn: number, position: number, samples: Int16Array}
 *   | {type: "edge", position: number} | {type: "finish"} | {type: "flush"} | {type: "hold"} | {type: "resume"}} VoiceMessage
 */
/** @typedef {(message: VoiceMessage) => void} Voice */

export class Player {
  /** @type {AudioContext} */
  context;
  /** @type {"worklet" | "scheduled" | "loading"} */
  kind = "loading";
  /** @type {() => void} called when the position may have changed; in hidden tabs as well */
  onProgress = () => {};
  turn = -1;
  #gain;
  #meter;
  #clock;
  /** @type {Voice | null} */
  #voice = null;
  /** @type {VoiceMessage[]} what came while the voice was being loaded */
  #waiting = [];
  #end = 0;
  #held = false;
  #stats = { underruns: 0, gaps: 0 };

  /**
   * Make it in page script, not in an answer to an event: then it runs at once wherever the browser allows that.
   * @param {number} sampleRate Hz, of the stream
   */
  constructor(sampleRate) {
    this.context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    this.#clock = new SoundClock(this.context.sampleRate);
    this.#meter = new Meter(this.context);
    this.#gain = this.context.createGain();
    this.#gain.connect(this.#meter.node).connect(this.context.destination);
    this.#load();
  }

  get running() {
    return this.context.state === "running";
  }

  get sampleRate() {
    return this.context.sampleRate;
  }

  /** @param {number} volume 0 … 1, of loudness as it is felt */
  setVolume(volume) {
    this.#gain.gain.setTargetAtTime(volume ** 2, this.context.currentTime, 0.015);
  }

  /** @param {number} turn what is left of an older turn fades out */
  begin(turn) {
    if (turn === this.turn) return;
    this.turn = turn;
    this.#end = 0;
    this.#held = false;
    this.#clock.reset();
    this.#tell({ type: "begin", turn });
  }

  /**
   * @param {number} turn
   * @param {number} position
   * @param {Int16Array} samples
   */
  push(turn, position, samples) {
    this.begin(turn);
    this.#end = Math.max(this.#end, position + samples.length);
    this.#tell({ type: "push", turn, position, samples });
  }

  /** @param {number} ms where a segment's sound ends */
  edge(ms) {
    this.#tell({ type: "edge", position: Math.round((ms * this.sampleRate) / 1000) });
  }

  /** Nothing more of this turn will come. */
  finish() {
    this.#tell({ type: "finish" });
  }

  /** Silence within 15 ms; the rest of the turn's sound is dropped. */
  flush() {
    this.#tell({ type: "flush" });
    this.#end = 0;
  }

  /**
   * Silence within 15 ms until it goes on: nothing is dropped, and what comes meanwhile waits. A turn that begins is not held.
   * @param {boolean} held
   */
  hold(held) {
    if (held === this.#held) return;
    this.#held = held;
    this.#tell({ type: held ? "hold" : "resume" });
  }

  /**
   * How far the turn was heard.
   * @returns {import("../playback_reporter.js").Heard | null} null before anything of it was played
   */
  heard() {
    const { currentTime, outputLatency, baseLatency } = this.context;
    const position = this.#clock.at(currentTime - (outputLatency || baseLatency || 0));
    if (!position) return null;
    const end = this.#end ? (this.#end * 1000) / this.sampleRate : Infinity;
    return { turn: this.turn, ms: Math.min(position.ms, end), playing: position.playing };
  }

  /** Whether everything that came was heard. */
  get idle() {
    const heard = this.heard();
    return this.#end === 0 || (heard !== null && !heard.playing && heard.ms >= (this.#end * 1000) / this.sampleRate - 1);
  }

  stats() {
    return { kind: this.kind, state: this.context.state, sample_rate: this.sampleRate, ...this.#stats };
  }

  levels() {
    return this.#meter.levels();
  }

  close() {
    this.#meter.close();
    this.context.close();
  }

  async #load() {
    const scheduled = () => this.#ready("scheduled", this.#scheduledVoice());
    if (!this.context.audioWorklet || typeof AudioWorkletNode === "undefined") return scheduled();
    try {
      await this.context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url).href);
    } catch (error) {
      console.warn("the audio worklet could not be loaded, playing scheduled buffers instead:", error);
      return scheduled();
    }
    if (this.context.state !== "closed") this.#ready("worklet", this.#workletVoice());
  }

  /**
   * @param {"worklet" | "scheduled"} kind
   * @param {Voice} voice
   */
  #ready(kind, voice) {
    this.kind = kind;
    this.#voice = voice;
    for (const message of this.#waiting.splice(0)) voice(message);
  }

  /** @returns {Voice} */
  #workletVoice() {
    const node = new AudioWorkletNode(this.context, "hayakuchi-playout", {
      numberOfInputs: 0, numberOfOutputs: 1, outputChannelCount: [1],
    });
    node.port.onmessage = ({ data }) => this.#mark(data);
    node.connect(this.#gain);
    return (message) => {
      if (message.type !== "push") return node.port.postMessage(message);
      const samples = message.samples.slice();
      node.port.postMessage({ ...message, samples }, [samples.buffer]);
    };
  }

  /** @returns {Voice} */
  #scheduledVoice() {
    const voice = new ScheduledVoice(this.context, this.#gain, (mark) => this.#mark(mark));
    return (message) => {
      if (message.type === "begin") voice.begin(message.turn);
      else if (message.type === "push") voice.push(message.turn, message.position, message.samples);
      else if (message.type === "edge") voice.edge(message.position);
      else voice[message.type]();
    };
  }

  /** @param {VoiceMessage} message */
  #tell(message) {
    if (this.#voice) this.#voice(message);
    else if (message.type === "flush") this.#waiting = [{ type: "begin", turn: this.turn }, { type: this.#held ? "hold" : "resume" }];
    else this.#waiting.push(message);
  }

  /** @param {Mark} mark */
  #mark(mark) {
    this.#stats = { underruns: mark.underruns, gaps: mark.gaps };
    if (mark.turn !== this.turn) return;
    this.#clock.mark(mark);
    this.onProgress();
    // The ear is behind the mark; look once more when it has caught up.
    if (!mark.playing) setTimeout(this.onProgress, 1000 * (this.context.outputLatency || 0) + 5);
  }
}
