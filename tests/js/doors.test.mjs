import assert from "node:assert/strict";
import { test } from "node:test";
import { addressWith, ConversationList, sessionOf } from "../../live2d_bridge/web/conversations.js";
import { answerOf, waitOf } from "../../live2d_bridge/web/door.js";
import { isKey, KeptKey, keyIn, nameOf } from "../../live2d_bridge/web/key.js";
import { obsLink } from "../../live2d_bridge/web/obs_link.js";
import { pieces } from "../../live2d_bridge/web/ui/pieces.js";
import { when } from "../../live2d_bridge/web/ui/when.js";

const KEY = `hk_abcd1234_${"x".repeat(42)}-`;
const OTHER = `hk_zzzz9999_${"y".repeat(43)}`;

/** @param {Partial<import("../../live2d_bridge/web/conversations.js").Summary> & {id: string}} one */
const talk = (one) => ({ title: one.id, character: "Kiyo", created_at: 1, updated_at: 1, messages: 2, ...one });

/** @returns {import("../../live2d_bridge/web/key.js").Place} */
function place() {
  const held = new Map();
  return {
    getItem: (name) => held.get(name) ?? null,
    setItem: (name, value) => void held.set(name, value),
    removeItem: (name) => void held.delete(name),
  };
}

test("a key has the server's form, and only what a subprotocol may have", () => {
  assert.ok(isKey(KEY));
  for (const bad of ["", "hk_", KEY.slice(1), `${KEY}x`, KEY.replace("-", " "), KEY.toUpperCase(), `${KEY}\n`]) assert.ok(!isKey(bad), bad);
  assert.equal(nameOf(KEY), "hk_abcd1234");
});

test("a key is taken out of an address, and the rest of it stays", () => {
  assert.deepEqual(keyIn(`#key=${KEY}`), { key: KEY, rest: "" });
  assert.deepEqual(keyIn(`#a=1&key=${KEY}&b`), { key: KEY, rest: "#a=1&b" });
  assert.deepEqual(keyIn("#key=nonsense"), { key: null, rest: "" });
  assert.deepEqual(keyIn("#top"), { key: null, rest: "#top" });
  assert.deepEqual(keyIn(""), { key: null, rest: "" });
});

test("a key of an address is remembered where there is none, and does not take the place of one", () => {
  const [tab, browser] = [place(), place()];
  const kept = new KeptKey({ tab, browser });
  kept.take(KEY);
  assert.equal(new KeptKey({ tab: place(), browser }).value, KEY);
  kept.take(OTHER);
  assert.equal(kept.value, OTHER);
  assert.equal(new KeptKey({ tab: place(), browser }).value, KEY);
  kept.drop(OTHER);
  assert.equal(kept.value, KEY);
  kept.drop(KEY);
  assert.equal(kept.value, null);
  kept.keep(KEY, false);
  assert.equal(kept.value, KEY);
  assert.equal(new KeptKey({ tab: place(), browser }).value, null);
});

test("what is kept and is no key is none", () => {
  const tab = place();
  tab.setItem("hayakuchi.key", "not a key");
  assert.equal(new KeptKey({ tab, browser: place() }).value, null);
});

test("why a door is shut", () => {
  assert.deepEqual(answerOf(204, null, {}), { kind: "open" });
  assert.deepEqual(answerOf(401, null, { code: "missing_api_key" }), { kind: "key", reason: "missing" });
  assert.deepEqual(answerOf(401, null, { code: "invalid_api_key" }), { kind: "key", reason: "bad" });
  assert.deepEqual(answerOf(401, null, {}), { kind: "key", reason: "bad" });
  assert.deepEqual(answerOf(403, null, { code: "scope_missing" }), { kind: "key", reason: "scope" });
  assert.deepEqual(answerOf(403, null, { code: "origin_not_allowed", message: "no" }), { kind: "shut", message: "no" });
  assert.deepEqual(answerOf(400, null, { message: "bad name" }), { kind: "shut", message: "bad name" });
  assert.deepEqual(answerOf(503, "7", {}), { kind: "wait", seconds: 7, limit: false });
  assert.deepEqual(answerOf(429, null, {}), { kind: "wait", seconds: 5, limit: true });
  for (const status of [404, 405, 426, 500, 502]) assert.deepEqual(answerOf(status, null, {}), { kind: "open" }, String(status));
});

test("a wait is as long as the server says, within reason", () => {
  assert.deepEqual(["3", "0", "0.5", "9999", "-1", "soon", "", null].map(waitOf), [3, 0, 0.5, 120, 5, 5, 5, 5]);
});

