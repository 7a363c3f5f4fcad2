import assert from "node:assert/strict";
import { test } from "node:test";
import { drawnTurnOf, duration, spokenTurnOf, tapeLayout, turnOf, waterfallLayout } from "../../live2d_bridge/web/ui/waterfall_layout.js";

const STAGES = { queue: 1, llm: 150, cut: 59, handover: 1, tts: 80, send: 2 };
const LIMIT = "threshold 500 ms";
const WIDTHS = [120, 280, 304, 800];

/**
 * @param {Record<string, number>} stages
 * @param {number} [threshold]
 * @param {number} [total]
 */
function turn(stages, threshold = 500, total = Object.values(stages).reduce((sum, ms) => sum + ms, 0)) {
  const made = turnOf({ figures: { first_audio: total }, stages }, threshold);
  assert.ok(made);
  return made;
}

/** @param {number} actual @param {number} expected */
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 0.01, `${actual} is not ${expected}`);

test("the longest stage is to blame, and only when the first audio was late", () => {
  assert.equal(turn(STAGES).blamed, null);
  assert.equal(turn({ ...STAGES, tts: 500 - 213 }).blamed, null, "at the threshold is in time");
  const late = turn({ ...STAGES, tts: 700 });
  assert.equal(late.blamed?.name, "tts");
  assert.deepEqual(late.stages.filter(({ blamed }) => blamed).map(({ name }) => name), ["tts"]);
  assert.deepEqual(turn({ a: 300, b: 300 }).stages.map(({ blamed }) => blamed), [true, false], "one is enough");
  assert.equal(turnOf({ figures: { first_audio: 900 }, stages: STAGES }, undefined)?.blamed, null);
});

test("without first audio there is nothing to draw, and what is no time is left out", () => {
  assert.equal(turnOf({ figures: {}, stages: STAGES }, 500), null);
  assert.equal(turnOf(/** @type {any} */ ({ figures: null, stages: null }), 500), null);
  assert.equal(turnOf(/** @type {any} */ ({ figures: { first_audio: "9" }, stages: {} }), 500), null);
  const odd = turnOf(/** @type {any} */ ({ figures: { first_audio: 9 }, stages: { a: NaN, b: -1, c: "2", d: null, e: 3 } }), 500);
  assert.deepEqual(odd?.stages.map(({ name }) => name), ["e"]);
  assert.deepEqual(turnOf(/** @type {any} */ ({ figures: { first_audio: 600 } }), 500), { total: 600, stages: [], blamed: null });
});

test("each bar begins where the one before it ended, on the axis of the ticks", () => {
  const { bars, ticks, threshold, plot } = waterfallLayout(turn(STAGES), 500, 304, (name) => name, LIMIT);
  const perMs = (plot.right - plot.left) / (1.03 * 500);
  let at = 0;
  bars.forEach((bar, index) => {
    near(bar.x, plot.left + at * perMs);
    if (bar.ms > 10) near(bar.width, bar.ms * perMs);
    if (index) near(bar.y - bars[index - 1].y, 20);
    at += bar.ms;
  });
  assert.deepEqual(bars.map(({ figure }) => figure), ["1.0 ms", "150 ms", "59 ms", "1.0 ms", "80 ms", "2.0 ms"]);
  near(threshold?.x ?? 0, plot.left + 500 * perMs);
  for (const { x, label } of ticks) near(x, plot.left + parseFloat(label) * perMs);
  const last = ticks[ticks.length - 1];
  assert.equal(last.label, "400 ms");
  near(last.labelX + 3 * 2.8, last.x);
  assert.ok(ticks.slice(0, -1).every(({ x, labelX }) => x === labelX));
});

test("whatever the times and the width, everything stays within the drawing", () => {
  /** @type {Record<string, number>[]} */
  const cases = [{}, { a: 0 }, { a: 0.2, b: 0.4 }, STAGES, { ...STAGES, llm: 600_000 }, { a: 600_000, b: 0 }, { a: 1e-9 }];
  for (const width of WIDTHS) {
    for (const threshold of [0.5, 500, 600_000]) {
      for (const stages of cases) {
        const made = waterfallLayout(turn(stages, threshold), threshold, width, (name) => name, LIMIT);
        for (const { x, width: wide } of made.bars) {
          assert.ok(x >= made.plot.left - 0.01 && x + wide <= made.plot.right + 0.01 && wide > 1, JSON.stringify([width, threshold, stages]));
        }
        assert.ok(made.ticks.length >= 1 && made.ticks.length <= width / 20);
        for (const { x } of made.ticks) assert.ok(x >= made.plot.left && x <= made.plot.right + 0.01);
        assert.ok(made.threshold && made.threshold.x <= width);
        assert.ok(made.height > 0 && Number.isFinite(made.height));
      }
    }
  }
});

