import assert from "node:assert/strict";
import { test } from "node:test";
import { ArrivalClock } from "../../live2d_bridge/web/audio/clock.js";
import { Playout } from "../../live2d_bridge/web/audio/playout.js";
import { ScheduledVoice } from "../../live2d_bridge/web/audio/scheduled.js";

const RATE = 24000;
const QUANTUM = 128;
const FADE = 0.015 * RATE;

/** @typedef {import("../../live2d_bridge/web/audio/playout.js").Mark} Mark */

/** Samples that tell their position. @param {number} from @param {number} count */
const counting = (from, count) => Float32Array.from({ length: count }, (_, i) => (from + i + 1) / RATE);

function rig() {
  /** @type {Mark[]} */
  const marks = [];
  const playout = new Playout(RATE, (mark) => marks.push(mark));
  let time = 0;
  return {
    playout, marks,
    now: () => time,
    /** @param {number} quanta @returns {number[]} */
    run(quanta) {
      const heard = [];
      for (let i = 0; i < quanta; i++, time += QUANTUM / RATE) {
        const out = new Float32Array(QUANTUM);
        playout.render(out, time);
        heard.push(...out);
      }
      return heard;
    },
    last: () => marks[marks.length - 1],
  };
}

/** Positions of the samples that were played as they are. @param {number[]} heard */
const positions = (heard) => heard.filter((value) => value !== 0).map((value) => Math.round(value * RATE) - 1);

/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

test("what is played before and after it was held is all of the sound, in order", () => {
  const { playout, run, now, last } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, counting(0, 12800));
  const before = run(20);
  const at = 20 * QUANTUM;
  playout.hold(now());
  assert.deepEqual([last().position, last().playing], [at, false]);
  const held = run(100);
  playout.push(1, 12800, counting(12800, 12800));
  playout.resume();
  const after = run(200);

  assert.deepEqual(positions(before), range(0, at));
  assert.ok(held.slice(FADE).every((value) => value === 0), "silent after 15 ms");
  const ramp = 0.003 * RATE;
  assert.deepEqual(positions(after.slice(ramp, 25600 - at)), range(at + ramp, 25600), "goes on with what was faded out");
  for (let i = 0; i < ramp; i++) assert.ok(after[i] <= (at + i + 1) / RATE && (i === 0 || after[i] > after[i - 1]), "fades in");
  assert.deepEqual([last().position, last().turn], [25600, 1]);
});

test("neither holding nor going on clicks, also near the end of what there is", () => {
  for (const left of [2000, 200, 3, 0]) {
    const { playout, run, now } = rig();
    playout.begin(1, 0);
    playout.push(1, 0, new Float32Array(5 * QUANTUM + left).fill(0.5));
    const heard = run(5);
    playout.hold(now());
    heard.push(...run(30));
    playout.push(1, 5 * QUANTUM + left, new Float32Array(4000).fill(0.5));
    playout.resume();
    heard.push(...run(20));
    const steps = heard.slice(1).map((value, i) => Math.abs(value - heard[i]));
    assert.ok(Math.max(...steps) < (left > 100 ? 0.01 : 0.51), `${left}: ${Math.max(...steps)}`);
  }
});

test("sound that comes while held waits, however long, and a new turn is not held", () => {
  const { playout, run, now } = rig();
  playout.begin(1, 0);
  playout.hold(0);
  playout.push(1, 0, counting(0, 1280));
  assert.deepEqual(positions(run(1000)), []);
  playout.begin(2, now());
  playout.push(2, 0, counting(0, 1280));
  assert.deepEqual(positions(run(10)), range(0, 1280));
});

test("a turn that is cut while it is held is dropped", () => {
  const { playout, run, now } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, counting(0, 12800));
  run(5);
  playout.hold(now());
  run(50);
  playout.flush(now());
  playout.resume();
  assert.deepEqual(positions(run(200)), []);
});

