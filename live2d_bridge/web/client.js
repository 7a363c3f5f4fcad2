/**
 * The connection to the stage: one WebSocket that comes back by itself, and typed events for what it brings.
 *
 * Every connection begins with a snapshot; nothing that came before it is assumed to hold afterwards.
 */
import { askDoor } from "./door.js";
import { Emitter } from "./emitter.js";
import { retryPause } from "./link.js";
import { parseFrame, parseText, ProtocolError, TurnGate } from "./protocol.js";

const PING_EVERY_MS = 10_000;
/** A server that accepted the connection and says nothing waits for a key. */
const SILENCE_MS = 700;
const SHUT_PAUSE_S = 30;
/** Close codes after which the server is asked why. */
const POLICY = 1008, TRY_LATER = 1013;
const MOST_UNSENT_BYTES = 256 * 1024;
const MOST_UNSENT_SOUND_BYTES = 32 * 1024;

/** @typedef {"connecting" | "open" | "lost" | "refused"} LinkState `refused`: it comes back only with another key */
/** @typedef {{state: LinkState, retryInMs: number, code: number, why: import("./door.js").Answer | null}} Link `code` is the last close code, 0 before any */
/** @typedef {import("./protocol.js").StageMessages & {link: Link, malformed: string}} ClientEvents */

export class StageClient {
  /** @type {Emitter<ClientEvents>} */
  #events = new Emitter();
  #gate = new TurnGate();
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pingTimer;
  #heardSincePing = true;
  #closed = false;
  /** Whether the connection has begun with its snapshot. */
  #told = false;
  /** @type {Link} */
  link = { state: "connecting", retryInMs: 0, code: 0, why: null };