test("a threshold far past the edge is told and not drawn", () => {
  const { threshold } = waterfallLayout(turn({ a: 9 }), 500, 304, (name) => name, LIMIT);
  assert.deepEqual(threshold, { x: 304, label: `${LIMIT} ›`, anchor: "end", drawn: false });
  assert.equal(waterfallLayout(turn({ a: 9 }), undefined, 304, (name) => name, "").threshold, null);
});

test("a long name is shortened to its column, and the bars keep their room", () => {
  const { bars, plot } = waterfallLayout(turn({ a_very_long_name_of_a_stage: 100, b: 1 }), 500, 304, (name) => name, LIMIT);
  assert.match(bars[0].label, /^a_very.*…$/);
  assert.ok(plot.right - plot.left > 304 / 3);
  const wide = waterfallLayout(turn({ x: 100 }), 500, 304, () => "とても長い工程の名前です", LIMIT);
  assert.match(wide.bars[0].label, /^とても.*…$/);
});

test("durations are short to read", () => {
  assert.deepEqual([0, 0.44, 9.94, 9.96, 812.4, 9999, 10_000, 600_000].map(duration), ["0.0 ms", "0.4 ms", "9.9 ms", "10 ms", "812 ms", "9999 ms", "10.0 s", "600.0 s"]);
});

test("the tape shows the last turns, the newest at the right, each a pile of its stages", () => {
  const box = { width: 200, height: 100, slots: 20, top: 10 };
  const turns = Array.from({ length: 25 }, (_, index) => turn({ llm: 100 + index, tts: 50 }));
  const { columns, line } = tapeLayout(turns, 500, box);
  assert.equal(columns.length, 20);
  assert.equal(columns[19].turn, turns[24]);
  assert.ok(columns[0].x >= 0 && columns[19].x + columns[19].width <= 200);
  for (const { parts, top } of columns) {
    near(parts[0].y + parts[0].height, 100);
    near(parts[1].y + parts[1].height, parts[0].y);
    near(parts[1].y, top);
    assert.ok(top > (line ?? 0), "in time is below the line");
  }
  near(line ?? 0, 100 - 90 / 1.15);
});

test("one very long turn leaves the line and the others to be seen", () => {
  const box = { width: 200, height: 100, slots: 20, top: 10 };
  const { columns, line } = tapeLayout([turn(STAGES), turn({ llm: 600_000 }), turn({ tts: 0.1 })], 500, box);
  assert.ok(columns.every(({ top }) => top >= 9.99 && top <= 98.5));
  assert.ok((line ?? 0) < 80);
  assert.equal(columns[1].parts[0].blamed, true);
  assert.deepEqual(tapeLayout([], 500, box).columns, []);
  assert.equal(tapeLayout([], undefined, box).line, null);
});

test("a spoken message begins with what passed while it was heard, and is held against its own threshold", () => {
  const stages = { queue: 2, llm: 300 };
  const spoken = { turn: 1, figures: { first_audio: 302, voice_to_voice: 1702 }, stages, hearing: { end_of_turn: 800, asr: 600 } };
  const thresholds = { first_audio_ms: 500, voice_to_voice_ms: 1500 };
  const drawn = drawnTurnOf(spoken, thresholds);
  assert.deepEqual(drawn?.turn.stages.map(({ name }) => name), ["end_of_turn", "asr", "queue", "llm"]);
  assert.deepEqual([drawn?.turn.total, drawn?.turn.spoken, drawn?.turn.blamed?.name, drawn?.threshold], [1702, true, "end_of_turn", 1500]);
  for (const typed of [{ ...spoken, hearing: {} }, { ...spoken, hearing: undefined }, { ...spoken, figures: { first_audio: 302 } }]) {
    assert.equal(spokenTurnOf(typed, 1500), null);
    assert.deepEqual(drawnTurnOf(typed, thresholds), { turn: turnOf(typed, 500), threshold: 500 });
  }
  assert.equal(drawnTurnOf({ turn: 1, figures: {}, stages: {} }, thresholds), null);
});
