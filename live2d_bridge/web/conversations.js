/** The list of conversations, as a page knows it: what was fetched, what is looked for, which one is on stage. */

/** @typedef {import("./conversations_api.js").Summary} Summary */

export const MAIN = "main";
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** @param {string | null} name of a page's address; what cannot be one is left to the server to refuse */
export function sessionOf(name) {
  return name === null || name === "" ? MAIN : name;
}

/**
 * The address of the same page with another conversation.
 * @param {string} page
 * @param {string} session
 */
export function addressWith(page, session) {
  const address = new URL(page);
  if (session === MAIN) address.searchParams.delete("session");
  else address.searchParams.set("session", session);
  return address.href;
}

export class ConversationList {
  /** @type {Summary[]} those used last come first */
  all = [];
  /** @type {number | null} where the next page begins */
  next = null;
  current;

  /** @param {string} current name of the one on stage */
  constructor(current) {
    this.current = current;
  }

  /**
   * The first page came anew: what it does not reach to stays as it was.
   * @param {{data: Summary[], next: number | null}} page
   */
  refresh({ data, next }) {
    const known = new Set(data.map(({ id }) => id));
    const older = next === null ? [] : this.all.filter(({ id, updated_at }) => updated_at < next && !known.has(id));
    this.all = [...data, ...older];
    if (older.length === 0) this.next = next;
  }

  /** @param {{data: Summary[], next: number | null}} page what comes after */
  extend({ data, next }) {
    const known = new Set(this.all.map(({ id }) => id));
    this.all = [...this.all, ...data.filter(({ id }) => !known.has(id))];
    this.next = next;
  }

  /** @param {Summary} summary */
  put(summary) {
    const at = this.all.findIndex(({ id }) => id === summary.id);
    if (at < 0) this.all.unshift(summary);
    else this.all[at] = summary;
  }

  /** @param {string} id */
  drop(id) {
    this.all = this.all.filter((one) => one.id !== id);
  }

  /** Which one is shown when the one on stage is deleted: that used last of the others. @param {string} deleted */
  heir(deleted) {
    return this.all.find(({ id }) => id !== deleted && NAME.test(id))?.id ?? MAIN;
  }

  /**
   * What is to be seen: titles in which all words occur, and the one on stage even before anything was said in it.
   * @param {string} query
   * @returns {Summary[]}
   */
  shown(query) {
    const words = fold(query).split(/\s+/).filter(Boolean);
    const found = this.all.filter(({ title, character }) => words.every((word) => fold(`${title} ${character}`).includes(word)));
    const listed = this.all.some(({ id }) => id === this.current);
    if (listed || words.length > 0) return found;
    return [{ id: this.current, title: "", character: "", created_at: 0, updated_at: 0, messages: 0 }, ...found];
  }
}

/** @param {string} text */
function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
