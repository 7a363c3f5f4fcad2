/**
 * One turn as the page knows it: which pieces begin when, and whether more will come. Pure; positions are ms into the turn's
 * sound.
 */
const EXPRESSION_STEP_MS = 900;
const TOLERANCE_MS = 5;

/** @typedef {{atMs: number, text: string} | {atMs: number, expression: string}} Cue */

export class TurnTimeline {
  turn = -1;
  /** @type {"none" | "open" | "completed" | "cut"} */
  status = "none";
  /** Text of the segments that have begun. */
  spoken = "";
  /** Whether anything of the reply has come. */
  begun = false;
  #endMs = 0;
  /** @type {Cue[]} not yet shown, in order */
  #cues = [];

  /**
   * @param {number} turn
   * @param {string} spoken what was said before this page came
   */
  begin(turn, spoken = "") {
    this.turn = turn;
    this.status = "open";
    this.spoken = spoken;
    this.begun = spoken !== "";
    this.#endMs = 0;
    this.#cues = [];
  }

  /** @param {import("./protocol.js").SegmentStarted} segment */
  start(segment) {
    this.begun = true;
    const { at_ms: atMs, text } = segment;
    this.#cues.push({ atMs, text });
    (segment.expressions ?? []).forEach((expression, i) => this.#cues.push({ atMs: atMs + i * EXPRESSION_STEP_MS, expression }));
  }

  /** @param {number} ms the turn's sound reaches at least that far */
  reaches(ms) {
    this.#endMs = Math.max(this.#endMs, ms);
  }

  /** @param {boolean} completed */
  end(completed) {
    this.status = completed ? "completed" : "cut";
    if (!completed) this.#cues = [];
  }

  /**
   * Takes the cues whose time has come; all that are left when `ms` is Infinity.
   * @param {number} ms
   * @returns {Cue[]}
   */
  due(ms) {
    const due = this.#cues.filter((cue) => cue.atMs <= ms + TOLERANCE_MS);
    if (due.length === 0) return due;
    this.#cues = this.#cues.filter((cue) => cue.atMs > ms + TOLERANCE_MS);
    for (const cue of due) if ("text" in cue) this.spoken += cue.text;
    return due;
  }

  /**
   * What she does in the turn; null when it is over.
   * @param {boolean} over whether all of it has been shown
   */
  phase(over) {
    if (this.status !== "open" && (this.status !== "completed" || over)) return null;
    return this.begun ? "speaking" : "thinking";
  }

  /**
   * Whether all of the turn has been shown.
   * @param {{ms: number, playing: boolean}} position
   */
  over(position) {
    if (this.status === "cut") return true;
    return this.status === "completed" && !position.playing && position.ms >= this.#endMs - TOLERANCE_MS;
  }
}
