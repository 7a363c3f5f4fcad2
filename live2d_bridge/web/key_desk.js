/** The key of a page: kept, shown to the server, and asked for again when the server does not want it any longer. */
import { t } from "./i18n.js";
import { browserKey } from "./key.js";
import { createKeyCard } from "./ui/key_card.js";

/**
 * @param {() => import("./client.js").StageClient} client asked when there is something to tell it
 * @param {() => boolean} quiet whether nobody is to be asked: the page is on the air
 */
export function createKeyDesk(client, quiet = () => false) {
  const key = browserKey(() => {
    if (client().link.state === "refused" && key.value) client().reconnect();
  });
  /** The key that is to be remembered if it is good. @type {string | null} */
  let hoped = null;
  /** @type {ReturnType<typeof createKeyCard> | null} made when it is wanted */
  let card = null;
  const made = () => (card ??= createKeyCard({
    use(value, remember) {
      key.keep(value, false);
      hoped = remember ? value : null;
      client().reconnect(true);
    },
  }));

  return {
    key,
    /** Another key is wanted. */
    change: () => made().ask("asked"),
    /** @param {import("./client.js").Link} link */
    link({ state, why }) {
      if (state === "refused" && why?.kind === "key" && !quiet()) made().ask(why.reason);
      else if (state === "open") {
        if (hoped !== null && hoped === key.value) key.keep(hoped, true);
        hoped = null;
        card?.settled();
      }
      else if (why?.kind === "wait") card?.wait(t(why.limit ? "key_wait" : "full"));
    },
  };
}
