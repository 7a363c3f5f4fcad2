import assert from "node:assert/strict";
import { test } from "node:test";
import { ArrivalClock, SoundClock } from "../../live2d_bridge/web/audio/clock.js";
import { LipTrack, MouthMotion } from "../../live2d_bridge/web/lips.js";
import { PlaybackReporter } from "../../live2d_bridge/web/playback_reporter.js";
import { TurnTimeline } from "../../live2d_bridge/web/timeline.js";

/** @param {number} open @param {number} [form] */
const lip = (open, form = 128) => [open, form, 0, 0, 0, 0, 0];

/** @param {number} got @param {number} wanted */
const near = (got, wanted) => assert.ok(Math.abs(got - wanted) < 0.01, `${got} is not ${wanted}`);

test("lip frames are interpolated on the turn's time, and closed where there are none", () => {
  const track = new LipTrack(50);
  track.add(10, Uint8Array.from([...lip(0), ...lip(255, 255), ...lip(255, 1)]));
  near(track.sample(210).open, 0.5);
  near(track.sample(220).open, 1);
  near(track.sample(220).form, 1);
  near(track.sample(230).form, 0);
  near(track.sample(240).form, -1);
  assert.equal(track.sample(100).open, 0);
  near(track.sample(100).form, 0);
  assert.equal(track.sample(5000).open, 0);
  assert.equal(track.sample(-50).open, 0);
});

test("a track takes frames in any chunks, twice the same, and refuses an absurd index", () => {
  const track = new LipTrack(50);
  for (let i = 0; i < 5000; i++) track.add(i, Uint8Array.from(lip(i % 256)));
  track.add(3, Uint8Array.from(lip(3)));
  for (const i of [0, 7, 255, 3000, 4999]) near(track.sample(i * 20).open, (i % 256) / 255);
  track.add(4_000_000_000, Uint8Array.from(lip(255)));
  near(track.sample(20 * 7).open, 7 / 255);
});

test("the mouth closes within a tenth of a second when the sound stops", () => {
  const track = new LipTrack(50);
  track.add(0, Uint8Array.from(Array.from({ length: 100 }, () => lip(255)).flat()));
  const motion = new MouthMotion();
  near(motion.follow(track, { ms: 500, playing: true }, 1000).open, 1);
  let open = 1;
  for (let now = 1016; now < 1130; now += 16) {
    const next = motion.follow(track, { ms: 500, playing: false }, now).open;
    assert.ok(next <= open);
    open = next;
  }
  assert.ok(open < 0.08, `still ${open}`);
  assert.equal(motion.follow(track, { ms: 500, playing: false }, 2000).open, 0);
});

test("the sound's clock runs between marks, stops at the next, and knows nothing before the first", () => {
  const clock = new SoundClock(1000);
  assert.equal(clock.at(1), null);
  clock.mark({ time: 10, position: 500, playing: true });
  assert.deepEqual(clock.at(9.9), { ms: 500, playing: false });
  near(clock.at(10.25)?.ms ?? 0, 750);
  clock.mark({ time: 10.5, position: 1000, playing: false });
  assert.deepEqual(clock.at(12), { ms: 1000, playing: false });
  assert.ok(clock.at(10.3)?.playing, "a little ago it still played");
  clock.mark({ time: 13, position: 1000, playing: true });
  near(clock.at(13.1)?.ms ?? 0, 1100);
});

test("the clock without sound starts with the first frame, waits for missing ones and jumps after a sleep", () => {
  const clock = new ArrivalClock();
  assert.deepEqual(clock.at(5), { ms: 0, playing: false });
  clock.arrived(1000, 1100, 50);
  assert.deepEqual(clock.at(90), { ms: 1040, playing: true });
  assert.deepEqual(clock.at(900), { ms: 1100, playing: false });
  clock.arrived(1100, 1200, 1000);
  assert.deepEqual(clock.at(1050), { ms: 1150, playing: true });
  for (let at = 1200; at < 3200; at += 20) clock.arrived(at, at + 20, 1060);
  assert.ok(clock.at(1060).ms >= 2600, `${clock.at(1060).ms}: the server is never that far ahead`);
});

test("playback is reported every 50 to 100 ms, once exactly at the end, and not again", () => {
  /** @type {[number, number, number][]} */
  const sent = [];
  let now = 0;
  const reporter = new PlaybackReporter((turn, ms) => sent.push([turn, ms, now]));
  for (now = 0; now < 1000; now += 16) reporter.tick({ turn: 4, ms: now, playing: true }, now);
  for (let i = 1; i < sent.length; i++) {
    const pause = sent[i][2] - sent[i - 1][2];
    assert.ok(pause >= 48 && pause <= 100, `${pause}`);
  }
  assert.ok(sent.length >= 10);
  const before = sent.length;
  for (; now < 1500; now += 16) reporter.tick({ turn: 4, ms: 1003, playing: false }, now);
  assert.deepEqual(sent.slice(before).map(([turn, ms]) => [turn, ms]), [[4, 1003]]);
});

test("a sound too short to be seen playing is reported too, and a position never goes back", () => {
  /** @type {[number, number][]} */
  const sent = [];
  const reporter = new PlaybackReporter((turn, ms) => sent.push([turn, ms]));
  reporter.tick(null, 0);
  reporter.tick({ turn: 1, ms: 0, playing: false }, 10);
  assert.deepEqual(sent, []);
  reporter.tick({ turn: 1, ms: 20, playing: false }, 30);
  reporter.tick({ turn: 1, ms: 12, playing: true }, 100);
  assert.deepEqual(sent, [[1, 20]]);
  reporter.tick({ turn: 2, ms: 5, playing: true }, 110);
  assert.deepEqual(sent[1], [2, 5]);
});

test("cues come when the sound reaches them, all at the end, none after a cut", () => {
  const timeline = new TurnTimeline();
  timeline.begin(1);
  const segment = { turn: 1, segment: 0, silent: false };
  timeline.start({ ...segment, text: "Hello ", at_ms: 0, expressions: ["joy", "shy"] });
  timeline.start({ ...segment, text: "you.", at_ms: 500, expressions: [] });
  assert.deepEqual(timeline.due(0), [{ atMs: 0, text: "Hello " }, { atMs: 0, expression: "joy" }]);
  assert.deepEqual(timeline.due(400), []);
  assert.deepEqual(timeline.due(500), [{ atMs: 500, text: "you." }]);
  assert.equal(timeline.spoken, "Hello you.");
  timeline.reaches(1000);
  timeline.end(true);
  assert.ok(!timeline.over({ ms: 900, playing: true }));
  assert.ok(timeline.over({ ms: 1000, playing: false }));
  assert.deepEqual(timeline.due(Infinity), [{ atMs: 900, expression: "shy" }]);
  timeline.begin(2);
  timeline.start({ ...segment, turn: 2, text: "Never said", at_ms: 100, expressions: [] });
  timeline.end(false);
  assert.deepEqual(timeline.due(Infinity), []);
  assert.ok(timeline.over({ ms: 0, playing: true }));
});
