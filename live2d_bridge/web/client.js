/**
 * The connection to the stage: one WebSocket that comes back by itself, and typed events for what it brings.
 *
 * Every connection begins with a snapshot; nothing that came before it is assumed to hold afterwards.
 */
import { Emitter } from "./emitter.js";
import { parseFrame, parseText, ProtocolError, TurnGate } from "./protocol.js";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const PING_EVERY_MS = 10_000;
const MOST_UNSENT_BYTES = 256 * 1024;
const MOST_UNSENT_SOUND_BYTES = 32 * 1024;

/** @typedef {"connecting" | "open" | "lost"} LinkState */
/** @typedef {{state: LinkState, retryInMs: number, code: number}} Link `code` is the last close code, 0 before any */
/** @typedef {import("./protocol.js").StageMessages & {link: Link, malformed: string}} ClientEvents */

/**
 * How long to wait before trying again: doubling from 0.25 s to 5 s, of which the last half is random, so that the pages
 * of a restarted server do not all come back at once.
 * @param {number} attempt counts from 0
 * @param {number} random 0 … 1
 */
export function retryPause(attempt, random) {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return pause * (0.5 + random / 2);
}

/**
 * @param {string} page address of the page, for example `https://example.org/base/stage?x=1`
 * @param {{session: string, sound: boolean}} options
 */
export function stageAddress(page, { session, sound }) {
  const address = new URL("stage/ws", new URL(".", page));
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.search = new URLSearchParams({ session, sound: sound ? "1" : "0" }).toString();
  return address.href;
}

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
  /** @type {Link} */
  link = { state: "connecting", retryInMs: 0, code: 0 };

  /** @param {() => string} address asked before every attempt */
  constructor(address) {
    this.#address = address;
    addEventListener("online", () => this.retryNow());
    addEventListener("pagehide", () => this.#socket?.close(1000));
    addEventListener("pageshow", (event) => event.persisted && this.retryNow());
  }

  /** @type {() => string} */
  #address;

  /**
   * @template {keyof ClientEvents} K
   * @param {K} type
   * @param {(value: ClientEvents[K]) => void} listener
   */
  on(type, listener) {
    return this.#events.on(type, listener);
  }

  connect() {
    clearTimeout(this.#retryTimer);
    this.#setLink({ state: "connecting", retryInMs: 0, code: this.link.code });
    const socket = new WebSocket(this.#address());
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#lost(socket, event.code);
    this.#socket = socket;
  }

  retryNow() {
    if (this.link.state === "lost" && !this.#closed) this.connect();
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
    if (this.link.state === "open") return;
    this.#attempt = 0;
    clearInterval(this.#pingTimer);
    this.#heardSincePing = true;
    this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#setLink({ state: "open", retryInMs: 0, code: 0 });
  }

  #ping() {
    // A connection that answered nothing since the last ping is dead, even if the network has not said so.
    if (!this.#heardSincePing && this.#socket) return this.#abandon(this.#socket);
    this.#heardSincePing = false;
    this.send({ type: "ping", id: Math.round(performance.now()) });
  }

  /** @param {WebSocket} socket */
  #abandon(socket) {
    socket.onmessage = socket.onclose = null;
    socket.close();
    this.#lost(socket, 1006);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearInterval(this.#pingTimer);
    const retryInMs = retryPause(this.#attempt++, Math.random());
    this.#setLink({ state: "lost", retryInMs, code });
    if (!this.#closed) this.#retryTimer = setTimeout(() => this.connect(), retryInMs);
  }

  /** @param {Link} link */
  #setLink(link) {
    this.link = link;
    this.#events.emit("link", link);
  }
}
