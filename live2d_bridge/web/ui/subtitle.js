/** The subtitle: one element whose text is replaced, so that screen readers announce it. */
import { textWidth } from "../captions.js";

/**
 * @param {HTMLElement} box
 * @returns {{show(caption: string): void, setLanguage(tag: string): void, text(): string}}
 */
export function createSubtitle(box) {
  const line = document.createElement("span");
  line.className = "subtitle-text";
  box.replaceChildren(line);
  return {
    show(caption) {
      const text = caption.trim();
      box.classList.toggle("shown", text !== "");
      // The last caption stays in place while it fades.
      if (text === "") return box.setAttribute("aria-hidden", "true");
      box.removeAttribute("aria-hidden");
      box.dataset.size = textWidth(text) > 72 ? "long" : textWidth(text) > 36 ? "medium" : "short";
      line.textContent = text;
    },
    setLanguage(tag) {
      line.lang = tag;
    },
    text: () => (box.classList.contains("shown") ? (line.textContent ?? "") : ""),
  };
}
