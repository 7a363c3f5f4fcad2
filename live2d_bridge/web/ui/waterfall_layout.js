/**
 * Where the parts of a latency drawing lie, in px. Nothing here touches the page, so all of it runs in Node as well.
 *
 * A stage is to blame when the first audio came after the threshold and no stage took longer.
 */
import { textWidth } from "../captions.js";

/** @typedef {import("../protocol.js").Latency} Latency */
/** @typedef {{name: string, ms: number, blamed: boolean}} Stage */
/** @typedef {{total: number, stages: Stage[], blamed: Stage | null, spoken?: boolean}} Turn `spoken`: it begins with the speaker's last sound */
/** @typedef {{x: number, label: string, anchor: "start" | "middle" | "end"}} Mark */
/** @typedef {Mark & {labelX: number}} Tick a line at `x`, its label at `labelX` */
/** @typedef {Stage & {x: number, y: number, width: number, label: string, figure: string}} Bar */
/**
 * @typedef {object} Waterfall
 * @property {number} width
 * @property {number} height
 * @property {{left: number, right: number, top: number, bottom: number}} plot
 * @property {Bar[]} bars
 * @property {Tick[]} ticks
 * @property {Mark & {drawn: boolean} | null} threshold not `drawn`: it lies past the right edge
 */
/** @typedef {{name: string, y: number, height: number, blamed: boolean}} Part */
/** @typedef {{x: number, width: number, top: number, turn: Turn, parts: Part[]}} Column */

export const ROW = 20;
export const BAR = 9;
const TOP = 19;
const BOTTOM = 20;
const FIGURES = 60;
const GAP = 10;
const UNIT = 5.9;
const AXIS_UNIT = 5.6;
const HAIRLINE = 1.5;
const TICK_SPACE = 46;
/** An axis is at most so many times what is usual: one turn of ten minutes must not flatten all others. */
const LONG = 4;

/**
 * What there is to draw of a turn; null when nothing of it was heard.
 * @param {Pick<Latency, "figures" | "stages">} latency
 * @param {number | undefined} threshold ms
 * @returns {Turn | null}
 */
export function turnOf({ figures, stages }, threshold) {
  const total = figures?.first_audio;
  if (!Number.isFinite(total) || total < 0) return null;
  const known = Object.entries(stages ?? {}).filter(([, ms]) => Number.isFinite(ms) && ms >= 0);
  const most = Math.max(...known.map(([, ms]) => ms));
  const culprit = threshold && total > threshold ? known.findIndex(([, ms]) => ms === most) : -1;
  const list = known.map(([name, ms], index) => ({ name, ms, blamed: index === culprit }));
  return { total, stages: list, blamed: list[culprit] ?? null };
}

/**
 * The same from the last sound of the speaker on; null when the message was typed.
 * @param {Pick<Latency, "figures" | "stages" | "hearing">} latency
 * @param {number | undefined} threshold ms
 * @returns {Turn | null}
 */
export function spokenTurnOf({ figures, stages, hearing }, threshold) {
  if (!hearing || Object.keys(hearing).length === 0 || figures?.voice_to_voice === undefined) return null;
  const turn = turnOf({ figures: { first_audio: figures.voice_to_voice }, stages: { ...hearing, ...stages } }, threshold);
  return turn && { ...turn, spoken: true };
}

/**
 * What is drawn of a reply, and the threshold it is held against.
 * @param {Latency} latency
 * @param {Record<string, number>} thresholds ms
 * @returns {{turn: Turn, threshold: number | undefined} | null}
 */
export function drawnTurnOf(latency, { voice_to_voice_ms: spoken, first_audio_ms: written }) {
  const [whole, typed] = [spokenTurnOf(latency, spoken), turnOf(latency, written)];
  if (whole) return { turn: whole, threshold: spoken };
  return typed && { turn: typed, threshold: written };
}

/**
 * A time that is short to read: tenths of a millisecond, milliseconds, or seconds.
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  return ms < 9999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/**
 * One turn: a bar for each stage, each where the one before it ended.
 * @param {Turn} turn
 * @param {number | undefined} threshold ms
 * @param {number} width px
 * @param {(name: string) => string} labelled the stage's name for reading
 * @param {string} limit the words at the threshold
 * @returns {Waterfall}
 */
