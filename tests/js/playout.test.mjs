import assert from "node:assert/strict";
import { test } from "node:test";
import { Playout } from "../../live2d_bridge/web/audio/playout.js";
import { SampleRing } from "../../live2d_bridge/web/audio/ring.js";

const RATE = 24000;
const QUANTUM = 128;

/** @param {number} count @param {number} [value] */
const samples = (count, value = 16384) => new Int16Array(count).fill(value);

/** A playout with a clock of its own. */
function rig() {
  /** @type {import("../../live2d_bridge/web/audio/playout.js").Mark[]} */
  const marks = [];
  const playout = new Playout(RATE, (mark) => marks.push(mark));
  let time = 0;
  return {
    playout, marks,
    now: () => time,
    /** @param {number} seconds @returns {number[]} what was heard */
    run(seconds) {
      const heard = [];
      for (const end = time + seconds; time < end; time += QUANTUM / RATE) {
        const out = new Float32Array(QUANTUM);
        playout.render(out, time);
        heard.push(...out);
      }
      return heard;
    },
    last: () => marks[marks.length - 1],
  };
}

/** @param {number[]} heard */
const loud = (heard) => heard.filter((value) => Math.abs(value) > 1e-4).length;

test("the ring gives back what was put in, across its seam and when it grows", () => {
  const ring = new SampleRing(8);
  let next = 0;
  let read = 0;
  let seed = 1;
  for (let round = 0; round < 500; round++) {
    seed = (seed * 16807) % 2147483647;
    const count = seed % 13;
    ring.write(next, Float32Array.from({ length: count }, (_, i) => next + i));
    next += count;
    const out = new Float32Array(seed % 11);
    assert.equal(ring.position, read);
    const got = ring.read(out);
    for (let i = 0; i < got; i++) assert.equal(out[i], read + i);
    read += got;
    assert.equal(ring.length, next - read);
  }
  assert.ok(read > 1000);
});

test("the ring leaves out what it knows and remembers a jump", () => {
  const ring = new SampleRing();
  ring.write(100, samples(10));
  ring.write(105, samples(10));
  assert.deepEqual([ring.length, ring.end], [15, 115]);
  ring.write(200, samples(5));
  ring.read(new Float32Array(15));
  assert.equal(ring.position, 200);
  ring.write(0, samples(5));
  assert.equal(ring.length, 5);
});

test("sound begins with the first frame, without a cushion", () => {
  const { playout, run, marks } = rig();
  playout.begin(1, 0);
  run(0.02);
  playout.push(1, 4800, samples(480));
  assert.equal(loud(run(0.005)), QUANTUM);
  assert.deepEqual([marks[0].position, marks[0].playing, marks[0].turn], [4800, true, 1]);
});

test("marks come every 50 ms while it plays, and say exactly where it stopped", () => {
  const { playout, run, marks, last } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, samples(RATE));
  playout.edge(RATE);
  run(1.5);
  const playing = marks.filter((mark) => mark.playing).map((mark) => mark.time);
  for (let i = 1; i < playing.length; i++) assert.ok(playing[i] - playing[i - 1] <= 0.06, `${playing[i]}`);
  assert.deepEqual([last().position, last().playing, last().underruns, last().gaps], [RATE, false, 0, 1]);
  assert.ok(Math.abs(last().time - 1) > 0.2, "marks go on for a while, so that the ear can catch up");
});

test("running dry within a segment is an under-run, and builds a cushion that waiting cannot outlast", () => {
  const { playout, run, last } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, samples(480));
  run(0.1);
  assert.equal(last().underruns, 1);
  playout.push(1, 480, samples(240));
  assert.equal(loud(run(0.02)), 0, "waits for more than 10 ms of sound");
  playout.push(1, 720, samples(960));
  assert.ok(loud(run(0.02)) > 300, "plays when the cushion is there");
  run(0.2);
  playout.push(1, 1680, samples(100));
  assert.ok(loud(run(0.1)) >= 90, "a short rest is not held back for ever");
});

test("running dry where a segment ends is a gap, not an under-run", () => {
  const { playout, run, last } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, samples(480));
  playout.edge(480);
  run(0.1);
  assert.deepEqual([last().underruns, last().gaps], [0, 1]);
  playout.push(1, 480, samples(240));
  assert.ok(loud(run(0.01)) > 100, "no cushion after a gap");
});

test("a flush is silent after 15 ms, without a click, and reports where it stopped", () => {
  const { playout, run, now, last } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, samples(RATE));
  run(0.1);
  const before = now();
  playout.flush(before);
  assert.deepEqual([last().playing, last().position], [false, Math.round(before * RATE)]);
  const heard = run(0.1);
  const silent = heard.findIndex((value) => value === 0);
  assert.ok(silent > 0 && silent <= 0.0155 * RATE, `silent after ${silent} samples`);
  for (let i = 1; i < heard.length; i++) assert.ok(Math.abs(heard[i] - heard[i - 1]) < 0.01);
  assert.equal(loud(heard.slice(silent)), 0);
});

test("a new turn forgets the old one, whose late frames are not played", () => {
  const { playout, run, last, now } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, samples(RATE));
  run(0.05);
  playout.begin(2, now());
  playout.push(1, 1200, samples(RATE));
  run(0.05);
  assert.equal(loud(run(0.05)), 0);
  playout.push(2, 0, samples(480, 3277));
  assert.ok(run(0.005).every((value) => Math.abs(value - 0.1) < 0.001));
  assert.deepEqual([last().turn, last().position], [2, 0]);
});

test("the same turn goes on after a flush, where the sound was given back to this page", () => {
  const { playout, run, now } = rig();
  playout.begin(1, 0);
  playout.push(1, 0, samples(4800));
  run(0.05);
  playout.flush(now());
  run(0.05);
  playout.push(1, 2400, samples(480));
  assert.ok(loud(run(0.01)) > 100);
});
