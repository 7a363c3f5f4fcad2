/** How fast a reply was: a figure that is green, amber or red against its threshold, and opens what it is made of. */
import { t } from "../i18n.js";
import { h, icon } from "./dom.js";
import { createWaterfall } from "./waterfall.js";

const NEAR = 0.8;

let badges = 0;

/**
 * @param {number} ms
 * @param {number | undefined} threshold ms
 * @returns {"good" | "near" | "late" | "plain"}
 */
export function grade(ms, threshold) {
  if (!threshold) return "plain";
  if (ms > threshold) return "late";
  return ms > NEAR * threshold ? "near" : "good";
}

/**
 * What was heard before the model's own words, if anything.
 * @param {import("./waterfall_layout.js").Turn} turn
 * @returns {"filler" | "quick" | null}
 */
export function opening({ stages }) {
  return (/** @type {const} */ (["filler", "quick"])).find((kind) => stages.some(({ name }) => name === kind)) ?? null;
}

/**
 * The badge of a reply and the drawing it opens; both change when more figures of the turn come.
 * @returns {{badge: HTMLElement, figure: HTMLElement, show(turn: import("./waterfall_layout.js").Turn, threshold: number | undefined): void}}
 */
export function createLatency() {
  const waterfall = createWaterfall(`stages-${++badges}`);
  const { figure } = waterfall;
  const words = h("span");
  const button = h("button", { type: "button", class: "latency-figure", "aria-expanded": "false", "aria-controls": figure.id, title: t("show_stages") }, words, icon("more"));
  const badge = h("div", { class: "latency" }, button);
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    waterfall.toggle(open);
    if (open) figure.scrollIntoView({ block: "nearest" });
  });
  return {
    badge,
    figure,
    show(turn, threshold) {
      const how = grade(turn.total, threshold);
      badge.className = `latency ${how}`;
      figure.className = `waterfall ${how}`;
      const first = opening(turn);
      words.textContent = t(turn.spoken ? "voice_to_voice" : "first_audio", { ms: Math.round(turn.total) }) + (first ? ` · ${t(`stage_${first}`)}` : "");
      waterfall.show(turn, threshold);
    },
  };
}
