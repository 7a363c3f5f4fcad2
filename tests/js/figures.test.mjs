import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { standIns } from "../../live2d_bridge/web/ui/cast_chip.js";
import { KeptFigures } from "../../live2d_bridge/web/ui/figures.js";
import { opening } from "../../live2d_bridge/web/ui/latency.js";

/** @type {Map<string, string>} */
const store = new Map();
const storage = { getItem: (/** @type {string} */ key) => store.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => void store.set(key, value) };
Object.assign(globalThis, { sessionStorage: storage });
beforeEach(() => store.clear());

/** @param {string} conversation */
function opened(conversation, session = "main") {
  const figures = new KeptFigures(session);
  figures.open(conversation);
  return figures;
}

/** @param {...string} texts replies, `>` before what was heard */
const history = (...texts) => texts.map((text) => (
  { id: null, role: text.startsWith(">") ? "user" : "assistant", content: text.replace(">", ""), viewer: null, siblings: [] }
));

/** @param {number} turn @param {Record<string, number>} stages */
const latency = (turn, stages = { llm: 100 }) => ({ turn, figures: { first_audio: 100 }, stages });

test("figures are found again by the words of their reply, the last ones first", () => {
  const before = opened("a");
  for (const [turn, text] of /** @type {const} */ ([[1, "Yes."], [2, "No."], [3, "Yes."]])) {
    before.note(turn, { latency: latency(turn) });
    before.note(turn, { text, cut: turn === 2 });
  }
  before.note(4, { latency: latency(4) });
  const found = opened("a").of(history(">x", "Not seen here.", ">x", "No.", ">Yes.", " Yes. "));
  assert.deepEqual(found.map((one) => one?.turn ?? null), [null, null, null, 2, null, 3]);
  assert.deepEqual(found.map((one) => one?.cut ?? null), [null, null, null, true, null, false]);
});

test("a reply that began with a filler is found without it, others only as a whole", () => {
  const figures = opened("a");
  figures.note(1, { text: "Oh yes.", latency: latency(1) });
  assert.deepEqual(figures.of(history("yes.", "")), [null, null]);
  figures.note(2, { text: "Hmm, let me see. Yes.", latency: latency(2, { filler: 90 }) });
  assert.deepEqual(figures.of(history("Yes.", "")).map((one) => one?.turn ?? null), [2, null]);
});

test("another conversation, another session and broken storage have nothing kept", () => {
  opened("a").note(1, { text: "Yes." });
  assert.equal(opened("a").of(history("Yes."))[0]?.turn, 1);
  assert.deepEqual(opened("b").of(history("Yes.")), [null]);
  assert.deepEqual(opened("a", "other").of(history("Yes.")), [null]);
  for (const broken of ["null", "3", '{"conversation":"a"}', '{"conversation":"a","kept":[null,3,{"turn":1}]}']) {
    store.set("hayakuchi.figures.main", broken);
    assert.deepEqual(opened("a").of(history("Yes.")), [null], broken);
  }
});

test("no more than fifty replies are kept", () => {
  const figures = opened("a");
  for (let turn = 1; turn <= 60; turn++) figures.note(turn, { text: `Reply ${turn}.` });
  assert.deepEqual(opened("a").of(history("Reply 10.", "Reply 11.")).map((one) => one?.turn ?? null), [null, 11]);
});

test("who stands in for a first choice is named, the demo model in its own way", () => {
  const first = { llm: "openai_llm", tts: "edge_tts" };
  const told = (/** @type {Record<string, any>} */ models) => standIns({ llm: "openai_llm", tts: "edge_tts", first_choice: first, demo: false, problems: [], ...models });
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ tts: "espeak_tts" }), [{ kind: "tts", name: "espeak", first: "edge" }]);
  assert.deepEqual(told({ llm: "llama_cpp_llm" }), [{ kind: "llm", name: "llama cpp", first: "openai" }]);
  assert.deepEqual(told({ llm: "demo_llm", tts: "espeak_tts", demo: true }).map(({ kind }) => kind), ["tts"]);
  assert.deepEqual([told({ llm: null, tts: null }), told({ tts: "x", first_choice: undefined })], [[], []]);
});

test("what a turn began with is told by its stages", () => {
  const turn = (/** @type {string[]} */ ...names) => ({ total: 1, blamed: null, stages: names.map((name) => ({ name, ms: 1, blamed: false })) });
  assert.deepEqual([turn("queue", "filler"), turn("quick", "tts"), turn("llm"), turn()].map(opening), ["filler", "quick", null, null]);
});
