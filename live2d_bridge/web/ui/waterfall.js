/** One turn's stages as an SVG: bars on an axis of time, the threshold, and the stage to blame marked by more than its colour. */
import { t, tables } from "../i18n.js";
import { h, s } from "./dom.js";
import { BAR, duration, ROW, waterfallLayout } from "./waterfall_layout.js";

/** @typedef {import("./waterfall_layout.js").Turn} Turn */

let drawings = 0;

/**
 * A stage's name for reading; one that this page does not know is shown as it is.
 * @param {string} name
 */
export function stageLabel(name) {
  const word = `stage_${name}`;
  return word in tables.en ? t(/** @type {import("../i18n.js").Word} */ (word)) : name.replace(/[_-]+/g, " ").trim() || "?";
}

/**
 * The same with the name that the terminal uses.
 * @param {string} name
 */
export function stageTitle(name) {
  const label = stageLabel(name);
  return `stage_${name}` in tables.en && label !== name ? `${label} (${name})` : label;
}

/**
 * All of a turn in one sentence, for those who do not see the drawing.
 * @param {Turn} turn
 */
export function inWords({ total, stages }) {
  return `${duration(total)}: ${stages.map(({ name, ms }) => `${stageLabel(name)} ${duration(ms)}`).join(", ")}`;
}

/**
 * The sentence that names the stage to blame; null when the turn was in time.
 * @param {Turn} turn
 * @param {number | undefined} threshold ms
 */
export function verdict({ total, blamed }, threshold) {
  if (!blamed || !threshold) return null;
  return t("waterfall_late", { over: duration(total - threshold), ms: duration(blamed.ms), stage: stageLabel(blamed.name) });
}

/**
 * @param {Turn} turn
 * @param {number | undefined} threshold ms
 * @param {number} width px
 * @returns {SVGSVGElement}
 */
export function drawWaterfall(turn, threshold, width) {
  const limit = threshold ? t("threshold", { ms: Math.round(threshold) }) : "";
  const { height, plot, bars, ticks, threshold: line } = waterfallLayout(turn, threshold, width, stageLabel, limit);
  const id = `waterfall-${++drawings}`;
  return s("svg", { class: "waterfall-svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": `${id}-title ${id}-desc` },
    s("title", { id: `${id}-title` }, t(turn.spoken ? "waterfall_spoken" : "waterfall_title", { ms: duration(turn.total) })),
    s("desc", { id: `${id}-desc` }, [inWords(turn), limit, verdict(turn, threshold)].filter(Boolean).join(". ")),
    s("g", { class: "grid" }, ...ticks.map(({ x }) => s("line", { x1: x, x2: x, y1: plot.top, y2: plot.bottom }))),
    ...bars.map((bar) => drawBar(bar, width)),
    line && line.drawn && s("line", { class: "limit", x1: line.x, x2: line.x, y1: plot.top - 3, y2: plot.bottom }),
    line && s("text", { class: "limit-label", x: line.x, y: plot.top - 8, "text-anchor": line.anchor }, line.label),
    s("g", { class: "axis" }, ...ticks.map(({ labelX, label, anchor }) => s("text", { x: labelX, y: plot.bottom + 14, "text-anchor": anchor }, label))));
}

/**
 * @param {import("./waterfall_layout.js").Bar} bar
 * @param {number} width px
 */
function drawBar({ name, label, figure, blamed, x, y, width: length }, width) {
  const base = y + BAR / 2 + 4;
  return s("g", { class: blamed ? "stage blamed" : "stage" },
    s("title", {}, stageTitle(name)),
    s("rect", { class: "lane", x: 0, y: y - (ROW - BAR) / 2, width, height: ROW }),
    s("text", { class: "stage-name", x: 0, y: base }, label),
    s("rect", { class: "bar", x, y, width: length, height: BAR, rx: Math.min(3, length / 2) }),
    s("text", { class: "stage-figure", x: width, y: base, "text-anchor": "end" }, `${blamed ? "! " : ""}${figure}`));
}

/**
 * A drawing that is as wide as the place it stands in, made when it is first seen.
 * @param {string} id
 */
export function createWaterfall(id) {
  const figure = h("figure", { class: "waterfall", id, hidden: true });
  /** @type {{turn: Turn, threshold: number | undefined} | null} */
  let shown = null;
  let width = 0;
  const draw = () => {
    if (!shown || figure.hidden || width <= 0) return;
    const words = verdict(shown.turn, shown.threshold);
    figure.replaceChildren(drawWaterfall(shown.turn, shown.threshold, width), words ? h("figcaption", {}, words) : "");
  };
  const observer = new ResizeObserver(([{ contentRect }]) => {
    if (Math.floor(contentRect.width) === width) return;
    width = Math.floor(contentRect.width);
    draw();
  });
  return {
    figure,
    /**
     * @param {Turn} turn
     * @param {number | undefined} threshold ms
     */
    show(turn, threshold) {
      shown = { turn, threshold };
      draw();
    },
    /** @param {boolean} open */
    toggle(open) {
      figure.hidden = !open;
      if (!open) return observer.disconnect();
      width = Math.floor(figure.clientWidth - inset(figure));
      draw();
      observer.observe(figure);
    },
  };
}

/** @param {HTMLElement} element */
function inset(element) {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return parseFloat(paddingLeft) + parseFloat(paddingRight);
}
