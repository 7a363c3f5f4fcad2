/**
 * The API key that this browser shows the server. `#key=…` in a page's address is taken out of it and kept.
 *
 * A key of an address holds for its tab: it takes the place of a key that was kept before only where there is none. A browser
 * that keeps nothing is no error: then a key holds until the page is closed.
 */

const PLACE = "hayakuchi.key";
const FORM = /^hk_[0-9a-z]{8}_[A-Za-z0-9_-]{43}$/;

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Place */
/** @typedef {{tab: Place, browser: Place}} Places */

/** @param {string} text */
export function isKey(text) {
  return FORM.test(text);
}

/**
 * @param {string} hash the part of an address from `#` on
 * @returns {{key: string | null, rest: string}} `rest`: the hash without it
 */
export function keyIn(hash) {
  const parts = hash.replace(/^#/, "").split("&").filter(Boolean);
  const found = parts.find((part) => part.startsWith("key="));
  const rest = parts.filter((part) => !part.startsWith("key=")).join("&");
  const key = found?.slice("key=".length) ?? "";
  return { key: isKey(key) ? key : null, rest: rest && `#${rest}` };
}

/** The first letters of a key, by which it is known and which open nothing. @param {string} key */
export function nameOf(key) {
  return key.slice(0, 11);
}

export class KeptKey {
  #tab;
  #browser;

  /** @param {Places} places */
  constructor({ tab, browser }) {
    this.#tab = tab;
    this.#browser = browser;
  }

  /** @returns {string | null} */
  get value() {
    const key = this.#tab.getItem(PLACE) ?? this.#browser.getItem(PLACE);
    return key !== null && isKey(key) ? key : null;
  }

  /**
   * @param {string} key
   * @param {boolean} remember for later visits, too
   */
  keep(key, remember) {
    if (remember) this.#browser.setItem(PLACE, key);
    if (remember) this.#tab.removeItem(PLACE);
    else this.#tab.setItem(PLACE, key);
  }

  /** @param {string} key from the page's address */
  take(key) {
    this.keep(key, [null, key].includes(this.#browser.getItem(PLACE)));
  }

  /**
   * This key is of no use any longer; another one that is kept comes to light.
   * @param {string | null} key
   */
  drop(key) {
    for (const place of [this.#tab, this.#browser]) if (place.getItem(PLACE) === key) place.removeItem(PLACE);
  }
}

/**
 * The key of this browser, with what the page's address says of it.
 * @param {() => void} changed called when another tab keeps or drops one
 */
export function browserKey(changed) {
  const kept = new KeptKey({ tab: safe(() => sessionStorage), browser: safe(() => localStorage) });
  const { key, rest } = keyIn(location.hash);
  if (key) kept.take(key);
  if (location.hash.includes("key=")) history.replaceState(history.state, "", location.pathname + location.search + rest);
  addEventListener("storage", (event) => event.key === PLACE && changed());
  return kept;
}

/**
 * @param {() => Storage} storage asked for each time: a browser may refuse even that
 * @returns {Place} which keeps in memory what the storage does not take
 */
function safe(storage) {
  /** @type {Map<string, string>} */
  const held = new Map();
  /** @param {(found: Storage) => void} act */
  const attempt = (act) => {
    try {
      act(storage());
    } catch (error) {
      console.info("this browser keeps no keys:", error);
    }
  };
  return {
    getItem(name) {
      /** @type {string | null} */
      let value = null;
      attempt((found) => (value = found.getItem(name)));
      return value ?? held.get(name) ?? null;
    },
    setItem(name, value) {
      held.set(name, value);
      attempt((found) => {
        found.setItem(name, value);
        held.delete(name);
      });
    },
    removeItem(name) {
      held.delete(name);
      attempt((found) => found.removeItem(name));
    },
  };
}
