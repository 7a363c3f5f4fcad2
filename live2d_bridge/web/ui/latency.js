/** How fast a reply was: a figure that is green, amber or red against its threshold, with the stages behind it. */
import { t } from "../i18n.js";
import { h } from "./dom.js";

const NEAR = 0.8;

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
 * @param {import("../protocol.js").Latency} latency
 * @param {number | undefined} threshold ms, of the first audio
 * @returns {HTMLElement | null}
 */
export function latencyBadge({ figures, stages }, threshold) {
  const ms = figures?.first_audio;
  if (typeof ms !== "number") return null;
  const list = h("div", { class: "stages", role: "tooltip" }, ...Object.entries(stages ?? {}).map(([name, value]) => stageRow(name, value, ms)));
  if (threshold) list.append(h("p", {}, t("threshold", { ms: threshold })));
  return h("div", { class: `latency ${grade(ms, threshold)}` },
    h("button", { type: "button", class: "latency-figure" }, t("first_audio", { ms: Math.round(ms) })), list);
}

/**
 * @param {string} name
 * @param {number} value ms
 * @param {number} whole ms
 */
function stageRow(name, value, whole) {
  const bar = h("i");
  bar.style.width = `${Math.min(100, Math.max(2, (100 * value) / Math.max(1, whole)))}%`;
  return h("div", { class: "stage-row" }, h("span", {}, name.replace(/_/g, " ")), h("b", {}, bar), h("em", {}, `${Math.round(value)}`));
}
