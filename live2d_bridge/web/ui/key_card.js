/** Asks for the server's API key, and says what one is and where it comes from. */
import { isKey } from "../key.js";
import { t } from "../i18n.js";
import { copyText } from "./clipboard.js";
import { h } from "./dom.js";

const COMMAND = "uv run hayakuchi key new me";
const WORDS = /** @type {const} */ ({ missing: "key_missing", bad: "key_bad", scope: "key_scope", asked: "key_asked" });

/** @typedef {keyof typeof WORDS} Reason `asked`: a person wants to use another one */

/** @param {{use(key: string, remember: boolean): void}} handlers */
export function createKeyCard({ use }) {
  const said = h("p", { class: "key-said", role: "status" });
  const field = h("input", { type: "password", class: "key-field", id: "key-field", autocomplete: "off", spellcheck: "false", placeholder: "hk_…", "aria-describedby": "key-fault" });
  const fault = h("p", { class: "key-fault", id: "key-fault", role: "alert" });
  const remember = h("input", { type: "checkbox", id: "key-remember", checked: true });
  const submit = h("button", { type: "submit", class: "button accent" }, t("key_use"));
  const later = h("button", { type: "button", class: "link key-later", hidden: true, onclick: () => close() }, t("cancel"));
  const copy = h("button", { type: "button", class: "link" }, t("copy"));
  const card = h("dialog", { class: "key-card", id: "key-card", "aria-labelledby": "key-title" }, h("form", { method: "dialog" },
    h("h2", { id: "key-title" }, t("key_title")), said, h("p", { class: "key-what" }, t("key_what")),
    h("div", { class: "key-command" }, h("code", {}, COMMAND), copy),
    h("label", { for: "key-field" }, t("key_label")), field, fault,
    h("label", { class: "key-remember", for: "key-remember" }, remember, h("span", {}, t("key_remember"))), submit, later));
  document.body.append(card);
  let needed = false;

  /** @param {boolean} waiting for the server to say whether it is good */
  const busy = (waiting) => {
    submit.disabled = field.readOnly = waiting;
    submit.textContent = t(waiting ? "key_checking" : "key_use");
  };
  const close = () => {
    needed = false;
    busy(false);
    field.value = fault.textContent = "";
    if (card.open) card.close();
  };

  copy.addEventListener("click", async () => {
    if (await copyText(COMMAND)) copy.textContent = t("copied");
  });
  field.addEventListener("input", () => (fault.textContent = ""));
  card.addEventListener("keydown", (event) => event.stopPropagation());
  card.addEventListener("cancel", (event) => needed && event.preventDefault());
  // A browser closes a dialog on the second Escape, whatever the page says: nothing works without a key.
  card.addEventListener("close", () => needed && card.showModal());
  card.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = field.value.trim();
    if (!isKey(key)) {
      fault.textContent = t("key_form");
      field.focus();
      return;
    }
    busy(true);
    use(key, remember.checked);
  });

  return {
    /** @param {Reason} reason */
    ask(reason) {
      needed = reason !== "asked";
      later.hidden = needed;
      const tried = card.open && submit.disabled;
      busy(false);
      said.textContent = t(WORDS[reason]);
      fault.textContent = tried ? t(reason === "scope" ? "key_scope" : "key_bad") : "";
      if (tried) said.textContent = t("key_missing");
      if (!card.open) card.showModal();
      field.focus();
      if (tried) field.select();
    },
    /** @param {string} text why it takes longer to find out */
    wait(text) {
      if (card.open) fault.textContent = text;
    },
    /** A key is good. What there is to say of one that is not stays to be read. */
    settled() {
      needed = false;
      later.hidden = false;
      if (fault.textContent === "" || submit.disabled) close();
    },
  };
}
