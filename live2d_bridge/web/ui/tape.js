/** The last replies of this page side by side: how their time to first audio changes, and where the threshold lies. */
import { t } from "../i18n.js";
import { h, s } from "./dom.js";
import { grade } from "./latency.js";
import { inWords } from "./waterfall.js";
import { duration, tapeLayout } from "./waterfall_layout.js";

const BOX = { width: 252, height: 112, slots: 20, top: 14 };
const TONES = 3;

/** @typedef {import("./waterfall_layout.js").Turn} Turn */

/**
 * @param {HTMLElement} panel
 */
export function createTape(panel) {
  /** @type {{number: number, turn: Turn}[]} */
  let kept = [];
  return {
    /**
     * The figures of a turn may come more than once; the last ones count. Turns come in order.
     * @param {number} number of the turn
     * @param {Turn} turn
     * @param {number | undefined} threshold ms
     */
    add(number, turn, threshold) {
      if (kept[kept.length - 1]?.number === number) kept.pop();
      kept = [...kept, { number, turn }].slice(-BOX.slots);
      const turns = kept.map((one) => one.turn);
      panel.replaceChildren(h("h2", {}, t("tape")), drawTape(turns, threshold), h("p", {}, summary(turns, threshold)));
    },
    /**
     * The server may count its turns anew: of what was measured, only the turn that still goes on can get further figures.
     * @param {number | undefined} current
     */
    recount(current) {
      for (const one of kept) if (one.number !== current) one.number = -1;
    },
  };
}

/**
 * @param {Turn[]} turns
 * @param {number | undefined} threshold ms
 */
function summary(turns, threshold) {
  const totals = turns.map(({ total }) => total).sort((a, b) => a - b);
  const late = threshold ? totals.filter((total) => total > threshold).length : 0;
  return t("tape_summary", { count: totals.length, median: duration(totals[Math.floor((totals.length - 1) / 2)]), late });
}

/**
 * @param {Turn[]} turns
 * @param {number | undefined} threshold ms
 */
function drawTape(turns, threshold) {
  const { columns, line } = tapeLayout(turns, threshold, BOX);
  const { width, height } = BOX;
  return s("svg", { class: "tape", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${t("tape")}. ${summary(turns, threshold)}` },
    s("line", { class: "ground", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
    ...columns.map(({ x, width: wide, top, turn, parts }) => s("g", { class: `column ${grade(turn.total, threshold)}` },
      s("title", {}, inWords(turn)),
      ...parts.map(({ y, height: tall, blamed }, index) => s("rect", { class: blamed ? "part blamed" : `part tone-${index % TONES}`, x, y, width: wide, height: tall })),
      turn.blamed && s("text", { class: "late-mark", x: x + wide / 2, y: top - 4, "text-anchor": "middle" }, "!"))),
    line !== null && s("line", { class: "limit", x1: 0, x2: width, y1: line, y2: line }),
    line !== null && s("text", { class: "limit-label", x: 0, y: line - 4 }, t("threshold", { ms: Math.round(threshold ?? 0) })));
}
