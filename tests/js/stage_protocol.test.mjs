import assert from "node:assert/strict";
import { test } from "node:test";
import { retryPause, stageAddress } from "../../live2d_bridge/web/link.js";
import { parseFrame, parseText, ProtocolError, TurnGate } from "../../live2d_bridge/web/protocol.js";

/** @param {{lips?: number, samples?: number, pcm?: boolean, kind?: number, padded?: boolean}} shape */
function frameBytes({ lips = 1, samples = 4, pcm = true, kind = 1, padded = true } = {}) {
  const end = 24 + 7 * lips;
  const start = end + (padded || pcm ? end % 2 : 0);
  const buffer = new ArrayBuffer(start + (pcm ? 2 * samples : 0));
  const view = new DataView(buffer);
  view.setUint8(0, kind);
  view.setUint16(2, 3, true);
  view.setUint32(4, 70000, true);
  view.setUint32(8, 48000, true);
  view.setUint32(12, samples, true);
  view.setUint32(16, 100, true);
  view.setUint16(20, lips, true);
  for (let i = 24; i < end; i++) view.setUint8(i, i);
  if (pcm) for (let i = 0; i < samples; i++) view.setInt16(start + 2 * i, 1000 * i - 2000, true);
  return buffer;
}

test("a frame with an odd number of lip frames keeps its sound aligned", () => {
  const frame = parseFrame(frameBytes({ lips: 1, samples: 4 }));
  assert.ok(frame);
  assert.deepEqual([frame.turn, frame.segment, frame.position, frame.samples, frame.lipStart], [70000, 3, 48000, 4, 100]);
  assert.deepEqual([...frame.lips], [24, 25, 26, 27, 28, 29, 30]);
  assert.deepEqual([...(frame.pcm ?? [])], [-2000, -1000, 0, 1000]);
});

test("a frame without sound is read with and without its padding", () => {
  for (const padded of [true, false]) {
    const frame = parseFrame(frameBytes({ lips: 1, pcm: false, padded }));
    assert.equal(frame?.pcm, null);
    assert.equal(frame?.samples, 4);
  }
});

test("an unknown kind of frame is ignored, a broken one is an error", () => {
  assert.equal(parseFrame(frameBytes({ kind: 9 })), null);
  for (const cut of [0, 10, 28, frameBytes().byteLength - 2]) {
    assert.throws(() => parseFrame(frameBytes().slice(0, cut)), ProtocolError, `cut at ${cut}`);
  }
  const lying = frameBytes({ lips: 1, pcm: false });
  new DataView(lying).setUint16(20, 60000, true);
  assert.throws(() => parseFrame(lying), ProtocolError);
});

test("text frames need a type, and a turn where one belongs", () => {
  assert.throws(() => parseText("{"), ProtocolError);
  for (const text of ["null", "3", '"hello"', "[]", "{}", '{"type": 3}', '{"type": "turn.started"}']) {
    assert.throws(() => parseText(text), ProtocolError, text);
  }
  assert.equal(parseText('{"type": "from.the.future", "x": 1}').type, "from.the.future");
});

test("a snapshot is complete, whatever was left out", () => {
  const bare = /** @type {any} */ (parseText('{"type": "session.snapshot"}'));
  assert.deepEqual([bare.history, bare.turn, bare.models.problems, bare.character.name], [[], null, [], ""]);
  assert.deepEqual(bare.audio, { sample_rate: 24000, lip_rate: 50 });
  const busy = /** @type {any} */ (parseText('{"type": "session.snapshot", "turn": {"turn": 7}}'));
  assert.deepEqual(busy.turn, { turn: 7, heard: null, reply: "", expression: null, paused: false });
  assert.deepEqual([bare.ears, bare.mic], [null, { holder: false, viewer: null }]);
  const held = /** @type {any} */ (parseText('{"type": "session.snapshot", "turn": {"turn": 7, "paused": true}, "ears": {"state": "ready"}}'));
  assert.deepEqual([held.turn.paused, held.ears.mode, held.ears.wake_words, held.ears.progress], [true, "open_mic", [], null]);
  assert.deepEqual(/** @type {any} */ (parseText('{"type": "ears", "state": "failed"}')).command, null);
});

test("what carries an older turn than the last one started or ended is late", () => {
  const gate = new TurnGate();
  assert.ok(gate.admit("turn.started", { turn: 3 }));
  assert.ok(!gate.admit("frame", { turn: 2 }));
  assert.ok(gate.admit("frame", { turn: 3 }));
  assert.ok(gate.admit("turn.ended", { turn: 3, status: "completed" }));
  assert.ok(!gate.admit("turn.ended", { turn: 2, status: "interrupted" }));
  assert.ok(gate.admit("latency", { turn: 3 }));
  assert.ok(gate.admit("pong", {}));
});

test("a turn that was cut short brings nothing more to play, but what is for the desk", () => {
  const gate = new TurnGate();
  gate.admit("turn.started", { turn: 5 });
  gate.admit("turn.ended", { turn: 5, status: "interrupted" });
  assert.ok(!gate.admit("frame", { turn: 5 }));
  assert.ok(!gate.admit("segment.started", { turn: 5 }));
  assert.ok(!gate.admit("speech.paused", { turn: 5 }));
  assert.ok(!gate.admit("speech.resumed", { turn: 5 }));
  assert.ok(gate.admit("latency", { turn: 5 }));
  assert.ok(gate.admit("turn.started", { turn: 6 }));
  assert.ok(gate.admit("frame", { turn: 6 }));
});

test("a snapshot starts the count anew, so that a restarted server is heard", () => {
  const gate = new TurnGate();
  gate.admit("turn.started", { turn: 40 });
  gate.reset(/** @type {any} */ (parseText('{"type": "session.snapshot"}')));
  assert.ok(gate.admit("turn.started", { turn: 1 }));
  gate.reset(/** @type {any} */ (parseText('{"type": "session.snapshot", "turn": {"turn": 9}}')));
  assert.ok(!gate.admit("frame", { turn: 8 }));
  assert.ok(gate.admit("frame", { turn: 9 }));
});

test("the pauses between attempts grow from a quarter second to five seconds", () => {
  assert.deepEqual([0, 1, 2, 10, 500].map((n) => retryPause(n, 1)), [250, 500, 1000, 5000, 5000]);
  assert.equal(retryPause(10, 0), 2500);
});

test("the address of the stage follows the page's, below a base path and with encryption", () => {
  const options = { session: "a-b", sound: false };
  assert.equal(stageAddress("http://localhost:12393/?x=1", options), "ws://localhost:12393/stage/ws?session=a-b&sound=0");
  assert.equal(stageAddress("http://h/stage?audio=1", options), "ws://h/stage/ws?session=a-b&sound=0");
  assert.equal(stageAddress("https://h/base/", { session: "m", sound: true }), "wss://h/base/stage/ws?session=m&sound=1");
});

test("a history that changed is complete, whatever the server left out", () => {
  const told = parseText(JSON.stringify({ type: "history", conversation: "c", history: [{ id: 3, role: "user", content: "Hi", siblings: [1, 3] }, {}] }));
  assert.deepEqual(told.history, [
    { id: 3, role: "user", content: "Hi", viewer: null, siblings: [1, 3] },
    { id: null, role: "", content: "", viewer: null, siblings: [] },
  ]);
});
