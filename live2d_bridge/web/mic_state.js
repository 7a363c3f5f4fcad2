/** What is to be said about the microphone, from all that is known of it. Pure. */

/** @typedef {import("./protocol.js").Ears} Ears */
/** @typedef {"denied" | "dismissed" | "no_device" | "busy" | "lost" | "trouble"} MicProblem why it cannot be opened */
/**
 * `off`, or the first thing that stands between the speaker and being heard; `hold`, `wake`, `listening` when nothing does, and
 * `talking` and `hearing` while somebody speaks.
 * @typedef {"off" | "elsewhere" | "insecure" | "unsupported" | "ears_off" | "ears_failed" | MicProblem | "asking" | "opening" | "unlinked"
 *   | "silent" | "starting" | "fetching" | "loading" | "hold" | "talking" | "wake" | "listening" | "hearing"} MicState
 */
/**
 * @typedef {object} MicFacts
 * @property {boolean} wanted somebody has switched it on
 * @property {boolean} secure the page's address may have a microphone
 * @property {boolean} supported the browser can hand one over
 * @property {PermissionState | null} permission null: the browser does not say
 * @property {MicProblem | null} problem
 * @property {boolean} opening the browser was asked for it
 * @property {boolean} open
 * @property {boolean} silent nothing arrives from it
 * @property {boolean} linked to the server
 * @property {boolean} started the server was told to listen
 * @property {import("./protocol.js").MicHolder} mic
 * @property {Ears | null} ears
 * @property {import("./protocol.js").MicMode} mode
 * @property {boolean} talking the button is held
 * @property {boolean} active somebody speaks
 */

/** States in which something must be done before anybody is heard. */
export const TROUBLE = new Set(/** @type {MicState[]} */ ([
  "insecure", "unsupported", "ears_off", "ears_failed", "denied", "dismissed", "no_device", "busy", "lost", "trouble", "silent",
]));

/** States in which what is said is heard. */
export const HEARS = new Set(/** @type {MicState[]} */ (["hold", "talking", "wake", "listening", "hearing"]));

/**
 * @param {MicFacts} facts
 * @returns {MicState}
 */
export function micState(facts) {
  if (!facts.wanted) return facts.mic.viewer !== null && !facts.mic.holder ? "elsewhere" : "off";
  if (!facts.secure) return "insecure";
  if (!facts.supported) return "unsupported";
  if (facts.ears?.state === "off") return "ears_off";
  if (facts.problem) return facts.problem;
  if (!facts.linked) return "unlinked";
  if (facts.opening) return facts.permission === "granted" ? "opening" : "asking";
  if (facts.ears?.state === "failed") return "ears_failed";
  if (!facts.open) return "opening";
  return facts.silent ? "silent" : heard(facts);
}

/**
 * @param {MicFacts} facts of an open microphone
 * @returns {MicState}
 */
function heard({ mic, started, ears, mode, talking, active }) {
  if (ears?.state === "fetching") return "fetching";
  if (ears?.state === "loading" || ears?.state === "idle") return "loading";
  if (!started || !mic.holder) return "starting";
  if (mode === "push_to_talk") return talking ? "talking" : "hold";
  if (active) return "hearing";
  return mode === "wake_word" ? "wake" : "listening";
}

/**
 * What the browser's refusal means.
 * @param {unknown} error of getUserMedia
 * @param {PermissionState | null} permission
 * @returns {MicProblem}
 */
export function problemOf(error, permission) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return permission === "prompt" ? "dismissed" : "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no_device";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "trouble";
}
