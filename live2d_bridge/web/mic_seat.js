/**
 * Whose microphone is listened to: one page of a session has that. This is the page's seat: it opens the device when a person wants
 * it, tells the server, sends the sound, and closes the device when it is not wanted, taken by another page, or of no use.
 */
import { micFrame } from "./audio/mic_chunks.js";
import { MicDevice } from "./mic_device.js";
import { micState } from "./mic_state.js";

/** With a button: what was said just before it was pressed, in pieces of 20 ms, and how long the last word takes to arrive. */
const LEAD_CHUNKS = 12;
const RELEASE_MS = 80;

/** @typedef {import("./audio/mic_chunks.js").Chunk} Chunk */
/** @typedef {import("./protocol.js").MicMode} MicMode */
/** @typedef {{device: string, echo: boolean, mode: MicMode | null, halfDuplex: boolean | null}} MicWishes null: as the server says */

const NOBODY = { holder: false, viewer: /** @type {string | null} */ (null) };

export class MicSeat {
  /** @type {import("./protocol.js").Ears | null} null: the server has none, or has not said yet */
  ears = null;
  /** Somebody has switched it on. */
  wanted = false;
  /** The button is held. */
  talking = false;
  /** Frames that were sent. */
  sent = 0;
  wishes;
  device;
  #client;
  #onChange;
  #linked = false;
  #started = false;
  #active = false;
  #mic = NOBODY;
  /** Samples of the microphone before `mic.start`; −1: the next piece is the first. */
  #base = -1;
  /** @type {Chunk[]} */
  #lead = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #releasing;

  /**
   * @param {import("./client.js").StageClient} client
   * @param {MicWishes} wishes
   * @param {() => void} onChange called when anything of it may have changed
   */
  constructor(client, wishes, onChange) {
    this.#client = client;
    this.wishes = wishes;
    this.#onChange = onChange;
    this.device = new MicDevice({ changed: onChange, opened: () => this.#start(), chunk: (chunk) => this.#take(chunk) });
    client.on("link", ({ state }) => state !== "open" && this.#unlinked());
    client.on("session.snapshot", ({ ears, mic }) => this.#seated(ears, mic));
    client.on("ears", (ears) => this.#heardOf(ears));
    client.on("mic", (mic) => this.#told(mic));
    client.on("voice", ({ active }) => {
      this.#active = active;
      onChange();
    });
  }

  /** @returns {import("./mic_state.js").MicState} */
  get state() {
    const { permission, problem, opening, isOpen: open, silent } = this.device;
    return micState({
      permission, problem, opening, open, silent, wanted: this.wanted, secure: isSecureContext, supported: supported(), linked: this.#linked,
      started: this.#started, mic: this.#mic, ears: this.ears, mode: this.mode, talking: this.talking, active: this.#active,
    });
  }

  /** @returns {MicMode} */
  get mode() {
    const mode = this.wishes.mode ?? this.ears?.mode;
    return mode === "push_to_talk" || mode === "wake_word" ? mode : "open_mic";
  }

  get halfDuplex() {
    return this.wishes.halfDuplex ?? this.ears?.half_duplex ?? false;
  }

  /** Whether the button is one to hold. */
  get byButton() {
    return this.#started && this.mode === "push_to_talk";
  }

  /**
   * A person switches it on or off. Call it inside the gesture.
   * @param {boolean} on
   */
  turn(on) {
    if (!on) this.#giveUp();
    this.#close();
    this.wanted = on;
    this.#consider();
    this.#onChange();
  }

  /**
   * With push-to-talk: the button goes down or up.
   * @param {boolean} down
   */
  talk(down) {
    clearTimeout(this.#releasing);
    if (down === this.talking || !this.byButton) return;
    // The last word is still on its way from the microphone.
    if (!down) this.#releasing = setTimeout(() => this.#talk(false), RELEASE_MS);
    else {
      this.#talk(true);
      for (const chunk of this.#lead.splice(0)) this.#send(chunk);
    }
  }

  /** @param {Partial<MicWishes>} change */
  wish(change) {
    this.wishes = { ...this.wishes, ...change };
    if ("device" in change || "echo" in change) this.device.close();
    const restarts = this.#started && ("mode" in change || "halfDuplex" in change);
    this.#consider();
    if (restarts) this.#start();
    this.#onChange();
  }

  /**
   * @param {import("./protocol.js").Ears | null} ears
   * @param {import("./protocol.js").MicHolder} mic
   */
  #seated(ears, mic) {
    this.ears = ears;
    this.#linked = true;
    this.#active = false;
    this.#mic = mic;
    if (this.device.isOpen) this.#start();
    else this.#consider();
    this.#onChange();
  }

  #unlinked() {
    this.#linked = this.#started = this.#active = this.talking = false;
    this.#mic = NOBODY;
    this.#onChange();
  }

  /** @param {import("./protocol.js").Ears} ears */
  #heardOf(ears) {
    const useless = ears.state === "off" || (ears.state === "failed" && this.ears?.state !== "failed");
    this.ears = ears;
    if (useless) {
      // A device whose sound nobody understands is not kept open.
      this.#giveUp();
      this.#close();
    } else if (ears.state !== "failed") this.#hope();
    this.#onChange();
  }

  /** @param {import("./protocol.js").MicHolder} mic */
  #told(mic) {
    if (this.#mic.holder && !mic.holder) {
      this.#close();
      this.wanted = false;
    }
    this.#mic = mic;
    this.#onChange();
  }

  /** They may understand after all; but a microphone that another page has opened meanwhile is left to it. */
  #hope() {
    if (this.#mic.viewer === null) this.#consider();
    else if (!this.device.isOpen && !this.device.opening) this.wanted = false;
  }

  #consider() {
    const possible = this.#linked && isSecureContext && supported() && this.ears !== null && this.ears.state !== "off";
    // What the person refused is asked for again only when she presses the button again.
    if (this.wanted && possible && this.device.problem === null) this.device.open({ device: this.wishes.device, echo: this.wishes.echo });
  }

  /** Tell the server to listen, from the next piece on. */
  #start() {
    const { mode, halfDuplex } = this.wishes;
    clearTimeout(this.#releasing);
    this.#base = -1;
    this.#lead.length = 0;
    this.talking = false;
    this.#started = this.#client.send({ type: "mic.start", ...(mode && { mode }), ...(halfDuplex !== null && { half_duplex: halfDuplex }) });
  }

  /** @param {Chunk} chunk */
  #take(chunk) {
    if (!this.#started) return;
    if (this.#base < 0) this.#base = chunk.position;
    if (this.mode !== "push_to_talk" || this.talking) return this.#send(chunk);
    this.#lead.push(chunk);
    if (this.#lead.length > LEAD_CHUNKS) this.#lead.shift();
  }

  /** @param {Chunk} chunk */
  #send({ position, samples }) {
    if (this.#client.sendFrame(micFrame(position - this.#base, samples))) this.sent++;
  }

  /** @param {boolean} down */
  #talk(down) {
    this.#client.send({ type: "mic.talk", down });
    this.talking = down;
    this.#onChange();
  }

  /** The server need not listen; what it will say to that is known. */
  #giveUp() {
    if (this.#started) this.#client.send({ type: "mic.stop" });
    if (this.#started && this.#mic.holder) this.#mic = NOBODY;
  }

  #close() {
    clearTimeout(this.#releasing);
    this.device.close();
    this.#started = this.talking = false;
  }
}

/** Whether this browser can hand over a microphone. */
const supported = () => Boolean(navigator.mediaDevices?.getUserMedia) && typeof AudioWorkletNode !== "undefined";