  /**
   * @param {() => string} address asked before every attempt
   * @param {() => import("./key.js").KeptKey | null} key
   */
  constructor(address, key = () => null) {
    this.#address = address;
    this.#key = key;
    addEventListener("online", () => this.retryNow());
    addEventListener("pagehide", () => this.#socket?.close(1000));
    addEventListener("pageshow", (event) => event.persisted && this.retryNow());
  }

  /** @type {() => string} */
  #address;
  /** @type {() => import("./key.js").KeptKey | null} */
  #key;

  /**
   * @template {keyof ClientEvents} K
   * @param {K} type
   * @param {(value: ClientEvents[K]) => void} listener
   */
  on(type, listener) {
    return this.#events.on(type, listener);
  }

  connect() {
    this.#leave();
    this.#setLink({ ...this.link, state: "connecting", retryInMs: 0 });
    const key = this.#key()?.value ?? null;
    const socket = new WebSocket(this.#address(), key ? ["hayakuchi", `hayakuchi-key.${key}`] : []);
    this.#socket = socket;
    this.#told = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => !key && setTimeout(() => socket === this.#socket && !this.#told && this.#askWhy(key, () => {}), SILENCE_MS);
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#lost(socket, event.code, key);
  }

  retryNow() {
    const gone = this.link.state === "lost" || this.link.state === "refused";
    if (gone && !this.#closed) this.connect();
  }

  /**
   * The address is another one, or the key is: connect anew, at once. Nothing of the old connection is told any longer.
   * @param {boolean} doubtful the key may not be good: it is asked for first, since each attempt with a bad one counts
   */
  reconnect(doubtful = false) {
    this.#leave();
    this.#attempt = 0;
    this.#setLink({ state: "connecting", retryInMs: 0, code: 0, why: null });
    if (doubtful) void this.#askWhy(this.#key()?.value ?? null, () => this.connect());
    else this.connect();
  }

  close() {
    this.#closed = true;
    this.#socket?.close(1000);
  }

  /**
   * @param {{type: string} & Record<string, unknown>} message
   * @returns {boolean} false when there is no connection: nothing is kept for later
   */
  send(message) {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST_UNSENT_BYTES) return false;
    socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * @param {ArrayBuffer} frame
   * @returns {boolean} false when it was dropped: there is no connection, or it is too slow for live sound
   */
  sendFrame(frame) {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST_UNSENT_SOUND_BYTES) return false;
    socket.send(frame);
    return true;
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    this.#heardSincePing = true;
    try {
      if (typeof data !== "string") {
        const frame = parseFrame(data);
        if (frame && this.#gate.admit("frame", frame)) this.#events.emit("frame", frame);
        return;
      }
      const message = parseText(data);
      if (message.type === "session.snapshot") this.#opened(/** @type {any} */ (message));
      if (this.#gate.admit(message.type, message)) {
        this.#events.emit(/** @type {keyof ClientEvents} */ (message.type), /** @type {any} */ (message));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#events.emit("malformed", error.message);
    }
  }

  /** @param {import("./protocol.js").Snapshot} snapshot */
  #opened(snapshot) {
    this.#gate.reset(snapshot);
    this.#told = true;
    if (this.link.state === "open") return;
    this.#attempt = 0;
    clearInterval(this.#pingTimer);
    this.#heardSincePing = true;
    this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#setLink({ state: "open", retryInMs: 0, code: 0, why: null });
  }

  #ping() {
    // A connection that answered nothing since the last ping is dead, even if the network has not said so.
    if (!this.#heardSincePing && this.#socket) return this.#abandon();
    this.#heardSincePing = false;
    this.send({ type: "ping", id: Math.round(performance.now()) });
  }

  #abandon() {
    this.#leave();
    this.#retry({ code: 1006, why: null });
  }

  #leave() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string | null} key
   */
  #lost(socket, code, key) {
    if (socket !== this.#socket) return;
    const ended = this.#told && code !== POLICY && code !== TRY_LATER;
    if (ended) return this.#retry({ code, why: null });
    this.#leave();
    this.#setLink({ state: "lost", retryInMs: 0, code, why: null });
    void this.#askWhy(key, () => this.#retry({ code, why: null }));
  }

  /**
   * Ask the server why it does not let us in.
   * @param {string | null} key
   * @param {() => void} otherwise what to do when it would, or does not answer
   */
  async #askWhy(key, otherwise) {
    const address = this.#address();
    const socket = this.#socket;
    this.#told = false;
    const why = await askDoor(address, key);
    // Meanwhile there may be another conversation, key or connection.
    const current = socket === this.#socket && address === this.#address() && key === (this.#key()?.value ?? null);
    if (!current || this.#closed || this.#told) return;
    const { code } = this.link;
    if (why.kind === "wait") this.#retry({ code, why }, why.seconds);
    else if (why.kind === "shut") this.#retry({ code, why }, SHUT_PAUSE_S);
    else if (why.kind === "key") this.#refused(key, why);
    else if (why.kind === "away") this.#retry({ code, why: null });
    else otherwise();
  }

  /**
   * Not tried again: each attempt with a bad key counts against this address.
   * @param {string | null} key
   * @param {{kind: "key", reason: "missing" | "bad" | "scope"}} why
   */
  #refused(key, why) {
    this.#leave();
    const kept = this.#key();
    if (why.reason === "bad") kept?.drop(key);
    this.#setLink({ state: "refused", retryInMs: 0, code: this.link.code, why });
    // Behind a key of this tab there may be another one that the browser keeps.
    if (kept?.value && kept.value !== key) this.connect();
  }

  /**
   * @param {{code: number, why: import("./door.js").Answer | null}} cause
   * @param {number} seconds to wait at least
   */
  #retry(cause, seconds = 0) {
    this.#leave();
    const retryInMs = Math.max(retryPause(this.#attempt++, Math.random()), seconds * 1000 * (1 + Math.random() / 5));
    this.#setLink({ state: "lost", retryInMs, ...cause });
    if (!this.#closed) this.#retryTimer = setTimeout(() => this.connect(), retryInMs);
  }

  /** @param {Link} link */
  #setLink(link) {
    this.link = link;
    this.#events.emit("link", link);
  }
}
