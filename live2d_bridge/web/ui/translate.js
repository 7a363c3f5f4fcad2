/** Puts the page's own words in the reader's language: `data-t` names a text, `data-t-label` a label. */
import { pageLanguage, t } from "../i18n.js";

export function translate() {
  document.documentElement.lang = pageLanguage;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(wordOf(element, "data-t"));
  for (const element of document.querySelectorAll("[data-t-label]")) {
    const label = t(wordOf(element, "data-t-label"));
    element.setAttribute("aria-label", label);
    element.setAttribute("title", label);
  }
}

/**
 * @param {Element} element
 * @param {string} attribute
 */
function wordOf(element, attribute) {
  return /** @type {import("../i18n.js").Word} */ (element.getAttribute(attribute));
}
