/**
 * The studio's conversations: the drawer, going from one to another, and keeping the list true while other tabs and devices
 * change it too. Tabs of this browser tell each other at once; of others one hears when the drawer is open and looks again.
 */
import { addressWith, ConversationList, MAIN, sessionOf } from "./conversations.js";
import { ConversationsApi, Refused } from "./conversations_api.js";
import { t } from "./i18n.js";
import { byId } from "./ui/dom.js";
import { Drawer, titleOf } from "./ui/drawer.js";

const LOOK_EVERY_MS = 15_000;
const CHANNEL = "hayakuchi.conversations";
/** Narrower than this, the drawer lies over the page and goes when something is chosen in it. */
export const BESIDE_PX = 1280;

/** @typedef {import("./conversations_api.js").Summary} Summary */

/**
 * @param {{client: import("./client.js").StageClient, key: import("./key.js").KeptKey, toasts: ReturnType<typeof import("./ui/toasts.js").createToasts>,
 *   switched: (session: string) => void, opened: (open: boolean) => void, used: () => boolean, keyWanted: () => void}} desk `used`: whether anything
 *   was said on stage
 */
export function createTalks({ client, key, toasts, switched, opened, used, keyWanted }) {
  const root = document.documentElement;
  const list = new ConversationList(sessionOf(new URLSearchParams(location.search).get("session")));
  const api = new ConversationsApi(location.href, () => key.value);
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null;
  const drawer = new Drawer(byId("talks-box"), { choose, rename, remove, more: () => void more(), search });
  const isOpen = () => root.dataset.talks === "open";
  let looking = false;
  let lookAgain = false;

  function show() {
    const shown = list.shown(drawer.query);
    drawer.show({ shown, known: list.all.length, current: list.current, more: list.next !== null });
  }

  /** @param {unknown} error */
  function tell(error) {
    if (!(error instanceof Refused)) throw error;
    toasts.show("warn", wordsOf(error), "talks");
  }

  async function look() {
    if (!isOpen() || document.hidden) return;
    lookAgain = looking;
    if (looking) return;
    looking = true;
    try {
      list.refresh(await api.list());
      show();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // What is shown may be old; what is said of it is not.
      show();
      drawer.say(wordsOf(error));
      if (error.status === 401) keyWanted();
    } finally {
      looking = false;
    }
    if (lookAgain) await look();
  }

  async function more() {
    if (list.next === null) return false;
    try {
      list.extend(await api.list(list.next));
    } catch (error) {
      tell(error);
      return false;
    }
    show();
    return true;
  }

  /** What is looked for may be among those that were not fetched yet. */
  async function search() {
    show();
    const { query } = drawer;
    while (query !== "" && query === drawer.query && (await more()));
  }

  /** @param {string} id */
  function choose(id) {
    go(id, true);
    if (innerWidth < BESIDE_PX) open(false);
  }

  /**
   * @param {string} id
   * @param {boolean} remember that the browser's way back leads here
   */
  function go(id, remember) {
    if (id === list.current) return;
    list.current = id;
    if (remember) history.pushState(null, "", addressWith(location.href, id));
    show();
    switched(id);
  }

  async function begin() {
    const blank = list.all.find(({ id, messages, title }) => messages === 0 && title === "" && id !== MAIN && id !== list.current);
    // One that nothing was said in is as good as a new one.
    if (!used()) return choose(list.current);
    try {
      const made = blank ?? (await api.create());
      list.put(made);
      choose(made.id);
      changed();
    } catch (error) {
      tell(error);
    }
  }

  /**
   * @param {string} id
   * @param {string} title
   */
  async function rename(id, title) {
    try {
      list.put(await api.rename(id, title));
    } catch (error) {
      tell(error);
      return false;
    }
    show();
    changed();
    return true;
  }

  /** @param {string} id */
  async function remove(id) {
    try {
      await api.remove(id);
    } catch (error) {
      // Somebody else was quicker: it is gone all the same.
      if (!(error instanceof Refused) || error.status !== 404) {
        tell(error);
        return false;
      }
    }
    list.drop(id);
    if (id === list.current) {
      const heir = list.heir(id);
      go(heir, false);
      history.replaceState(null, "", addressWith(location.href, heir));
    }
    show();
    changed();
    return true;
  }

  /** The other tabs look again. */
  function changed() {
    channel?.postMessage("changed");
  }

  /**
   * @param {boolean} wanted
   * @param {boolean} byPerson who wants to choose something, at once
   */
  function open(wanted, byPerson = false) {
    const had = byId("talks").contains(document.activeElement);
    root.dataset.talks = wanted ? "open" : "closed";
    byId("talks").inert = !wanted;
    byId("talks-button").setAttribute("aria-expanded", String(wanted));
    if (wanted) {
      show();
      if (byPerson) drawer.focus();
      void look();
    } else if (had) byId("talks-button").focus();
    if (byPerson) opened(wanted);
  }

  byId("talks-button").addEventListener("click", () => open(!isOpen(), true));
  byId("talks-close").addEventListener("click", () => open(false, true));
  byId("talks-scrim").addEventListener("click", () => open(false));
  byId("talks-new").addEventListener("click", () => void begin());
  byId("talks").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    open(false, true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open(!isOpen(), true);
  });
  addEventListener("popstate", () => go(sessionOf(new URLSearchParams(location.search).get("session")), false));
  document.addEventListener("visibilitychange", () => void look());
  channel?.addEventListener("message", () => void look());
  setInterval(() => void look(), LOOK_EVERY_MS);
  client.on("session.snapshot", () => void look());
  client.on("history", () => void look());
  client.on("turn.ended", () => {
    void look();
    changed();
  });

  return {
    open,
    get session() {
      return list.current;
    },
    /** What the conversation on stage is called. */
    get title() {
      const current = list.all.find(({ id }) => id === list.current);
      return current ? titleOf(current) : list.current === MAIN ? t("talk_main") : list.current;
    },
  };
}

/** @param {Refused} error */
function wordsOf({ status, message }) {
  if (status === 0) return t("talks_away");
  return status === 401 || status === 403 ? t("talks_scope") : t("talks_refused", { message });
}
