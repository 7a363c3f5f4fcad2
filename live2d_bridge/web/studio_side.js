/** Whether the conversation is shown beside the stage, or over it on a narrow page. */
import { byId } from "./ui/dom.js";

const WIDE_PX = 1100;
/** Narrower than this, the conversation lies over the stage. */
const BESIDE_PX = 900;

/**
 * @param {import("./ui/chat.js").ChatLog} chat
 * @param {import("./settings.js").Settings} settings
 * @param {(change: Partial<import("./settings.js").Settings>) => void} keep
 */
export function createSide(chat, settings, keep) {
  const root = document.documentElement;
  /** @param {boolean} open */
  const show = (open) => {
    root.dataset.chat = open ? "open" : "closed";
    byId("chat-button").setAttribute("aria-expanded", String(open));
    byId("chat").inert = !open;
    if (open) chat.opened();
  };
  for (const id of ["chat-button", "chat-close"]) {
    byId(id).addEventListener("click", () => {
      show(root.dataset.chat !== "open");
      keep({ chat: root.dataset.chat === "open" });
    });
  }
  show(innerWidth >= WIDE_PX && settings.chat !== false);
  matchMedia(`(width < ${BESIDE_PX}px)`).addEventListener("change", ({ matches }) => show(!matches && settings.chat !== false));
}
