/** What was measured of the last replies, kept in this tab over a reload of the page. It is no error when nothing can be kept. */

const MOST = 50;

/** @typedef {import("../protocol.js").Latency} Latency */
/** @typedef {{turn: number, text: string, cut: boolean, latency: Latency | null}} Kept */

/** Figures of one conversation; those of another one are forgotten. */
export class KeptFigures {
  #key;
  #conversation = "";
  /** @type {Kept[]} */
  #kept = [];

  /** @param {string} session */
  constructor(session) {
    this.#key = `hayakuchi.figures.${session}`;
  }

  /** @param {string | null} conversation null: the server does not say, and nothing is kept */
  open(conversation) {
    if (conversation === this.#conversation) return;
    this.#conversation = conversation ?? "";
    this.#kept = [];
    try {
      const stored = JSON.parse(sessionStorage.getItem(this.#key) ?? "null");
      if (conversation && stored?.conversation === conversation && Array.isArray(stored.kept)) this.#kept = stored.kept.filter(valid);
    } catch (error) {
      console.info("this tab keeps no figures:", error);
    }
  }

  /**
   * @param {number} turn
   * @param {Partial<Kept>} change
   */
  note(turn, change) {
    const found = this.#kept.find((one) => one.turn === turn);
    if (found) Object.assign(found, change);
    else this.#kept = [...this.#kept, { turn, text: "", cut: false, latency: null, ...change }].slice(-MOST);
    if (!this.#conversation) return;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify({ conversation: this.#conversation, kept: this.#kept }));
    } catch (error) {
      console.info("this tab keeps no figures:", error);
    }
  }

  /**
   * What is kept of each reply of a history, told by its words: a history names no turns.
   * @param {readonly import("../protocol.js").HistoryEntry[]} history
   * @returns {(Kept | null)[]} one for each entry
   */
  of(history) {
    const left = [...this.#kept];
    /** @type {(Kept | null)[]} */
    const found = history.map(() => null);
    for (let at = history.length - 1; at >= 0; at--) {
      const { role, content } = history[at];
      const index = role === "user" ? -1 : left.map((one) => tells(one, content.trim())).lastIndexOf(true);
      if (index >= 0) [found[at]] = left.splice(index);
    }
    return found;
  }
}

/**
 * A history leaves out the filler that a reply began with.
 * @param {Kept} kept
 * @param {string} words
 */
function tells({ text, latency }, words) {
  if (words === "") return false;
  return text === words || (latency?.stages?.filler !== undefined && text.endsWith(words));
}

/** @param {any} one */
function valid(one) {
  return Number.isInteger(one?.turn) && typeof one.text === "string";
}
