import assert from "node:assert/strict";
import { test } from "node:test";
import { CHUNK_SAMPLES, decibels, MIC_RATE, MicChunks, micFrame } from "../../live2d_bridge/web/audio/mic_chunks.js";
import { Resampler } from "../../live2d_bridge/web/audio/resampler.js";
import { tables } from "../../live2d_bridge/web/i18n.js";
import { HEARS, micState, problemOf, TROUBLE } from "../../live2d_bridge/web/mic_state.js";
import { localAddress, micWords } from "../../live2d_bridge/web/ui/mic_words.js";

/** @typedef {import("../../live2d_bridge/web/mic_state.js").MicFacts} MicFacts */

/** @param {number} frequency Hz @param {number} rate Hz @param {number} count */
const sine = (frequency, rate, count) => Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * frequency * i) / rate));

/** In pieces of uneven length, as they come. @param {Resampler} resampler @param {Float32Array} samples @param {number} [piece] */
function inPieces(resampler, samples, piece = 128) {
  const out = [];
  for (let at = 0; at < samples.length; at += piece) out.push(...resampler.process(samples.subarray(at, at + piece)));
  return out;
}

/** Without the begin and the end. @param {number[]} samples */
const rms = (samples) => Math.sqrt(samples.slice(400, -400).reduce((sum, one) => sum + one * one, 0) / (samples.length - 800));

for (const rate of [48000, 44100, 96000, 22050, 8000]) {
  test(`from ${rate} Hz the level, the pitch and the length stay`, () => {
    for (const frequency of [100, 1000, 3000]) {
      const out = inPieces(new Resampler(rate, MIC_RATE), sine(frequency, rate, rate));
      assert.ok(out.length > 0.985 * MIC_RATE && out.length <= MIC_RATE, `${out.length} samples of a second`);
      assert.ok(Math.abs(rms(out) - 0.5 / Math.SQRT2) < 0.004, `${frequency} Hz: ${rms(out)}`);
      const expected = sine(frequency, MIC_RATE, out.length);
      const off = Math.max(...out.slice(400, -400).map((one, i) => Math.abs(one - expected[i + 400])));
      assert.ok(off < 0.01, `${frequency} Hz is off by ${off}`);
    }
  });
}

test("what lies above half of the new rate does not fold back", () => {
  for (const rate of [48000, 44100]) {
    for (const frequency of [9000, 10000, 13000, 15500, 20000]) {
      const left = rms(inPieces(new Resampler(rate, MIC_RATE), sine(frequency, rate, rate)));
      assert.ok(left < 0.0005, `${frequency} Hz of ${rate}: ${left}`);
    }
  }
});

test("how the sound is cut into pieces makes no difference", () => {
  const sound = sine(440, 44100, 44100);
  const whole = [...new Resampler(44100, MIC_RATE).process(sound)];
  for (const piece of [1, 127, 128, 4096]) assert.deepEqual(inPieces(new Resampler(44100, MIC_RATE), sound, piece), whole, `pieces of ${piece}`);
});

test("pieces have 20 ms, follow each other, and are as loud as they sound", () => {
  /** @type {import("../../live2d_bridge/web/audio/mic_chunks.js").Chunk[]} */
  const chunks = [];
  const taker = new MicChunks(MIC_RATE, (chunk) => chunks.push(chunk));
  const sound = sine(500, MIC_RATE, 1600);
  for (let at = 0; at < sound.length; at += 128) taker.take(sound.subarray(at, at + 128));
  assert.deepEqual(chunks.map(({ position }) => position), [0, 320, 640, 960, 1280]);
  assert.deepEqual(chunks.flatMap(({ samples }) => [...samples]), [...sound].map((one) => Math.round(one * 32767) + 0));
  assert.ok(chunks.every(({ rms: level }) => Math.abs(level - 0.5 / Math.SQRT2) < 0.001));
});

test("sound that is too loud, or no number, is limited and never wraps", () => {
  /** @type {number[]} */
  const heard = [];
  const taker = new MicChunks(MIC_RATE, ({ samples }) => heard.push(...samples));
  taker.take(new Float32Array(CHUNK_SAMPLES).fill(0).map((_, i) => [2, -2, NaN, Infinity][i % 4]));
  assert.deepEqual(heard.slice(0, 4), [32767, -32767, 0, 32767]);
});

test("a frame has the header of the protocol", () => {
  const view = new DataView(micFrame(70000, Int16Array.from([1, -2, 32767])));
  assert.deepEqual([view.byteLength, view.getUint8(0), view.getUint8(1), view.getUint16(2, true), view.getUint32(4, true)], [14, 2, 0, 0, 70000]);
  assert.deepEqual([8, 10, 12].map((at) => view.getInt16(at, true)), [1, -2, 32767]);
  assert.equal(new DataView(micFrame(2 ** 32 + 5, new Int16Array(1))).getUint32(4, true), 5);
  assert.deepEqual([decibels(1), Math.round(decibels(0.1)), decibels(0)], [0, -20, -100]);
});