test("the link for OBS names the conversation and bears the key behind the #, which no server is sent", () => {
  const page = "https://example.org/base/?session=abc#x";
  assert.equal(obsLink(page, { session: "abc", key: null }), "https://example.org/base/stage?session=abc&audio=1");
  const link = new URL(obsLink(page, { session: "main", key: KEY }));
  assert.equal(link.hash, `#key=${KEY}`);
  assert.ok(!link.search.includes("hk_"));
});

test("the address of another conversation keeps what else it says", () => {
  assert.equal(addressWith("http://h/?session=a&x=1", "b"), "http://h/?session=b&x=1");
  assert.equal(addressWith("http://h/?session=a&x=1#y", "main"), "http://h/?x=1#y");
  assert.deepEqual([null, "", "a"].map(sessionOf), ["main", "main", "a"]);
});

test("a list that comes anew keeps what its first page does not reach to", () => {
  const list = new ConversationList("main");
  list.refresh({ data: [talk({ id: "c", updated_at: 3 }), talk({ id: "b", updated_at: 2 })], next: 2 });
  list.extend({ data: [talk({ id: "a", updated_at: 1 }), talk({ id: "b", updated_at: 2 })], next: null });
  assert.deepEqual(list.all.map(({ id }) => id), ["c", "b", "a"]);
  list.refresh({ data: [talk({ id: "d", updated_at: 4 }), talk({ id: "c", updated_at: 3 })], next: 3 });
  assert.deepEqual(list.all.map(({ id }) => id), ["d", "c", "b", "a"]);
  assert.equal(list.next, null);
  list.refresh({ data: [talk({ id: "d", updated_at: 4 })], next: null });
  assert.deepEqual(list.all.map(({ id }) => id), ["d"]);
});

test("what is looked for has all words, whatever their accents and case", () => {
  const list = new ConversationList("b");
  list.refresh({ data: [talk({ id: "a", title: "Crème brûlée" }), talk({ id: "b", title: "夜の話" })], next: null });
  assert.deepEqual(list.shown(" BRULEE creme").map(({ id }) => id), ["a"]);
  assert.deepEqual(list.shown("夜").map(({ id }) => id), ["b"]);
  assert.deepEqual(list.shown("kiyo").map(({ id }) => id), ["a", "b"]);
  assert.deepEqual(list.shown("creme x"), []);
});

test("the conversation on stage is listed before anything was said in it", () => {
  const list = new ConversationList("fresh");
  list.refresh({ data: [talk({ id: "a" })], next: null });
  assert.deepEqual(list.shown("").map(({ id }) => id), ["fresh", "a"]);
  assert.deepEqual(list.shown("a").map(({ id }) => id), ["a"]);
  list.put(talk({ id: "fresh", title: "x" }));
  assert.deepEqual(list.shown("").map(({ id }) => id), ["fresh", "a"]);
});

test("after the one on stage, another one is shown; without any, the main one", () => {
  const list = new ConversationList("a");
  list.refresh({ data: [talk({ id: "a" }), talk({ id: "b" })], next: null });
  assert.equal(list.heir("a"), "b");
  list.drop("b");
  assert.equal(list.heir("a"), "main");
});

test("code is what stands between marks, to the end where they are not closed", () => {
  assert.deepEqual(pieces("just text\nin lines"), [{ code: false, text: "just text\nin lines" }]);
  assert.deepEqual(pieces("so:\n\n```py\nprint(1)\n\nprint(2)\n```\n\ndone"), [
    { code: false, text: "so:" }, { code: true, text: "print(1)\n\nprint(2)" }, { code: false, text: "done" },
  ]);
  assert.deepEqual(pieces("```\na"), [{ code: true, text: "a" }]);
  assert.deepEqual(pieces("````\n```\n````"), [{ code: true, text: "```" }]);
  assert.deepEqual(pieces("```not code``` here"), [{ code: false, text: "```not code``` here" }]);
  assert.deepEqual(pieces("```\n```"), []);
  assert.deepEqual(pieces(""), []);
});

test("times in few words", () => {
  const now = new Date(2026, 10, 21, 12).getTime();
  const day = 86_400_000;
  assert.match(when(now - 60_000, now, "en"), /^11:59/);
  assert.match(when(now + day, now, "en"), /^12:00/);
  assert.equal(when(now - day, now, "en"), "yesterday");
  assert.equal(when(now - day, now, "ja"), "昨日");
  assert.equal(when(now - 3 * day, now, "en"), "Wednesday");
  assert.equal(when(now - 20 * day, now, "en"), "Nov 1");
  assert.equal(when(now - 400 * day, now, "en"), "Oct 17, 2025");
});
