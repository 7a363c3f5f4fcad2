/**
 * Tells the server how far a turn was heard: every 50 to 100 ms while it plays, and exactly once when the sound stops,
 * whether it ended, ran dry or was cut short.
 */
const REPORT_EVERY_MS = 48;

/** @typedef {{turn: number, ms: number, playing: boolean}} Heard */

export class PlaybackReporter {
  #send;
  #turn = -1;
  #sentMs = 0;
  #sentAt = -Infinity;

  /** @param {(turn: number, playedMs: number) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * @param {Heard | null} heard null when nothing of the turn was played yet
   * @param {number} now ms
   */
  tick(heard, now) {
    if (!heard || heard.turn < 0) return;
    if (heard.turn !== this.#turn) {
      this.#turn = heard.turn;
      this.#sentMs = 0;
      this.#sentAt = -Infinity;
    }
    const due = !heard.playing || now - this.#sentAt >= REPORT_EVERY_MS;
    // A position never goes back, whatever the output's latency does, and is not said twice.
    if (!due || heard.ms <= this.#sentMs) return;
    this.#sentMs = heard.ms;
    this.#sentAt = now;
    this.#send(heard.turn, Math.round(this.#sentMs * 10) / 10);
  }
}
