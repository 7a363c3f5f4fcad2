/**
 * Who plays the sound: one window of a session holds it. This is the page's seat: it makes the player, asks for the sound when
 * it can play, and gives it back when it cannot.
 *
 * A page never takes the sound from another window by itself; only a person does, or a page whose address says so.
 */
import { Player } from "./audio/player.js";

/**
 * `never`: watches only. `free`: takes the sound when nobody has it. `always`: takes it once per connection, whoever has it.
 * @typedef {"never" | "free" | "always"} SeatPolicy
 */
/** @typedef {"off" | "blocked" | "here" | "elsewhere" | "nobody"} SeatState `blocked`: the browser wants a click first */

export class SoundSeat {
  /** @type {Player | null} */
  player = null;
  holder = false;
  /** @type {string | null} who plays the sound */
  viewer = null;
  #client;
  #policy;
  #claimed = false;
  #asking = false;
  #connected = false;
  #onChange;
  #volume = 1;

  /**
   * @param {import("./client.js").StageClient} client
   * @param {SeatPolicy} policy
   * @param {(player: Player | null) => void} onChange called when anything of the seat changed
   */
  constructor(client, policy, onChange) {
    this.#client = client;
    this.#policy = policy;
    this.#onChange = onChange;
    client.on("link", ({ state }) => state !== "open" && this.#disconnected());
    client.on("session.snapshot", (snapshot) => this.#seated(snapshot));
    client.on("sound", (sound) => this.#told(sound));
  }

  /** @returns {SeatState} */
  get state() {
    if (this.#policy === "never" || !this.player) return "off";
    if (this.holder) return "here";
    if (this.viewer !== null) return "elsewhere";
    return this.player.running ? "nobody" : "blocked";
  }

  /**
   * A person wants the sound here. Call it inside the gesture.
   * @returns {Promise<boolean>} whether the browser lets us play
   */
  async take() {
    if (!this.player) return false;
    await Promise.race([this.player.context.resume(), new Promise((done) => setTimeout(done, 1000))]);
    if (!this.player.running) return false;
    this.#claim();
    return true;
  }

  /** @param {number} volume 0 … 1 */
  setVolume(volume) {
    this.#volume = volume;
    this.player?.setVolume(volume);
  }

  /** @param {import("./protocol.js").Snapshot} snapshot */
  #seated(snapshot) {
    this.#connected = true;
    this.#claimed = snapshot.sound.holder;
    if (this.#policy !== "never") this.#provide(snapshot.audio.sample_rate);
    this.#told(snapshot.sound);
  }

  /** @param {number} rate */
  #provide(rate) {
    if (this.player?.sampleRate === rate) return;
    this.player?.close();
    try {
      const player = new Player(rate);
      player.setVolume(this.#volume);
      player.context.onstatechange = () => player === this.player && this.#stateChanged();
      this.player = player;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      console.warn("this browser cannot play sound:", error.message);
      this.player = null;
    }
  }

  /** @param {import("./protocol.js").SoundHolder} sound */
  #told({ holder, viewer }) {
    if (this.holder && !holder) this.player?.flush();
    this.holder = holder;
    this.viewer = viewer;
    this.#asking = false;
    this.#consider();
    this.#onChange(this.player);
  }

  #stateChanged() {
    if (!this.player?.running && this.holder) this.#client.send({ type: "sound.release" });
    if (!this.player?.running) this.#claimed = false;
    this.#consider();
    this.#onChange(this.player);
  }

  #consider() {
    if (this.holder || !this.#connected || !this.player?.running) return;
    const wanted = this.viewer === null || (this.#policy === "always" && !this.#claimed);
    if (wanted) this.#claim();
  }

  #claim() {
    if (this.holder || this.#asking) return;
    this.#asking = this.#claimed = this.#client.send({ type: "sound.claim" });
  }

  #disconnected() {
    this.#connected = this.#claimed = this.#asking = this.holder = false;
    this.viewer = null;
    // What was not reported as heard comes again after the connection is back.
    this.player?.flush();
    this.#onChange(this.player);
  }
}
