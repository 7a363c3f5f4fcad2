/**
 * Where a turn is: the two clocks that lips and subtitles follow. Both are pure; neither ever guesses ahead of what is known.
 */

const KEPT_MARKS = 32;
const SERVER_LEAD_MS = 400;

/** @typedef {{ms: number, playing: boolean}} Position */

/** The holder's clock: tells the position from the marks that the player left on the audio clock. */
export class SoundClock {
  /** @type {{time: number, position: number, playing: boolean}[]} */
  #marks = [];
  #rate;

  /** @param {number} rate Hz */
  constructor(rate) {
    this.#rate = rate;
  }

  reset() {
    this.#marks.length = 0;
  }

  /** @param {{time: number, position: number, playing: boolean}} mark time in s */
  mark({ time, position, playing }) {
    this.#marks.push({ time, position, playing });
    if (this.#marks.length > KEPT_MARKS) this.#marks.shift();
  }

  /**
   * @param {number} time s, of the audio clock
   * @returns {Position | null} null before anything was played
   */
  at(time) {
    let i = this.#marks.length - 1;
    while (i >= 0 && this.#marks[i].time > time) i--;
    if (i < 0) return this.#marks.length ? { ms: this.#ms(this.#marks[0].position), playing: false } : null;
    const { time: since, position, playing } = this.#marks[i];
    const moved = playing ? position + (time - since) * this.#rate : position;
    const next = this.#marks[i + 1];
    return { ms: this.#ms(next ? Math.min(moved, Math.max(position, next.position)) : moved), playing };
  }

  /** @param {number} position samples */
  #ms(position) {
    return (position * 1000) / this.#rate;
  }
}

/**
 * The clock of a viewer without sound: runs from the arrival of the first frame, waits where frames are missing, and jumps
 * when it fell further behind than the server ever sends ahead (a tab that slept).
 */
export class ArrivalClock {
  #ms = 0;
  #at = 0;
  #end = 0;
  #started = false;
  #held = false;

  reset() {
    this.#ms = this.#end = 0;
    this.#started = this.#held = false;
  }

  /**
   * Stand still, or go on from there.
   * @param {boolean} held
   * @param {number} now ms
   */
  hold(held, now) {
    this.#ms = this.at(now).ms;
    this.#at = now;
    this.#held = held;
  }

  /**
   * A frame came.
   * @param {number} startMs its time in the turn
   * @param {number} endMs
   * @param {number} now ms
   */
  arrived(startMs, endMs, now) {
    if (!this.#started) this.#ms = startMs;
    else this.#ms = this.at(now).ms;
    this.#at = now;
    this.#started = true;
    this.#end = Math.max(this.#end, endMs);
    if (this.#end - this.#ms > 1.5 * SERVER_LEAD_MS) this.#ms = Math.max(this.#ms, this.#end - SERVER_LEAD_MS);
  }

  /**
   * @param {number} now ms
   * @returns {Position}
   */
  at(now) {
    const ms = this.#started ? Math.min(this.#end, this.#ms + (this.#held ? 0 : now - this.#at)) : 0;
    return { ms, playing: this.#started && !this.#held && ms < this.#end };
  }
}
