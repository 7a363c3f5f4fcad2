/** Notices for the person at the desk. They stay at the side, go by themselves, and the same one is not shown twice. */
import { t } from "../i18n.js";
import { h, icon } from "./dom.js";

const STAYS_MS = 9000;
const MOST = 4;

/** @typedef {"info" | "warn" | "error"} Mood */

/** @param {HTMLElement} box */
export function createToasts(box) {
  /** @type {Map<string, HTMLElement>} */
  const shown = new Map();

  /** @param {string} key */
  const dismiss = (key) => {
    shown.get(key)?.remove();
    shown.delete(key);
  };

  return {
    /**
     * @param {Mood} mood
     * @param {string} text
     * @param {string} key a notice with the same key is replaced
     * @param {{label: string, act(): void} | null} offer what can be done about it
     */
    show(mood, text, key = text, offer = null) {
      dismiss(key);
      const close = h("button", { type: "button", class: "toast-close", "aria-label": t("dismiss"), onclick: () => dismiss(key) }, icon("close"));
      const toast = h("div", { class: `toast ${mood}`, role: mood === "error" ? "alert" : "status" },
        icon(mood === "info" ? "info" : "warn"), h("p", {}, text), close);
      if (offer) {
        const act = h("button", { type: "button", class: "link toast-act" }, offer.label);
        act.addEventListener("click", () => {
          dismiss(key);
          offer.act();
        });
        toast.append(act);
      }
      shown.set(key, toast);
      box.append(toast);
      if (shown.size > MOST) dismiss([...shown.keys()][0]);
      const timer = setTimeout(() => shown.get(key) === toast && dismiss(key), STAYS_MS);
      toast.addEventListener("pointerenter", () => clearTimeout(timer));
    },
    dismiss,
  };
}
