/** The conversation at the side. What people and models write is set as text, never as markup. */
import { t } from "../i18n.js";
import { h } from "./dom.js";
import { canDraw } from "./glyphs.js";
import { createLatency } from "./latency.js";
import { drawnTurnOf } from "./waterfall_layout.js";

const NEAR_END_PX = 80;
const MOST_ENTRIES = 200;

/** @typedef {{item: HTMLElement, text: HTMLElement, foot: HTMLElement, whole?: boolean, latency?: ReturnType<typeof createLatency>}} Entry */

export class ChatLog {
  #list;
  #empty;
  #name = "";
  #face = "";
  /** @type {string | null} */
  #conversation = null;
  /** @type {Map<number, Entry>} replies of turns of this connection */
  #replies = new Map();
  /** What a snapshot told of the running reply; the segment that is heard just then is told once more after it. */
  #begun = "";

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} empty shown while nothing was said
   */
  constructor(list, empty) {
    this.#list = list;
    this.#empty = empty;
  }

  /**
   * @param {import("../protocol.js").Snapshot} snapshot
   * @param {(import("./figures.js").Kept | null)[]} kept of each entry of the history
   */
  reset({ character, conversation, history, turn, latency: thresholds }, kept) {
    this.#name = character.name;
    // An avatar that is a word is a file's name, which is not for reading.
    const { avatar } = character;
    this.#face = avatar && /^\P{ASCII}{1,8}$/u.test(avatar) && canDraw(avatar) ? avatar : character.name.slice(0, 1);
    this.#replies.clear();
    const known = conversation !== null && this.#conversation !== null;
    if (known ? conversation !== this.#conversation : history.length === 0 && turn === null) this.#divide();
    else this.#list.replaceChildren();
    this.#conversation = conversation;
    history.forEach(({ role, content, viewer }, index) => {
      const entry = this.#add(role === "user" ? "user" : "avatar", content, viewer ?? null);
      const { cut, latency } = kept[index] ?? {};
      if (cut) this.#cut(entry, "interrupted", "");
      const measured = latency && drawnTurnOf(latency, thresholds);
      if (measured) this.#measure(entry, measured.turn, measured.threshold);
    });
    if (turn?.heard) this.heard(turn.heard, null);
    this.#begun = "";
    if (turn?.reply) this.spoken(turn.turn, turn.reply);
    this.#begun = turn?.reply ?? "";
    this.#showEmpty();
  }

  /** What was said before stays to be read, above a line: the avatar has forgotten it. */
  #divide() {
    const last = this.#list.lastElementChild;
    if (!last || last.classList.contains("forgotten")) return;
    this.#list.append(h("li", { class: "forgotten", role: "separator" }, h("span", {}, t("forgotten"))));
    this.#follow(true);
  }

  /**
   * @param {string} text
   * @param {string | null} viewer who said it
   */
  heard(text, viewer) {
    this.#add("user", text, viewer);
  }

  /**
   * @param {number} turn
   * @param {string} text a further piece of the reply
   */
  spoken(turn, text) {
    const repeated = this.#begun !== "" && this.#replies.has(turn) && this.#begun.endsWith(text);
    this.#begun = "";
    if (repeated) return;
    const entry = this.#replies.get(turn) ?? this.#reply(turn);
    // The end of a turn, with all of its text, may come before the last words are heard.
    if (entry.whole) return;
    entry.text.textContent += text;
    this.#follow();
  }

  /** @param {import("../protocol.js").TurnEnded} end */
  ended({ turn, status, reply, heard_reply: heard, message }) {
    if (status === "completed" && !reply && !this.#replies.has(turn)) return;
    const entry = this.#replies.get(turn) ?? this.#reply(turn);
    entry.text.textContent = (status === "completed" ? reply : heard || "").trim() || (entry.text.textContent ?? "").trim();
    entry.whole = true;
    if (status === "interrupted") this.#cut(entry, status, reply ?? "");
    if (status === "failed") this.#cut(entry, status, message ?? "");
    this.#follow();
  }

  /**
   * @param {Entry} entry
   * @param {"interrupted" | "failed"} status
   * @param {string} title
   */
  #cut({ item, foot }, status, title) {
    item.classList.add(status);
    foot.prepend(h("span", { class: status === "failed" ? "cut error" : "cut", title }, t(status)));
  }

  /**
   * The figures come at least twice, with the first sound and complete at the end: the last ones count.
   * @param {number} number of the turn
   * @param {import("./waterfall_layout.js").Turn} turn
   * @param {number | undefined} threshold ms
   */
  measured(number, turn, threshold) {
    this.#measure(this.#replies.get(number) ?? this.#reply(number), turn, threshold);
    this.#follow();
  }

  /**
   * @param {Entry} entry
   * @param {import("./waterfall_layout.js").Turn} turn
   * @param {number | undefined} threshold ms
   */
  #measure(entry, turn, threshold) {
    if (!entry.latency) {
      entry.latency = createLatency();
      entry.foot.append(entry.latency.badge);
      entry.item.append(entry.latency.figure);
    }
    entry.latency.show(turn, threshold);
  }

  /** @param {number} turn */
  #reply(turn) {
    const entry = this.#add("avatar", "", null);
    this.#replies.set(turn, entry);
    return entry;
  }

  /**
   * @param {"user" | "avatar"} role
   * @param {string} content
   * @param {string | null} viewer
   * @returns {Entry}
   */
  #add(role, content, viewer) {
    const who = role === "user" ? (viewer ?? t("you")) : this.#name;
    const text = h("p", { class: "entry-text", dir: "auto" }, content);
    const foot = h("div", { class: "entry-foot" });
    const face = h("span", { class: "entry-face", "aria-hidden": "true" }, role === "user" ? who.slice(0, 1) : this.#face);
    const item = h("li", { class: `entry ${role}` }, face, h("div", { class: "entry-body" }, h("span", { class: "entry-who" }, who), text, foot));
    this.#list.append(item);
    if (this.#list.childElementCount > MOST_ENTRIES) this.#list.firstElementChild?.remove();
    this.#showEmpty();
    this.#follow(role === "user");
    return { item, text, foot };
  }

  #showEmpty() {
    this.#empty.hidden = this.#list.childElementCount > 0;
  }

  /** The list came into sight: its end is what matters. */
  opened() {
    this.#follow(true);
  }

  /** Keep the end in sight, unless the reader has scrolled up. */
  #follow(always = false) {
    const box = this.#list.parentElement;
    if (!box) return;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX + (this.#list.lastElementChild?.clientHeight ?? 0);
    if (near || always) box.scrollTop = box.scrollHeight;
  }
}