/** @param {Partial<import("../../live2d_bridge/web/protocol.js").Ears>} [changes] @returns {import("../../live2d_bridge/web/protocol.js").Ears} */
const ears = (changes = {}) => ({ state: "ready", mode: "open_mic", half_duplex: false, wake_words: [], engine: "x", progress: null, message: null, command: null, ...changes });

/** @param {Partial<MicFacts>} changes to a microphone that is heard */
const stateOf = (changes) => micState({
  wanted: true, secure: true, supported: true, permission: "granted", problem: null, opening: false, open: true, silent: false, linked: true,
  started: true, mic: { holder: true, viewer: "me" }, ears: ears(), mode: "open_mic", talking: false, active: false, ...changes,
});

test("a microphone says the first thing that stands between the speaker and being heard", () => {
  const closed = { open: false, started: false, mic: { holder: false, viewer: null } };
  /** @type {[string, Partial<MicFacts>][]} */
  const cases = [
    ["off", { wanted: false, mic: { holder: false, viewer: null }, secure: false, problem: "denied" }],
    ["elsewhere", { wanted: false, mic: { holder: false, viewer: "v9" } }],
    ["insecure", { secure: false, supported: false }],
    ["unsupported", { supported: false }],
    ["ears_off", { ...closed, ears: ears({ state: "off" }) }],
    ["asking", { ...closed, opening: true, permission: "prompt" }],
    ["asking", { ...closed, opening: true, permission: null }],
    ["opening", { ...closed, opening: true }],
    ["unlinked", { linked: false, started: false }],
    ["ears_failed", { ...closed, ears: ears({ state: "failed" }) }],
    ["silent", { silent: true }],
    ["fetching", { ears: ears({ state: "fetching" }) }],
    ["loading", { ears: ears({ state: "loading" }) }],
    ["loading", { ears: ears({ state: "idle" }) }],
    ["starting", { mic: { holder: false, viewer: "v9" } }],
    ["hold", { mode: "push_to_talk", active: true }],
    ["talking", { mode: "push_to_talk", talking: true }],
    ["wake", { mode: "wake_word" }],
    ["hearing", { mode: "wake_word", active: true }],
    ["listening", {}],
    ["hearing", { active: true }],
  ];
  for (const problem of /** @type {const} */ (["denied", "dismissed", "no_device", "busy", "lost", "trouble"])) cases.push([problem, { ...closed, problem }]);
  for (const [state, changes] of cases) assert.equal(stateOf(changes), state, JSON.stringify(changes));
});

test("every state but off has words in every language, and every trouble a remedy", () => {
  const about = { ears: ears({ state: "failed", message: "no model", command: "hayakuchi model" }), message: "why", word: "Kiyo", address: "http://127.0.0.1/" };
  const states = /** @type {import("../../live2d_bridge/web/mic_state.js").MicState[]} */ ([
    ...TROUBLE, ...HEARS, "elsewhere", "asking", "opening", "unlinked", "starting", "fetching", "loading",
  ]);
  for (const state of states) {
    const words = micWords(state, about);
    assert.ok(words && words.title.length > 2, state);
    assert.doesNotMatch(JSON.stringify(words), /undefined|\{\w+\}/, state);
    if (TROUBLE.has(state)) assert.ok(words.remedy || words.again, state);
    for (const language of Object.values(tables)) assert.ok(state === "unlinked" || `mic_${state}` in language, state);
  }
  assert.equal(micWords("off", about), null);
  assert.deepEqual([micWords("ears_failed", about)?.code, micWords("insecure", about)?.code], ["hayakuchi model", "http://127.0.0.1/"]);
  assert.equal(micWords("ears_failed", { ...about, ears: null })?.code, "");
  const named = ears({ state: "failed", message: "Not here: type: get it", command: "get it" });
  const told = micWords("ears_failed", { ...about, ears: named });
  assert.deepEqual([told?.remedy, told?.code], ["Not here: type:", "get it"], "the command is not said twice");
  assert.equal(localAddress("http://192.168.1.7:12393/?session=a"), "http://127.0.0.1:12393/?session=a");
});

test("the browser's refusal is told apart", () => {
  const named = (/** @type {string} */ name) => new DOMException("x", name);
  assert.equal(problemOf(named("NotAllowedError"), "denied"), "denied");
  assert.equal(problemOf(named("NotAllowedError"), "granted"), "denied", "the system refuses");
  assert.equal(problemOf(named("NotAllowedError"), "prompt"), "dismissed");
  assert.equal(problemOf(named("NotFoundError"), null), "no_device");
  assert.equal(problemOf(named("NotReadableError"), null), "busy");
  assert.equal(problemOf(new TypeError("x"), null), "trouble");
  assert.equal(problemOf("x", null), "trouble");
});
