/** Copying text, also where the page has no clipboard: without https a browser gives none, but takes what is selected. */
import { h } from "./dom.js";

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** @param {string} text */
function copySelected(text) {
  const box = h("textarea", { class: "visually-hidden", "aria-hidden": "true", tabindex: "-1" });
  const before = document.activeElement;
  box.value = text;
  document.body.append(box);
  box.select();
  try {
    return document.execCommand("copy");
  } finally {
    box.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
