/** The conversation at the side. */
import { t } from "../i18n.js";
import { h } from "./dom.js";
import { draftIn, Entry, focusIn } from "./entry.js";
import { canDraw } from "./glyphs.js";
import { createScroll } from "./scroll.js";
import { drawnTurnOf } from "./waterfall_layout.js";

const MOST_ENTRIES = 200;

/**
 * What a person does with a message; `edit` says whether it was sent.
 * @typedef {object} Handlers
 * @property {(id: number, text: string) => boolean} edit
 * @property {() => void} again
 * @property {(entry: Entry) => void} back
 * @property {(id: number) => void} select
 * @property {(entry: Entry) => void} copy
 */
/** @typedef {(import("./figures.js").Kept | null)[]} Kept of each entry of a history */

export class ChatLog {
  #list;
  #empty;
  #scroll;
  #handlers;
  #name = "";
  #face = "";
  /** @type {string | null} */
  #conversation = null;
  /** @type {Record<string, number>} */
  #thresholds = {};
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Map<number, Entry>} replies of turns of this connection */
  #replies = new Map();
  /** @type {Map<number, Entry>} and what they answer */
  #questions = new Map();
  /** What a snapshot told of the running reply; the segment that is heard just then is told once more after it. */
  #begun = "";

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} empty shown while nothing was said
   * @param {Handlers} handlers
   */
  constructor(list, empty, handlers) {
    this.#list = list;
    this.#empty = empty;
    this.#scroll = createScroll(list);
    this.#handlers = handlers;
  }

  /** Another conversation comes on stage: what is shown is not of it. */
  clear() {
    this.#conversation = null;
    this.#wipe();
    this.#showEmpty();
  }

  /**
   * @param {import("../protocol.js").Snapshot} snapshot
   * @param {Kept} kept
   */
  reset({ character, conversation, history, turn, latency: thresholds }, kept) {
    this.#name = character.name;
    this.#thresholds = thresholds;
    this.#face = faceOf(character);
    const draft = draftIn(this.#entries);
    const known = conversation !== null && this.#conversation !== null;
    if (known ? conversation !== this.#conversation : history.length === 0 && turn === null) this.#divide();
    else this.#wipe();
    this.#conversation = conversation;
    this.#fill(history, kept);
    if (turn?.heard) this.heard(turn.turn, turn.heard, null);
    this.#begun = "";
    if (turn?.reply) this.spoken(turn.turn, turn.reply);
    this.#begun = turn?.reply ?? "";
    this.#restore(draft);
    this.#showEmpty();
  }

  /**
   * The history is another one than before; what is being written anew is not lost, nor is the reader's place.
   * @param {import("../protocol.js").HistoryChange} change
   * @param {Kept} kept
   */
  replace({ conversation, history }, kept) {
    const draft = draftIn(this.#entries);
    const focused = focusIn(this.#entries);
    const back = this.#scroll.place();
    this.#conversation = conversation;
    this.#wipe();
    this.#fill(history, kept);
    this.#restore(draft);
    if (focused) this.#entries.find(({ kept }) => kept?.siblings.some((id) => focused.siblings.includes(id)))?.focus(focused.act);
    back();
    this.#showEmpty();
  }

  #wipe() {
    this.#list.replaceChildren();
    this.#forget();
  }

  #forget() {
    this.#entries = [];
    this.#replies.clear();
    this.#questions.clear();
  }

  /**
   * @param {import("../protocol.js").HistoryEntry[]} history
   * @param {Kept} kept
   */
  #fill(history, kept) {
    history.forEach(({ id, role, content, viewer, siblings }, index) => {
      const entry = this.#add(role === "user" ? "user" : "avatar", content, viewer);
      entry.over = true;
      entry.keep({ id, role, siblings });
      const { cut, latency } = kept[index] ?? {};
      if (cut) entry.cut("interrupted", "");
      const measured = latency && drawnTurnOf(latency, this.#thresholds);
      if (measured) entry.measured(measured.turn, measured.threshold);
    });
    this.#refresh();
  }

  /** What was said before stays to be read, above a line: the avatar has forgotten it. */
  #divide() {
    const last = this.#list.lastElementChild;
    for (const entry of this.#entries) {
      entry.keep(null);
      entry.answerable = false;
    }
    this.#forget();
    if (!last || last.classList.contains("forgotten")) return;
    this.#list.append(h("li", { class: "forgotten", role: "separator" }, h("span", {}, t("forgotten"))));
    this.#scroll.follow(true);
  }

  /**
   * @param {number} turn
   * @param {string} text
   * @param {string | null} viewer who said it
   */
  heard(turn, text, viewer) {
    this.#questions.set(turn, this.#add("user", text, viewer));
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
    entry.content += text;
    this.#scroll.follow();
  }

  /** @param {import("../protocol.js").TurnEnded} end */
  ended({ turn, status, reply, heard_reply: heard, message, kept = [] }) {
    const question = this.#questions.get(turn);
    question?.keep(kept.find(({ role }) => role === "user") ?? null);
    if (question) question.over = true;
    if (status === "completed" && !reply && !this.#replies.has(turn)) return this.#refresh();
    const entry = this.#replies.get(turn) ?? this.#reply(turn);
    entry.content = (status === "completed" ? reply : heard || "").trim() || entry.content.trim();
    entry.whole = entry.over = true;
    entry.keep(kept.find(({ role }) => role === "assistant") ?? null);
    if (status === "interrupted") entry.cut(status, reply ?? "");
    if (status === "failed") entry.cut(status, message ?? "");
    this.#refresh();
    this.#scroll.follow();
  }

  /**
   * The figures come at least twice, with the first sound and complete at the end: the last ones count.
   * @param {number} number of the turn
   * @param {import("./waterfall_layout.js").Turn} turn
   * @param {number | undefined} threshold ms
   */
  measured(number, turn, threshold) {
    (this.#replies.get(number) ?? this.#reply(number)).measured(turn, threshold);
    this.#scroll.follow();
  }

  /** What was asked for was refused: who writes something anew may go on. */
  refused() {
    for (const entry of this.#entries) entry.editing?.busy(false);
  }

  /**
   * The messages of the history from this one on.
   * @param {Entry} entry
   * @returns {import("../protocol.js").KeptMessage[]}
   */
  from(entry) {
    const at = this.#entries.findIndex((one) => one === entry || (one.kept?.id != null && one.kept.id === entry.kept?.id));
    return at < 0 ? [] : this.#entries.slice(at).flatMap(({ kept }) => kept ?? []);
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
   */
  #add(role, content, viewer) {
    const who = role === "user" ? (viewer ?? t("you")) : this.#name;
    const face = role === "user" ? who.slice(0, 1) : this.#face;
    const entry = new Entry({ role, who, face, content }, (act, acted) => this.#act(act, acted));
    this.#entries.push(entry);
    this.#list.append(entry.item);
    if (this.#list.childElementCount > MOST_ENTRIES) this.#list.firstElementChild?.remove();
    this.#entries = this.#entries.slice(-MOST_ENTRIES);
    this.#refresh();
    this.#showEmpty();
    this.#scroll.follow(role === "user");
    return entry;
  }

  /**
   * @param {import("./entry.js").Act} act
   * @param {Entry} entry
   */
  #act(act, entry) {
    if (act === "edit") this.#edit(entry, entry.content);
    else if (act === "again") this.#handlers.again();
    else if (act === "earlier" || act === "later") {
      const id = entry.sibling(act === "earlier" ? -1 : 1);
      if (id !== null) this.#handlers.select(id);
    } else this.#handlers[act](entry);
  }

  /**
   * @param {Entry} entry
   * @param {string} draft
   */
  #edit(entry, draft) {
    entry.edit(draft, (text) => {
      const id = entry.kept?.id;
      if (id != null && this.#handlers.edit(id, text)) entry.editing?.busy(true);
    });
  }

  /** @param {{id: number | null | undefined, text: string} | null} draft */
  #restore(draft) {
    const entry = draft && draft.id != null && this.#entries.find(({ kept }) => kept?.id === draft.id);
    if (entry) this.#edit(entry, draft.text);
  }

  /** Only the last message can be answered once more, and only what a person said is answered. */
  #refresh() {
    const last = this.#entries.at(-1);
    const asked = this.#entries.some(({ role }) => role === "user");
    for (const entry of this.#entries) entry.answerable = entry === last && entry.over && asked;
  }

  #showEmpty() {
    this.#empty.hidden = this.#list.childElementCount > 0;
  }

  /** Whether anything was said. */
  get used() {
    return this.#entries.length > 0;
  }

  /** The list came into sight: its end is what matters. */
  opened() {
    this.#scroll.follow(true);
  }
}

/** An avatar that is a word is a file's name, which is not for reading. @param {import("../protocol.js").Character} character */
function faceOf({ avatar, name }) {
  return avatar && /^\P{ASCII}{1,8}$/u.test(avatar) && canDraw(avatar) ? avatar : name.slice(0, 1);
}
