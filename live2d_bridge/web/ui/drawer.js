/** The drawer with the conversations: which there are, which one is on stage, and what can be done with each. */
import { pageLanguage, t } from "../i18n.js";
import { h, icon } from "./dom.js";
import { when } from "./when.js";

/** So many are seen at a glance; from there on one looks for one. */
const AT_A_GLANCE = 6;
const MOST_TITLE_CHARS = 200;

/** @typedef {import("../conversations_api.js").Summary} Summary */
/** @typedef {{shown: Summary[], known: number, current: string, more: boolean}} State `known`: how many there are without a search */
/**
 * @typedef {object} Handlers
 * @property {(id: string) => void} choose
 * @property {(id: string, title: string) => Promise<boolean>} rename says whether it is done
 * @property {(id: string) => Promise<boolean>} remove
 * @property {() => void} more the older ones are wanted
 * @property {() => void} search something is looked for, or no longer
 */

export class Drawer {
  #list = h("ul", { class: "talk-list" });
  #more;
  #search;
  #field;
  #note = h("p", { class: "talk-note", role: "status" });
  #handlers;
  /** What is being renamed or deleted: meanwhile the list stays as it is. @type {(() => void) | null} puts it back */
  #open = null;
  /** What the list is to show then. @type {State | null} */
  #late = null;

  /**
   * @param {HTMLElement} box
   * @param {Handlers} handlers
   */
  constructor(box, handlers) {
    this.#handlers = handlers;
    this.#field = h("input", { type: "search", class: "talk-search", "aria-label": t("talks_search"), placeholder: t("talks_search"), oninput: () => handlers.search() });
    this.#search = h("div", { class: "talk-search-box", hidden: true }, icon("search"), this.#field);
    this.#more = h("button", { type: "button", class: "button talk-more", hidden: true, onclick: () => handlers.more() }, t("talks_more"));
    box.append(this.#search, h("div", { class: "talk-scroll" }, this.#list, this.#note, this.#more));
    this.#list.addEventListener("keydown", (event) => this.#walk(event));
  }

  get query() {
    return this.#field.value.trim();
  }

  /** @param {State} state */
  show(state) {
    if (this.#open) {
      this.#late = state;
      return;
    }
    const { shown, known, current, more } = state;
    const focused = document.activeElement instanceof HTMLElement && this.#list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.#search.hidden = known <= AT_A_GLANCE && this.query === "";
    this.#more.hidden = !more;
    this.#list.replaceChildren(...shown.map((one) => this.#row(one, one.id === current)));
    if (focused) (this.#find(focused) ?? this.#find(`open:${current}`))?.focus();
    this.say(shown.length === 0 ? t("talks_none") : "");
  }

  /** @param {string} text what there is to say of the list; empty: nothing */
  say(text) {
    this.#note.textContent = text;
    this.#note.hidden = text === "";
  }

  focus() {
    /** @type {HTMLElement | null} */ (this.#list.querySelector('[aria-current="true"]') ?? this.#list.querySelector(".talk-open"))?.focus();
  }

  /** @param {string} key */
  #find(key) {
    return /** @type {HTMLElement | undefined} */ ([...this.#list.querySelectorAll("[data-key]")].find((one) => one instanceof HTMLElement && one.dataset.key === key));
  }

  /** ↑ and ↓ go from one to the next. @param {KeyboardEvent} event */
  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !(event.target instanceof HTMLElement) || !event.target.matches(".talk-open")) return;
    const all = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll(".talk-open")]);
    event.preventDefault();
    all[all.indexOf(event.target) + step]?.focus();
  }

  /**
   * @param {Summary} summary
   * @param {boolean} current
   */
  #row(summary, current) {
    const { id, character, updated_at: at, messages } = summary;
    const title = titleOf(summary);
    const facts = [at ? when(at * 1000, Date.now(), pageLanguage) : "", character, messages === 1 ? t("talk_message") : messages ? t("talk_messages", { count: messages }) : ""].filter(Boolean);
    const open = h("button", { type: "button", class: "talk-open", "data-key": `open:${id}`, "aria-current": current ? "true" : null, onclick: () => this.#handlers.choose(id) },
      h("span", { class: "talk-title", dir: "auto" }, title), h("span", { class: "talk-facts" }, facts.join(" · ") || t("talk_empty")));
    /** @param {"edit" | "bin"} sign @param {string} label @param {(row: HTMLElement) => void} act */
    const button = (sign, label, act) => h("button", { type: "button", class: "act", "data-key": `${sign}:${id}`, "aria-label": label, title: label, onclick: () => act(row) }, icon(sign));
    const row = h("li", { class: "talk" }, open);
    if (at) {
      row.append(h("div", { class: "acts" }, button("edit", t("talk_rename", { title }), () => this.#rename(row, summary)),
        button("bin", t("talk_delete", { title }), () => this.#confirm(row, summary))));
    }
    return row;
  }

  /**
   * @param {HTMLElement} row
   * @param {Summary} summary
   */
  #rename(row, summary) {
    const field = h("input", { class: "talk-name", maxlength: MOST_TITLE_CHARS, "aria-label": t("talk_name"), dir: "auto" });
    const done = h("button", { type: "submit", class: "act", "aria-label": t("save"), title: t("save") }, icon("done"));
    const form = h("form", { class: "talk-form" }, field, done);
    const close = this.#ask(row, form, `edit:${summary.id}`);
    field.value = summary.title;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const title = field.value.trim();
      if (title === "" || title === summary.title) return close();
      done.disabled = field.readOnly = true;
      if (await this.#handlers.rename(summary.id, title)) return close();
      done.disabled = field.readOnly = false;
      field.focus();
    });
    field.focus();
    field.select();
  }

  /**
   * @param {HTMLElement} row
   * @param {Summary} summary
   */
  #confirm(row, summary) {
    const sure = h("button", { type: "button", class: "button small danger" }, t("talk_delete_do"));
    const no = h("button", { type: "button", class: "button small" }, t("cancel"));
    const question = h("div", { class: "talk-sure", role: "group", "aria-label": t("talk_delete", { title: titleOf(summary) }) },
      h("p", {}, t("talk_sure", { title: titleOf(summary) })), h("div", { class: "talk-answers" }, no, sure));
    const close = this.#ask(row, question, `bin:${summary.id}`);
    no.addEventListener("click", close);
    sure.addEventListener("click", async () => {
      sure.disabled = no.disabled = true;
      const gone = await this.#handlers.remove(summary.id);
      close();
      if (gone) this.focus();
    });
    no.focus();
  }

  /**
   * Put a question in the place of a row.
   * @param {HTMLElement} row
   * @param {HTMLElement} question
   * @param {string} key of the button that has the focus afterwards
   * @returns {() => void} puts the row back
   */
  #ask(row, question, key) {
    this.#open?.();
    const before = [...row.childNodes];
    const close = () => {
      if (this.#open !== close) return;
      this.#open = null;
      row.replaceChildren(...before);
      if (this.#late) this.show(this.#late);
      this.#late = null;
      this.#find(key)?.focus();
    };
    question.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape" && !event.isComposing && event.keyCode !== 229) close();
    });
    this.#open = close;
    row.replaceChildren(question);
    return close;
  }
}

/** @param {Summary} summary */
export function titleOf({ id, title }) {
  return title || (id === "main" ? t("talk_main") : t("talk_untitled"));
}
