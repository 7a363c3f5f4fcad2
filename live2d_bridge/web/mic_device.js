/**
 * The page's microphone as a device: opened when it is wanted, looked after, opened again when another one is plugged in or the
 * person allows it later. Nothing is asked of the browser before `open`.
 */
import { microphones, openMicrophone, watchPermission } from "./audio/mic.js";
import { decibels } from "./audio/mic_chunks.js";
import { problemOf } from "./mic_state.js";

const OPENS_WITHIN_MS = 10_000;
/** Not one sample but zeros from the start; and afterwards, because some microphones send zeros while nobody speaks. */
const DEAD_AFTER_MS = 6000;
const SILENT_AFTER_MS = 60_000;
const STALLED_AFTER_MS = 2000;
/** A microphone that ends sooner than this is not asked for again by itself. */
const STEADY_AFTER_MS = 1500;

/** @typedef {import("./audio/mic.js").MicChoice} MicChoice */
/** @typedef {{changed(): void, opened(): void, chunk(chunk: import("./audio/mic_chunks.js").Chunk): void}} DeviceEvents */

export class MicDevice {
  /** @type {PermissionState | null} null: the browser does not say */
  permission = null;
  /** @type {import("./mic_state.js").MicProblem | null} */
  problem = null;
  /** What the browser said to it. */
  message = "";
  /** dBFS of the last 20 ms. */
  level = -100;
  /** Nothing arrives from it. */
  silent = false;
  #events;
  /** @type {MicChoice | null} null: it is not wanted */
  #choice = null;
  /** @type {import("./audio/mic.js").Microphone | null} */
  #microphone = null;
  /** @type {AbortController | null} while the browser is asked */
  #asking = null;
  #openedAt = 0;
  #arrivedAt = 0;
  #soundAt = 0;
  #sounded = false;
  #muted = false;

  /** @param {DeviceEvents} events */
  constructor(events) {
    this.#events = events;
    void watchPermission((permission) => this.#permitted(permission));
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.#devicesChanged());
  }

  get opening() {
    return this.#asking !== null;
  }

  get isOpen() {
    return this.#microphone !== null;
  }

  /** Id of the device in use, empty when none is. */
  get id() {
    return this.#microphone?.device ?? "";
  }

  /** @param {MicChoice} choice one that is open already is kept when it is the same */
  open(choice) {
    const same = this.#choice?.device === choice.device && this.#choice.echo === choice.echo;
    if (same && (this.#microphone || this.#asking)) return;
    this.close();
    this.#choice = choice;
    void this.#ask(choice);
  }

  close() {
    this.#choice = null;
    this.problem = null;
    this.#release();
  }

  /** The microphones there are. */
  list() {
    return microphones();
  }

  /** Look after what only time shows. */
  tick() {
    if (!this.#microphone) return;
    const now = performance.now();
    const stalled = now - this.#arrivedAt > STALLED_AFTER_MS;
    if (stalled) this.level = -100;
    const silent = this.#muted || stalled || now - this.#soundAt > (this.#sounded ? SILENT_AFTER_MS : DEAD_AFTER_MS);
    if (silent === this.silent) return;
    this.silent = silent;
    this.#events.changed();
  }

  /** @param {MicChoice} choice */
  async #ask(choice) {
    const asking = (this.#asking = new AbortController());
    // A question to the person has no deadline, a device that may be used has one.
    const tooSlow = setTimeout(() => this.permission === "granted" && asking === this.#asking && this.#fail("busy"), OPENS_WITHIN_MS);
    this.#events.changed();
    try {
      this.#take(await openMicrophone(choice, {
        chunk: (chunk) => this.#arrived(chunk),
        ended: () => this.#ended(),
        muted: (muted) => (this.#muted = muted),
      }, asking.signal));
    } catch (error) {
      if (asking.signal.aborted) return;
      this.message = error instanceof Error || error instanceof DOMException ? error.message || error.name : String(error);
      this.#fail(problemOf(error, this.permission));
    } finally {
      clearTimeout(tooSlow);
    }
  }

  /** @param {import("./audio/mic.js").Microphone} microphone */
  #take(microphone) {
    this.#asking = null;
    this.#microphone = microphone;
    this.#openedAt = this.#arrivedAt = this.#soundAt = performance.now();
    this.#events.opened();
    this.#events.changed();
  }

  /** @param {import("./audio/mic_chunks.js").Chunk} chunk */
  #arrived(chunk) {
    this.#arrivedAt = performance.now();
    this.level = decibels(chunk.rms);
    if (chunk.samples.some((sample) => sample !== 0)) {
      this.#soundAt = this.#arrivedAt;
      this.#sounded = true;
    }
    this.#events.chunk(chunk);
  }

  /** The system or the person took the device away. */
  #ended() {
    const steady = performance.now() - this.#openedAt > STEADY_AFTER_MS;
    const choice = this.#choice;
    this.#release();
    if (this.permission === "denied") this.#fail("denied");
    else if (steady && choice) void this.#ask(choice);
    else this.#fail("lost");
  }

  /** @param {PermissionState} permission */
  #permitted(permission) {
    this.permission = permission;
    if (permission === "granted" && (this.problem === "denied" || this.problem === "dismissed")) this.#again();
    this.#events.changed();
  }

  #devicesChanged() {
    if (this.problem === "no_device" || this.problem === "lost" || this.problem === "busy") this.#again();
    this.#events.changed();
  }

  #again() {
    this.problem = null;
    if (this.#choice) void this.#ask(this.#choice);
  }

  /** @param {import("./mic_state.js").MicProblem} problem */
  #fail(problem) {
    this.#release();
    this.problem = problem;
    this.#events.changed();
  }

  #release() {
    this.#asking?.abort();
    this.#asking = null;
    this.#microphone?.close();
    this.#microphone = null;
    this.level = -100;
    this.#muted = this.#sounded = this.silent = false;
  }
}
