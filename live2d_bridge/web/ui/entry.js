/** One message of the conversation, and what can be done with it. What people and models write is set as text, never as markup. */
import { t } from "../i18n.js";
import { h, icon } from "./dom.js";
import { createEditor } from "./editor.js";
import { createLatency } from "./latency.js";
import { pieces } from "./pieces.js";

/** @typedef {"copy" | "edit" | "again" | "back" | "earlier" | "later"} Act */
/** @typedef {import("../protocol.js").KeptMessage} KeptMessage */

const ICONS = { copy: "copy", edit: "edit", again: "again", back: "bin", earlier: "earlier", later: "more-right" };
const LABELS = /** @type {const} */ ({ copy: "copy", edit: "edit", again: "again", back: "take_back", earlier: "branch_earlier", later: "branch_later" });

export class Entry {
  /** Its place in the history is known: it can be named to the server. @type {KeptMessage | null} */
  kept = null;
  /** All of a reply's text is there. */
  whole = false;
  /** Its turn is over. */
  over = false;
  #text;
  #foot;
  #body;
  #content = "";
  #branches = h("div", { class: "branches", hidden: true });
  /** @type {Map<Act, HTMLButtonElement>} */
  #buttons = new Map();
  /** @type {ReturnType<typeof createLatency> | null} */
  #latency = null;
  /** @type {import("./editor.js").Editor | null} */
  #editor = null;
  #act;

  /**
   * @param {{role: "user" | "avatar", who: string, face: string, content: string}} said
   * @param {(act: Act, entry: Entry) => void} act
   */
  constructor({ role, who, face, content }, act) {
    this.role = role;
    this.#act = act;
    this.#text = h("div", { class: "entry-text", dir: "auto" });
    this.#foot = h("div", { class: "entry-foot" }, this.#branches);
    const acts = /** @type {Act[]} */ (role === "user" ? ["again", "edit", "copy", "back"] : ["again", "copy", "back"]);
    const bar = h("div", { class: "acts" }, ...acts.map((one) => this.#button(one)));
    this.#body = h("div", { class: "entry-body" }, h("div", { class: "entry-head" }, h("span", { class: "entry-who" }, who), bar), this.#text, this.#foot);
    this.item = h("li", { class: `entry ${role}` }, h("span", { class: "entry-face", "aria-hidden": "true" }, face), this.#body);
    this.content = content;
    this.answerable = false;
    this.#show();
  }

  get content() {
    return this.#content;
  }

  set content(content) {
    this.#content = content;
    const found = pieces(content);
    if (found.some(({ code }) => code)) this.#text.replaceChildren(...found.map(({ code, text }) => (code ? codeBlock(text) : h("p", {}, text))));
    else this.#text.textContent = content;
    this.#button("copy").disabled = content === "";
  }

  /** Whether it can be answered once more. @param {boolean} answerable */
  set answerable(answerable) {
    this.#button("again").hidden = !answerable;
  }

  /** @param {KeptMessage | null} kept */
  keep(kept) {
    this.kept = kept;
    this.#show();
  }

  #show() {
    const { id = null, siblings = [] } = this.kept ?? {};
    for (const act of /** @type {Act[]} */ (["edit", "back"])) this.#buttons.get(act)?.toggleAttribute("hidden", act === "edit" ? id === null : this.kept === null);
    const at = siblings.indexOf(id ?? -1);
    this.#branches.hidden = siblings.length < 2 || at < 0;
    if (this.#branches.hidden) return;
    const [earlier, later] = [this.#button("earlier"), this.#button("later")];
    earlier.disabled = at === 0;
    later.disabled = at === siblings.length - 1;
    const place = h("span", { class: "branch-place" }, `${at + 1}/${siblings.length}`);
    place.setAttribute("aria-label", t("branch_place", { at: at + 1, of: siblings.length }));
    place.setAttribute("role", "note");
    this.#branches.replaceChildren(earlier, place, later);
  }

  /** The message that was said in the same place, before or after. @param {number} step @returns {number | null} */
  sibling(step) {
    const { id = null, siblings = [] } = this.kept ?? {};
    return siblings[siblings.indexOf(id ?? -1) + step] ?? null;
  }

  /**
   * @param {"interrupted" | "failed"} status
   * @param {string} title
   */
  cut(status, title) {
    this.item.classList.add(status);
    this.#foot.prepend(h("span", { class: status === "failed" ? "cut error" : "cut", title }, t(status)));
  }

  /**
   * @param {import("./waterfall_layout.js").Turn} turn
   * @param {number | undefined} threshold ms
   */
  measured(turn, threshold) {
    if (!this.#latency) {
      this.#latency = createLatency();
      this.#foot.append(this.#latency.badge);
      this.item.append(this.#latency.figure);
    }
    this.#latency.show(turn, threshold);
  }

  get editing() {
    return this.#editor;
  }

  /**
   * @param {string} text to begin with
   * @param {(text: string) => void} send
   */
  edit(text, send) {
    if (this.#editor) return this.#editor.focus();
    this.#editor = createEditor(text, { send, leave: () => this.leaveEditing() });
    this.item.classList.add("editing");
    this.#text.after(this.#editor.element);
    this.#editor.focus();
  }

  leaveEditing() {
    this.#editor?.element.remove();
    this.#editor = null;
    this.item.classList.remove("editing");
    this.focus("edit");
  }

  /** Which of its buttons has the focus. @returns {Act | null} */
  get focused() {
    for (const [act, button] of this.#buttons) if (button === document.activeElement) return act;
    return null;
  }

  /** @param {Act} act */
  focus(act) {
    const button = this.#buttons.get(act);
    if (button && !button.disabled) button.focus();
    else if (act === "earlier" || act === "later") this.#buttons.get(act === "earlier" ? "later" : "earlier")?.focus();
  }

  /** Say that it was copied. */
  copied() {
    const button = this.#button("copy");
    button.replaceChildren(icon("done"));
    setTimeout(() => button.replaceChildren(icon("copy")), 1400);
  }

  /** @param {Act} act */
  #button(act) {
    const found = this.#buttons.get(act);
    if (found) return found;
    const label = t(LABELS[act]);
    const button = h("button", { type: "button", class: `act act-${act}`, "aria-label": label, title: label, onclick: () => this.#act(act, this) }, icon(ICONS[act]));
    this.#buttons.set(act, button);
    return button;
  }
}

/** What is being written anew in one of them. @param {Entry[]} entries */
export function draftIn(entries) {
  const entry = entries.find(({ editing }) => editing);
  return entry?.editing ? { id: entry.kept?.id, text: entry.editing.draft() } : null;
}

/** Which of their buttons has the focus, and where. @param {Entry[]} entries */
export function focusIn(entries) {
  for (const { focused: act, kept } of entries) if (act) return { act, siblings: kept?.siblings ?? [] };
  return null;
}

/** @param {string} text */
function codeBlock(text) {
  return h("pre", { class: "code", dir: "ltr", tabindex: "0" }, h("code", {}, text));
}
