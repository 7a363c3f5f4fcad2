/** What a person chose, kept in this browser. A browser that keeps nothing is no error: then it holds until the page is closed. */

const KEY = "hayakuchi.studio";
const DATABASE = "hayakuchi";
const STORE = "pictures";

/**
 * What is null is as the server says.
 * @typedef {object} Settings
 * @property {number} volume
 * @property {boolean} muted
 * @property {string | null} scene
 * @property {string} color
 * @property {boolean | null} chat
 * @property {boolean} talks
 * @property {import("./protocol.js").MicMode | null} micMode
 * @property {boolean | null} halfDuplex
 * @property {string} micDevice empty: the system's choice
 * @property {boolean} echoCancellation
 */

/** @type {Settings} */
const DEFAULTS = { volume: 0.9, muted: false, scene: null, color: "#20242f", chat: null, talks: false, micMode: null, halfDuplex: null, micDevice: "", echoCancellation: true };
const MIC_MODES = ["open_mic", "push_to_talk", "wake_word"];

/** @returns {Settings} */
export function loadSettings() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const settings = { ...DEFAULTS };
    for (const name of /** @type {(keyof Settings)[]} */ (Object.keys(DEFAULTS))) {
      const sameKind = DEFAULTS[name] === null || typeof kept?.[name] === typeof DEFAULTS[name];
      if (kept?.[name] !== undefined && sameKind) Object.assign(settings, { [name]: kept[name] });
    }
    if (!MIC_MODES.includes(settings.micMode ?? "")) settings.micMode = null;
    if (typeof settings.halfDuplex !== "boolean") settings.halfDuplex = null;
    settings.volume = Math.min(1, Math.max(0, settings.volume));
    return settings;
  } catch {
    return { ...DEFAULTS };
  }
}

/** @param {Settings} settings */
export function saveSettings(settings) {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch (error) {
    console.info("this browser keeps no settings:", error);
  }
}

/**
 * The person's own background picture; it never leaves this browser.
 * @returns {Promise<Blob | null>}
 */
export async function loadPicture() {
  try {
    return (await inStore("readonly", (store) => store.get("scene"))) ?? null;
  } catch {
    return null;
  }
}

/** @param {Blob} picture */
export async function savePicture(picture) {
  try {
    await inStore("readwrite", (store) => store.put(picture, "scene"));
  } catch (error) {
    console.info("this browser keeps no pictures:", error);
  }
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} ask
 * @returns {Promise<any>}
 */
async function inStore(mode, ask) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await answer(opening);
  try {
    return await answer(ask(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