test("what is held is held also after the sound was given away and came back", () => {
  const { playout, run, now } = rig();
  playout.begin(1, 0);
  playout.hold(0);
  playout.flush(now());
  playout.push(1, 640, counting(640, 640));
  assert.deepEqual(positions(run(20)), []);
  playout.resume();
  assert.deepEqual(positions(run(20).slice(100, 640)), range(740, 1280));
});

/** A context that only keeps what it was told to play, and a clock that the test turns. */
function scheduledRig() {
  /** @type {{buffer: any, when: number, offset: number, until: number, onended: (() => void) | null}[]} */
  const nodes = [];
  const parameter = { cancelScheduledValues() {}, setValueAtTime() {}, linearRampToValueAtTime() {} };
  const context = {
    currentTime: 0, sampleRate: RATE,
    createGain: () => ({ gain: parameter, connect() {} }),
    createBuffer: (/** @type {number} */ _channels, /** @type {number} */ length) => {
      const data = new Float32Array(length);
      return { length, duration: length / RATE, sampleRate: RATE, getChannelData: () => data };
    },
    createBufferSource() {
      const node = {
        buffer: /** @type {any} */ (null), when: 0, offset: 0, until: Infinity, onended: null, connect() {},
        start(/** @type {number} */ when, /** @type {number} */ offset = 0) { Object.assign(node, { when, offset: Math.round(offset * RATE) }); },
        stop(/** @type {number} */ when) { node.until = when; },
      };
      nodes.push(node);
      return node;
    },
  };
  /** @type {Mark[]} */
  const marks = [];
  const voice = new ScheduledVoice(/** @type {any} */ (context), /** @type {any} */ ({}), (mark) => marks.push(mark));
  return {
    voice, context, marks,
    /** What sounds in a span of time, as values of the samples. @param {number} from @param {number} to */
    sounding: (from, to) => nodes.flatMap(({ buffer, when, offset, until }) =>
      [...buffer.getChannelData(0)].slice(offset).filter((_, i) => {
        const at = when + i / RATE;
        return at >= from - 1e-9 && at < Math.min(to, until) - 1e-9;
      })),
  };
}

test("scheduled sound loses nothing by being held either", () => {
  const { voice, context, marks, sounding } = scheduledRig();
  const frame = (/** @type {number} */ from) => Int16Array.from({ length: 2400 }, (_, i) => from + i + 1);
  const value = (/** @type {number[]} */ heard) => heard.map((one) => Math.round(one * 32768) - 1);
  voice.begin(1);
  for (const from of [0, 2400, 4800]) voice.push(1, from, frame(from));
  context.currentTime = 0.13;
  voice.hold();
  voice.hold();
  const at = 0.12 * RATE;
  assert.deepEqual(value(sounding(0, 0.13)), range(0, at));
  assert.deepEqual([marks[marks.length - 1].position, marks[marks.length - 1].playing], [at, false]);
  context.currentTime = 2;
  voice.push(1, 7200, frame(7200));
  assert.deepEqual(sounding(0.13 + 0.015, 9), [], "silent after 15 ms, what comes waits");
  voice.resume();
  assert.deepEqual(value(sounding(2, 9)), range(at, 9600));
  const going = marks[marks.length - 1];
  assert.deepEqual([going.position, going.playing], [at, true]);
  voice.hold();
  voice.flush();
  voice.resume();
  assert.deepEqual(sounding(2.02, 9), []);
});

test("the clock of a page without sound stands still while the voice is held", () => {
  const clock = new ArrivalClock();
  clock.arrived(0, 400, 1000);
  clock.hold(true, 1100);
  assert.deepEqual(clock.at(5000), { ms: 100, playing: false });
  clock.arrived(400, 450, 5000);
  clock.hold(false, 6000);
  assert.deepEqual(clock.at(6100), { ms: 200, playing: true });
  clock.hold(true, 6100);
  clock.reset();
  clock.arrived(0, 400, 7000);
  assert.deepEqual(clock.at(7100), { ms: 100, playing: true });
});
