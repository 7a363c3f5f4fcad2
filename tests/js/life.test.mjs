import assert from "node:assert/strict";
import { test } from "node:test";

import { createMotion } from "../../live2d_bridge/web/avatar/driver.js";
import { ALIASES, EXPRESSIONS, createExpressions, resolve } from "../../live2d_bridge/web/avatar/expressions.js";
import { createIdle } from "../../live2d_bridge/web/avatar/idle.js";
import { DEFAULTS, PARAMETERS, complete } from "../../live2d_bridge/web/avatar/parameters.js";
import { advance, createHair } from "../../live2d_bridge/web/avatar/physics.js";
import { pictureAddress } from "../../live2d_bridge/web/scenes/flat.js";
import { skyAt } from "../../live2d_bridge/web/scenes/room.js";

/** @typedef {import("../../live2d_bridge/web/avatar/idle.js").Context} Context */

/** @param {number} seed @param {number} seconds @param {Context} [context] */
function live(seed, seconds, context) {
  const idle = createIdle(seed);
  return Array.from({ length: Math.round(seconds * 60) }, () => idle.update(1000 / 60, context));
}

/** @param {number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

test("the same seed lives the same life, another one does not", () => {
  assert.deepEqual(live(5, 20), live(5, 20));
  assert.notDeepEqual(live(5, 20), live(6, 20));
});

test("blinks come every 2 to 6 seconds, sometimes in pairs", () => {
  /** @type {number[]} */
  const starts = [];
  const frames = live(11, 600);
  for (let i = 1; i < frames.length; i++) if (frames[i].ParamEyeLOpen < 0.5 && frames[i - 1].ParamEyeLOpen >= 0.5) starts.push(i / 60);
  const gaps = starts.slice(1).map((t, i) => t - starts[i]);
  const single = gaps.filter((gap) => gap > 1);
  const doubles = gaps.length - single.length;
  assert.ok(Math.min(...single) > 1.9 && Math.max(...single) < 6.2, `${Math.min(...single)} ${Math.max(...single)}`);
  assert.ok(doubles > 5 && doubles < gaps.length / 3, `${doubles} of ${gaps.length}`);
  assert.ok(frames.some((p) => p.ParamEyeLOpen < 0.05) && mean(frames.map((p) => p.ParamEyeLOpen)) > 0.9);
});

test("everything idle says is known, finite and in range, for any frame time", () => {
  for (const state of /** @type {const} */ (["idle", "listening", "thinking", "speaking"])) {
    const idle = createIdle(3);
    for (let i = 0; i < 3000; i++) {
      const out = idle.update([1, 16, 200, 5000, NaN, -4][i % 6], { state, energy: i % 7 ? 0 : 5, gaze: { x: 9, y: NaN }, quietMs: i * 60 });
      for (const [id, value] of Object.entries(out)) {
        const { min, max } = PARAMETERS[id];
        assert.ok(value >= min && value <= max, `${state} ${id} ${value}`);
      }
    }
  }
});

test("states show: thinking looks up, speech nods, sleep comes after a minute", () => {
  const y = (/** @type {Context} */ context) => mean(live(2, 8, context).slice(120).map((p) => p.ParamEyeBallY));
  assert.ok(y({ state: "thinking" }) > y({ state: "idle" }) + 0.4);
  const idle = createIdle(4);
  const angles = Array.from({ length: 600 }, (_, i) => idle.update(16, { state: "speaking", energy: i % 40 < 12 ? 0.9 : 0.1 }).ParamAngleY);
  assert.ok(Math.min(...angles) < -3.5);
  const eyes = (/** @type {number} */ quietMs) => mean(live(2, 20, { quietMs }).slice(-300).map((p) => p.ParamEyeLOpen));
  assert.ok(eyes(0) > 0.85 && eyes(70_000) < 0.6 && eyes(100_000) < 0.05);
  assert.ok(mean(live(2, 6, { gaze: { x: 1, y: 0 } }).slice(-60).map((p) => p.ParamAngleX)) > 8);
});

test("springs are stable from 1 to 200 ms and settle on the target", () => {
  for (let dt = 1; dt <= 200; dt++) {
    const spring = { position: 0, speed: 0 };
    for (let t = 0; t < 8000; t += dt) {
      advance(spring, 1, 15, 0.2, dt);
      assert.ok(Math.abs(spring.position) < 2, `dt ${dt}`);
    }
    assert.ok(Math.abs(spring.position - 1) < 0.01, `dt ${dt}: ${spring.position}`);
  }
});

