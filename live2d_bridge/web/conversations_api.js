/** The conversations of whoever looks at this page, over HTTP. Every request has a deadline. */
import { bearing, errorOf } from "./door.js";

const PATIENCE_MS = 10_000;
const PAGE = 100;

/**
 * Times are Unix time in s.
 * @typedef {{id: string, title: string, character: string, created_at: number, updated_at: number, messages: number}} Summary
 */

/** The server said no, or (`status` 0) nothing. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class ConversationsApi {
  #base;
  #key;

  /**
   * @param {string} page address of the page
   * @param {() => string | null} key
   */
  constructor(page, key) {
    this.#base = new URL(".", page);
    this.#key = key;
  }

  /**
   * Those used last come first.
   * @param {number | null} before `next` of the answer before
   * @returns {Promise<{data: Summary[], next: number | null}>}
   */
  list(before = null) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(before === null ? {} : { before: String(before) }) });
    return this.#ask("GET", `sessions?${query}`);
  }

  /** @returns {Promise<Summary>} */
  create() {
    return this.#ask("POST", "sessions", {});
  }

  /**
   * @param {string} id
   * @param {string} title
   * @returns {Promise<Summary>}
   */
  rename(id, title) {
    return this.#ask("PATCH", `sessions/${encodeURIComponent(id)}`, { title });
  }

  /** For good. @param {string} id */
  remove(id) {
    return this.#ask("DELETE", `chat/history/${encodeURIComponent(id)}`);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async #ask(method, path, body) {
    const headers = { ...bearing(this.#key()), ...(body ? { "Content-Type": "application/json" } : {}) };
    const sent = body && JSON.stringify(body);
    /** @type {Response} */
    let response;
    try {
      response = await fetch(new URL(path, this.#base), { method, headers, body: sent, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (response.ok) return await response.json();
    } catch (error) {
      throw new Refused(0, "away", error instanceof Error ? error.message : String(error));
    }
    const { code = "", message = response.statusText } = await errorOf(response);
    throw new Refused(response.status, code, message);
  }
}
