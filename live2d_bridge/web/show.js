/**
 * The show: what the server says becomes sound, lips, face, captions and the state of the turn, all on one clock. With the
 * sound it is the audio clock; without, a clock that starts with the first frame.
 */
import { ArrivalClock } from "./audio/clock.js";
import { lastCaption, nextCaption } from "./captions.js";
import { Emitter } from "./emitter.js";
import { Face } from "./face.js";
import { closedMouth, LipTrack, MouthMotion } from "./lips.js";
import { PlaybackReporter } from "./playback_reporter.js";
import { TurnTimeline } from "./timeline.js";

const CAPTION_STAYS_MS = 2600;
const STUCK_AFTER_MS = 1500;

/** @typedef {"idle" | "listening" | "thinking" | "speaking"} Phase */
/**
 * @typedef {object} ShowEvents
 * @property {Phase} phase
 * @property {boolean} paused she holds her voice, because somebody speaks
 * @property {string} caption what the subtitle shows; empty: nothing
 * @property {{turn: number, text: string}} spoken a further piece of the reply is being spoken
 */

export class Show {
  /** @type {Emitter<ShowEvents>} */
  events = new Emitter();
  /** @type {Phase} */
  phase = "idle";
  /** Whether the voice is held where it is. */
  paused = false;
  caption = "";
  mouth = closedMouth();
  /** Where the turn's sound was when `mouth` and `caption` were last brought up to it. */
  shownMs = 0;
  timeline = new TurnTimeline();
  #avatar;
  #seat;
  #track = new LipTrack(50);
  #lipRate = 50;
  #sampleRate = 24000;
  #motion = new MouthMotion();
  #arrival = new ArrivalClock();
  #reporter;
  #heardHere = false;
  #quietSince = 0;
  #listening = false;
  #voice = false;
  #face;