test("hair swings after the head moved, then hangs", () => {
  const hair = createHair();
  const turned = complete({ ParamAngleX: 30, ParamAngleZ: 20 });
  const first = hair.update(16, turned).ParamHairBack;
  assert.ok(first < -0.5, "it lags behind");
  const seen = Array.from({ length: 120 }, () => hair.update(16, turned).ParamHairBack);
  assert.ok(Math.max(...seen) > 0.2, "it overshoots");
  for (let i = 0; i < 600; i++) hair.update(16, turned);
  assert.ok(Math.abs(hair.update(16, turned).ParamHairBack) < 0.2, "only the breeze is left");
});

test("expressions fade in and out, and neutral leaves no trace", () => {
  const e = createExpressions();
  e.set("joy", {}, 200);
  const smile = () => e.apply({ ...DEFAULTS }).ParamMouthForm;
  assert.equal(smile(), 0);
  e.update(100);
  assert.ok(smile() > 0.4 && smile() < 0.6);
  e.update(100);
  assert.equal(smile(), 1);
  e.set("neutral", {}, 100);
  e.update(100);
  assert.deepEqual(e.apply({ ...DEFAULTS }), { ...DEFAULTS });
  assert.equal(e.current(), "neutral");
});

test("a character's own values overwrite, but eyes still blink", () => {
  const e = createExpressions();
  e.set("joy", { ParamMouthForm: -0.8, ParamEyeLOpen: 0.5, ParamAngleX: NaN }, 0);
  e.update(16);
  const out = e.apply({ ...DEFAULTS, ParamEyeLOpen: 0.2, ParamAngleX: 3 });
  assert.equal(out.ParamMouthForm, -0.8);
  assert.equal(out.ParamEyeLOpen, 0.1);
  assert.equal(out.ParamAngleX, 3);
  assert.equal(out.ParamCheek, 0.9);
});

test("names: aliases lead to expressions, expressions to known parameters", () => {
  for (const name of Object.values(ALIASES)) assert.ok(name in EXPRESSIONS);
  for (const expression of Object.values(EXPRESSIONS)) for (const id of Object.keys(expression)) assert.ok(id in PARAMETERS, id);
  assert.equal(resolve(" Happy "), "joy");
  assert.equal(resolve("constructor"), null);
  assert.equal(resolve("toString"), null);
});

test("a hundred quick changes leave one expression, not a hundred", () => {
  const e = createExpressions();
  for (let i = 0; i < 100; i++) { e.set(i % 2 ? "joy" : "anger", {}, 100); e.update(16); }
  for (let i = 0; i < 10; i++) e.update(16);
  assert.equal(e.apply({ ...DEFAULTS }).ParamMouthForm, 1);
});

test("the lips have the last word while there is speech, the expression before and after", () => {
  const motion = createMotion(1);
  const run = (/** @type {number} */ ms) => { let p = motion.update(16); for (let t = 16; t < ms; t += 16) p = motion.update(16); return p; };
  motion.expressions.set("surprise", {}, 100);
  assert.ok(run(600).ParamMouthOpenY > 0.4);
  motion.context.state = "speaking";
  assert.ok(run(600).ParamMouthOpenY < 0.01, "a pause in speech is a shut mouth");
  motion.lips.set({ open: 0.8, A: 1, form: NaN });
  const p = run(300);
  assert.ok(Math.abs(p.ParamMouthOpenY - 0.8) < 0.01 && p.ParamA > 0.98 && p.ParamO < 0.02);
  motion.lips.set({});
  motion.context.state = "idle";
  assert.ok(run(2000).ParamMouthOpenY > 0.4);
});

test("scenes: the sky follows the clock, pictures come only from where pictures come from", () => {
  assert.deepEqual([3, 6, 12, 18, 23, -1, 36].map(skyAt), ["night", "dusk", "day", "dusk", "night", "night", "day"]);
  assert.equal(pictureAddress("cat.png", "http://127.0.0.1:1/a/"), "http://127.0.0.1:1/a/cat.png");
  assert.ok(pictureAddress("data:image/png;base64,AAAA", "http://x/"));
  for (const text of ["javascript:alert(1)", "data:text/html,<b>", "file:///etc/passwd", "http://["]) assert.equal(pictureAddress(text, "http://x/"), null);
});