export function waterfallLayout(turn, threshold, width, labelled, limit) {
  const labels = turn.stages.map(({ name }) => labelled(name));
  const names = Math.min(Math.max(36, ...labels.map((label) => textWidth(label) * UNIT)), 0.3 * width);
  const plot = { left: names + GAP, right: Math.max(width - FIGURES, names + GAP + 24), top: TOP, bottom: TOP + ROW * turn.stages.length };
  const reach = Math.max(turn.total, sum(turn.stages), 0.1);
  const near = threshold !== undefined && threshold <= LONG * reach;
  const span = near ? Math.max(reach, 1.03 * threshold) : reach;
  const scale = (/** @type {number} */ ms) => plot.left + (ms / span) * (plot.right - plot.left);
  let at = 0;
  const bars = turn.stages.map((stage, index) => {
    const x = Math.min(scale(at), plot.right - HAIRLINE);
    at += stage.ms;
    const end = Math.max(scale(at), x + HAIRLINE);
    return { ...stage, x, y: plot.top + ROW * index + (ROW - BAR) / 2, width: end - x, label: fitting(labels[index], names), figure: duration(stage.ms) };
  });
  return {
    width, height: plot.bottom + BOTTOM, plot, bars, ticks: ticks(span, plot, scale),
    threshold: threshold ? thresholdAt(near ? scale(threshold) : null, limit, width) : null,
  };
}

/**
 * The last turns side by side, the newest at the right, each a pile of its stages.
 * @param {readonly Turn[]} turns oldest first
 * @param {number | undefined} threshold ms
 * @param {{width: number, height: number, slots: number, top: number}} box px; `top` is kept free above the columns
 * @returns {{columns: Column[], line: number | null}} `line` is where the threshold is drawn
 */
export function tapeLayout(turns, threshold, { width, height, slots, top }) {
  const shown = turns.slice(-slots);
  const totals = shown.map(({ total }) => total).sort((a, b) => a - b);
  const usual = totals[Math.floor((totals.length - 1) / 2)] ?? 0;
  const tallest = Math.min(totals[totals.length - 1] ?? 0, LONG * Math.max(usual, threshold ?? 0));
  const span = Math.max(tallest, 1.15 * (threshold ?? 0), 0.1);
  const slot = width / slots;
  // However short, it is seen.
  const y = (/** @type {number} */ ms) => (ms > 0 ? height - Math.max((Math.min(ms, span) / span) * (height - top), HAIRLINE) : height);
  const columns = shown.map((turn, index) => {
    let at = 0;
    const parts = turn.stages.map(({ name, ms, blamed }) => {
      const bottom = y(at);
      at += ms;
      return { name, blamed, y: y(at), height: bottom - y(at) };
    });
    return { x: width - slot * (shown.length - index) + slot * 0.14, width: slot * 0.72, top: y(at), turn, parts };
  });
  return { columns, line: threshold ? y(threshold) : null };
}

/**
 * Rounds of 1, 2 or 5 that leave room for their labels; the last one names the unit.
 * @param {number} span ms
 * @param {Waterfall["plot"]} plot
 * @param {(ms: number) => number} scale
 * @returns {Tick[]}
 */
function ticks(span, plot, scale) {
  const least = (span * TICK_SPACE) / (plot.right - plot.left);
  const decade = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => size >= least * 0.999) ?? 10 * decade;
  const [unit, per] = step >= 1000 ? ["s", 1000] : ["ms", 1];
  const count = Math.floor(span / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => {
    const x = scale(index * step);
    const number = `${Number(((index * step) / per).toPrecision(6))}`;
    if (index < count) return { x, labelX: x, label: number, anchor: index === 0 ? "start" : "middle" };
    // The number is what stands at the line, not the number with its unit.
    return { x, labelX: index === 0 ? x : x - (textWidth(number) * AXIS_UNIT) / 2, label: `${number} ${unit}`, anchor: "start" };
  });
}

/**
 * @param {number | null} x null: past the edge
 * @param {string} limit
 * @param {number} width
 * @returns {Waterfall["threshold"]}
 */
function thresholdAt(x, limit, width) {
  if (x === null) return { x: width, label: `${limit} ›`, anchor: "end", drawn: false };
  const half = (textWidth(limit) * UNIT) / 2;
  if (x + half > width) return { x, label: limit, anchor: "end", drawn: true };
  return { x, label: limit, anchor: x - half < 0 ? "start" : "middle", drawn: true };
}

/**
 * @param {string} label
 * @param {number} px
 */
function fitting(label, px) {
  if (textWidth(label) * UNIT <= px + 1) return label;
  let kept = [...label];
  while (kept.length > 1 && (textWidth(kept.join("")) + 1) * UNIT > px) kept = kept.slice(0, -1);
  return `${kept.join("").trimEnd()}…`;
}

/** @param {readonly Stage[]} stages */
function sum(stages) {
  return stages.reduce((whole, { ms }) => whole + ms, 0);
}
