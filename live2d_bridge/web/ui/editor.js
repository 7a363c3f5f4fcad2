/** Writing a message anew where it stands: Enter sends, Shift+Enter breaks the line, Escape leaves it as it was. */
import { t } from "../i18n.js";
import { h } from "./dom.js";

const MOST_CHARS = 8192;

/**
 * @typedef {object} Editor
 * @property {HTMLElement} element
 * @property {() => string} draft
 * @property {() => void} focus
 * @property {(busy: boolean) => void} busy what was sent is on its way: nothing is to be changed
 */

/**
 * @param {string} text
 * @param {{send(text: string): void, leave(): void}} handlers
 * @returns {Editor}
 */
export function createEditor(text, { send, leave }) {
  const box = h("textarea", { class: "editor-box", rows: "1", maxlength: MOST_CHARS, "aria-label": t("edit"), enterkeyhint: "send", dir: "auto" });
  const done = h("button", { type: "submit", class: "button small strong" }, t("edit_send"));
  const cancel = h("button", { type: "button", class: "button small", onclick: leave }, t("cancel"));
  const form = h("form", { class: "editor" }, box, h("div", { class: "editor-foot" }, cancel, done));
  const resize = () => {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    done.disabled = box.value.trim() === "";
  };
  const submit = () => {
    const written = box.value.trim();
    if (written !== "" && !box.readOnly) send(written);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box.addEventListener("input", resize);
  form.addEventListener("keydown", (event) => {
    // Keys of the page, Escape to stop for example, are not meant here.
    event.stopPropagation();
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && !event.shiftKey && event.target === box) {
      event.preventDefault();
      submit();
    }
  });
  box.value = text;
  return {
    element: form,
    draft: () => box.value,
    focus() {
      resize();
      box.focus();
      box.setSelectionRange(box.value.length, box.value.length);
      form.scrollIntoView({ block: "nearest" });
    },
    busy(busy) {
      box.readOnly = done.disabled = busy;
    },
  };
}