  /**
   * @param {import("./client.js").StageClient} client
   * @param {import("./sound_seat.js").SoundSeat} seat
   * @param {import("./avatar/driver.js").Avatar} avatar
   */
  constructor(client, seat, avatar) {
    this.#avatar = avatar;
    this.#face = new Face(avatar);
    this.#seat = seat;
    this.#reporter = new PlaybackReporter((turn, played_ms) => client.send({ type: "playback", turn, played_ms }));
    client.on("session.snapshot", (snapshot) => this.#enter(snapshot));
    client.on("turn.started", ({ turn }) => this.#begin(turn));
    client.on("segment.started", (segment) => this.timeline.start(segment));
    client.on("segment.ended", ({ at_ms }) => this.#reach(at_ms));
    client.on("speech.paused", ({ turn }) => turn === this.timeline.turn && this.#hold(true));
    client.on("speech.resumed", ({ turn }) => turn === this.timeline.turn && this.#hold(false));
    client.on("turn.ended", ({ turn, status }) => this.#end(turn, status === "completed"));
    client.on("frame", (frame) => this.#take(frame));
    client.on("voice", ({ active }) => (this.#voice = active));
    client.on("link", ({ state }) => state !== "open" && this.#silence());
  }

  /**
   * Somebody is writing to the avatar.
   * @param {boolean} listening
   */
  set listening(listening) {
    this.#listening = listening;
  }

  /**
   * Eyes shut while nobody can hear the avatar.
   * @param {boolean} asleep
   */
  sleep(asleep) {
    if (this.phase !== "speaking") this.#face.sleep(asleep);
  }

  /**
   * Where the turn is, for whoever listens here.
   * @returns {import("./audio/clock.js").Position}
   */
  position() {
    if (!this.#heardHere) return this.#arrival.at(performance.now());
    return this.#seat.player?.heard() ?? { ms: 0, playing: false };
  }

  /** Bring everything up to the clock; call it once per picture, and now and then in a hidden tab. */
  tick() {
    const now = performance.now();
    const position = this.position();
    this.report();
    for (const cue of this.timeline.due(this.#over(position, now) ? Infinity : position.ms)) this.#cue(cue);
    this.shownMs = position.ms;
    this.mouth = this.#motion.follow(this.#track, position, now);
    this.#avatar.setMouth(this.mouth);
    if (position.playing || this.paused) this.#quietSince = now;
    const attending = this.#listening || this.#voice ? "listening" : "idle";
    this.#setPhase(this.timeline.phase(this.#over(position, now)) ?? attending);
    if (this.phase === "idle" || this.phase === "listening") this.#rest(now - this.#quietSince);
  }

  /** Tell the server how far the turn was heard here. */
  report() {
    if (this.#heardHere && this.#seat.holder) this.#reporter.tick(this.#seat.player?.heard() ?? null, performance.now());
  }

  /** @param {import("./protocol.js").Snapshot} snapshot */
  #enter(snapshot) {
    this.#voice = false;
    this.#lipRate = snapshot.audio.lip_rate;
    this.#sampleRate = snapshot.audio.sample_rate;
    this.#face.expressions = snapshot.character.expressions;
    const turn = snapshot.turn;
    if (turn && turn.turn === this.timeline.turn && this.timeline.status === "open") return this.#hold(turn.paused);
    this.#silence();
    if (!turn) return;
    this.#begin(turn.turn, turn.reply);
    this.#hold(turn.paused);
    this.#setCaption(lastCaption(turn.reply));
    if (turn.expression) this.#express(turn.expression);
  }

  /**
   * @param {number} turn
   * @param {string} spoken
   */
  #begin(turn, spoken = "") {
    this.#seat.player?.begin(turn);
    this.timeline.begin(turn, spoken);
    this.#track = new LipTrack(this.#lipRate);
    this.#arrival.reset();
    this.#hold(false);
    this.#heardHere = false;
    this.#setCaption("");
    this.tick();
  }

  /**
   * The voice stands still where it is, and with it lips and captions, or goes on from there.
   * @param {boolean} held
   */
  #hold(held) {
    this.#seat.player?.hold(held);
    if (held === this.paused) return;
    this.#arrival.hold(held, performance.now());
    this.paused = held;
    this.#avatar.setState(held ? "listening" : this.phase);
    this.events.emit("paused", held);
  }

  /** @param {import("./protocol.js").SoundFrame} frame */
  #take(frame) {
    const startMs = (frame.position * 1000) / this.#sampleRate;
    const endMs = ((frame.position + frame.samples) * 1000) / this.#sampleRate;
    this.timeline.begun = true;
    this.#track.add(frame.lipStart, frame.lips);
    this.timeline.reaches(endMs);
    const player = this.#seat.player;
    this.#heardHere = frame.pcm !== null && player !== null;
    if (frame.pcm && player) player.push(frame.turn, frame.position, frame.pcm);
    else this.#arrival.arrived(startMs, endMs, performance.now());
  }

  /** @param {number} ms */
  #reach(ms) {
    this.timeline.reaches(ms);
    this.#seat.player?.edge(ms);
  }

  /**
   * @param {number} turn
   * @param {boolean} completed
   */
  #end(turn, completed) {
    if (turn !== this.timeline.turn) this.#begin(turn);
    this.timeline.end(completed);
    if (completed) this.#seat.player?.finish();
    else this.#silence();
  }

  /** Go silent at once, mouth and caption included. */
  #silence() {
    const heard = this.#heardHere && this.#seat.holder ? this.#seat.player?.heard() : null;
    if (heard) this.#reporter.tick({ ...heard, playing: false }, performance.now());
    this.#seat.player?.flush();
    this.timeline.end(false);
    this.#arrival.reset();
    this.#hold(false);
    this.#heardHere = false;
    this.#setCaption("");
  }

  /** @param {import("./timeline.js").Cue} cue */
  #cue(cue) {
    if ("expression" in cue) return this.#express(cue.expression);
    if (cue.text.trim() === "") return;
    this.#setCaption(nextCaption(this.caption, cue.text));
    this.events.emit("spoken", { turn: this.timeline.turn, text: cue.text });
  }

  /** @param {string} name */
  #express(name) {
    this.#quietSince = performance.now();
    this.#face.express(name);
  }

  /** @param {number} quietMs since something was last heard */
  #rest(quietMs) {
    if (this.caption && quietMs > CAPTION_STAYS_MS) this.#setCaption("");
    this.#face.rest(quietMs);
  }

  /**
   * Whether the turn is over; also when its end can no longer be heard here, because the sound went to another window.
   * @param {import("./audio/clock.js").Position} position
   * @param {number} now
   */
  #over(position, now) {
    const stuck = this.timeline.status === "completed" && !position.playing && now - this.#quietSince > STUCK_AFTER_MS;
    return stuck || this.timeline.over(position);
  }

  /** @param {Phase} phase */
  #setPhase(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.#quietSince = performance.now();
    if (phase === "speaking") this.#face.wake();
    if (!this.paused) this.#avatar.setState(phase);
    this.events.emit("phase", phase);
  }

  /** @param {string} caption */
  #setCaption(caption) {
    if (caption === this.caption) return;
    this.caption = caption;
    this.events.emit("caption", caption);
  }
}
