/** What is said about the microphone: the state, what to do about it, and a command or address to copy. */
import { t } from "../i18n.js";
import { TROUBLE } from "../mic_state.js";

/** @typedef {import("../mic_state.js").MicState} MicState */
/** @typedef {{title: string, remedy: string, code: string, again: boolean}} MicWords `again`: it may work at the next try */
/** @typedef {{ears: import("../protocol.js").Ears | null, message: string, word: string, address: string}} About */

/** Nothing that trying again would change. */
const FINAL = new Set(/** @type {MicState[]} */ (["insecure", "unsupported", "ears_off", "silent", "no_device"]));

/**
 * @param {MicState} state
 * @param {About} about `message`: what the browser said; `word`: what she answers to; `address`: where a microphone may be used
 * @returns {MicWords | null} null: there is nothing to say
 */
export function micWords(state, { ears, message, word, address }) {
  if (state === "off") return null;
  if (state === "unlinked") return { title: t("lost"), remedy: "", code: "", again: false };
  const values = { message, word, percent: Math.round(100 * (ears?.progress ?? 0)) };
  const words = { title: t(`mic_${state}`, values), remedy: "", code: "", again: TROUBLE.has(state) && !FINAL.has(state) };
  if (state === "ears_off" || state === "ears_failed") {
    const code = ears?.command ?? "";
    const why = ears?.message ?? "";
    // Where the message ends with the command, the line to copy takes its place.
    const remedy = code && why.endsWith(code) ? why.slice(0, -code.length).trimEnd() : [why, code && t("mic_run")].filter(Boolean).join(" ");
    return { ...words, remedy, code };
  }
  if (state === "insecure") return { ...words, remedy: t("mic_insecure_do"), code: address };
  return TROUBLE.has(state) && state !== "trouble" ? { ...words, remedy: t(`mic_${/** @type {"denied"} */ (state)}_do`) } : words;
}

/**
 * What she answers to.
 * @param {import("../protocol.js").Ears | null} ears
 * @param {string} name of the character
 */
export function wakeWord(ears, name) {
  return ears?.wake_words[0] ?? (name || t("her_name"));
}

/**
 * The address of this page on the machine that the server runs on.
 * @param {string} page
 */
export function localAddress(page) {
  const address = new URL(page);
  address.protocol = "http:";
  address.hostname = "127.0.0.1";
  return address.href;
}
