/** Above the text box: what becomes of the microphone, and the words as they are understood, before they are a message. */
import { t } from "../i18n.js";
import { TROUBLE } from "../mic_state.js";
import { h, icon } from "./dom.js";

const REASON_STAYS_MS = 6000;
const ANSWERED_WITHIN_MS = 4000;

/** @typedef {import("./mic_words.js").MicWords} MicWords */

/**
 * @param {{box: HTMLElement, state: HTMLElement, ghost: HTMLElement}} elements
 * @param {{again(): void, here(): void, off(): void}} handlers
 */
export function createEarsLine({ box, state, ghost }, { again, here, off }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let shown = "";
  // On a narrow page the conversation makes room above the line.
  new ResizeObserver(() => document.documentElement.style.setProperty("--ears-height", `${box.offsetHeight}px`)).observe(box);

  /** @param {string} text @param {string} mood @param {number} [stays] ms */
  const say = (text, mood, stays) => {
    clearTimeout(timer);
    ghost.textContent = text;
    ghost.className = `ghost ${mood}`;
    ghost.hidden = text === "";
    // Words that still change are not read out.
    ghost.setAttribute("aria-live", mood === "reason" ? "polite" : "off");
    if (stays) timer = setTimeout(() => say("", ""), stays);
  };

  return {
    /**
     * @param {import("../mic_state.js").MicState} now
     * @param {MicWords | null} words
     */
    state(now, words) {
      const next = JSON.stringify([now, words]);
      if (next === shown) return;
      shown = next;
      box.dataset.state = now;
      box.classList.toggle("trouble", TROUBLE.has(now));
      state.hidden = words === null;
      state.replaceChildren(...(words ? drawn(now, words) : []));
    },
    /**
     * @param {import("../protocol.js").Words} words
     * @param {string} word what she answers to
     */
    words({ text, final, ignored }, word) {
      if (final && ignored) say(t(`heard_${ignored}`, { text, word }), "reason", REASON_STAYS_MS);
      else say(text, final ? "final" : "partial", ANSWERED_WITHIN_MS * (final ? 1 : 3));
    },
    /** What was said is a message, or will never be one. */
    clear() {
      if (!ghost.classList.contains("reason")) say("", "");
    },
  };

  /**
   * @param {import("../mic_state.js").MicState} now
   * @param {MicWords} words
   * @returns {Node[]}
   */
  function drawn(now, { title, remedy, code, again: retry }) {
    const mark = TROUBLE.has(now) ? icon("warn") : h("span", { class: "ears-dot", "aria-hidden": "true" });
    const words = h("div", { class: "ears-words" }, h("b", {}, title), remedy && h("p", {}, remedy), code && codeLine(code),
      retry && h("button", { type: "button", class: "link", onclick: again }, t("mic_again")));
    const buttons = [
      now === "elsewhere" && h("button", { type: "button", class: "link", onclick: here }, t("mic_here")),
      TROUBLE.has(now) && h("button", { type: "button", class: "toast-close", "aria-label": t("mic_off"), title: t("mic_off"), onclick: off }, icon("close")),
    ];
    return [mark, words, ...buttons.filter((button) => button !== false)];
  }
}

/** @param {string} code */
function codeLine(code) {
  const text = h("code", {}, code);
  const copy = h("button", { type: "button", class: "link" }, t("copy"));
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code);
      copy.textContent = t("copied");
    } catch {
      // Without https the clipboard is closed to pages: mark the line, so that it can be copied by hand.
      getSelection()?.selectAllChildren(text);
    }
  });
  return h("div", { class: "code-line" }, text, copy);
}
