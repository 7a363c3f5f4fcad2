/** Why the server did not let a WebSocket in. A browser does not say, so it is asked at the same address (`GET /stage/ws`). */

const PATIENCE_MS = 10_000;
const LONGEST_WAIT_S = 120;
const WAIT_S = 5;

/**
 * `key`: another key is wanted; `wait`: come back later; `shut`: nothing that waiting would mend; `away`: nobody answers.
 * @typedef {{kind: "open"} | {kind: "away"} | {kind: "shut", message: string} | {kind: "wait", seconds: number, limit: boolean}
 *   | {kind: "key", reason: "missing" | "bad" | "scope"}} Answer
 */

/**
 * @param {number} status
 * @param {string | null} retryAfter
 * @param {{code?: string, message?: string}} error
 * @returns {Answer}
 */
export function answerOf(status, retryAfter, { code, message = "" }) {
  if (status === 401) return { kind: "key", reason: code === "missing_api_key" ? "missing" : "bad" };
  if (status === 403 && code === "scope_missing") return { kind: "key", reason: "scope" };
  if (status === 429 || status === 503) return { kind: "wait", seconds: waitOf(retryAfter), limit: status === 429 };
  // A server of another version does not know the question, which says nothing about the WebSocket.
  const unknown = status === 404 || status === 405 || status === 426;
  return status >= 400 && status < 500 && !unknown ? { kind: "shut", message } : { kind: "open" };
}

/** @param {string | null} retryAfter seconds; dates are not what our server sends @returns {number} s */
export function waitOf(retryAfter) {
  const seconds = Number.parseFloat(retryAfter ?? "");
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, LONGEST_WAIT_S) : WAIT_S;
}

/**
 * @param {string} address of the WebSocket
 * @param {string | null} key
 * @returns {Promise<Answer>}
 */
export async function askDoor(address, key) {
  try {
    const response = await fetch(address.replace(/^ws/, "http"), { headers: bearing(key), cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return answerOf(response.status, response.headers.get("Retry-After"), await errorOf(response));
  } catch {
    return { kind: "away" };
  }
}

/** @param {string | null} key @returns {Record<string, string>} */
export function bearing(key) {
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}

/** @param {Response} response @returns {Promise<{code?: string, message?: string}>} */
export async function errorOf(response) {
  const text = response.ok ? "" : await response.text();
  try {
    return JSON.parse(text).error ?? {};
  } catch {
    return { message: text.slice(0, 300).trim() };
  }
}
