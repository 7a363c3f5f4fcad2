/** Where the stage is, and how long to wait before it is tried again. */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

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
