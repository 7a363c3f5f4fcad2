/** A city by night: stars, the moon, two rows of houses with lit windows, now and then a shooting star. */
import { box, canvas, gradient, svg } from "./draw.js";

/** @typedef {import("./draw.js").Tools} Tools */

/** @param {Tools} tools @returns {Element[]} */
function stars({ page, random }) {
  return Array.from({ length: 42 }, () => {
    const size = `${random(1.5, 3.4).toFixed(1)}px`;
    return box(page, "star", {
      left: `${random(0, 100).toFixed(1)}%`, top: `${random(0, 52).toFixed(1)}%`, width: size, height: size,
      "animation-duration": `${random(2, 6).toFixed(1)}s`, "animation-delay": `${random(-6, 0).toFixed(1)}s`,
    });
  });
}

/**
 * @param {Tools} tools
 * @param {{from: number, heights: readonly [number, number], widths: readonly [number, number], fill: string, lights: readonly string[], lit: number}} row
 * @returns {SVGElement[]}
 */
function houses({ page, random }, row) {
  let outline = `M-10 ${row.from}`;
  const groups = ["", "", ""];
  for (let x = -10; x < 1610;) {
    const width = Math.round(random(...row.widths));
    const top = Math.round(900 - random(...row.heights));
    outline += ` L${x} ${top} L${x + width} ${top}`;
    for (let wy = top + 18; wy < 880; wy += 24) {
      for (let wx = x + 12; wx < x + width - 14; wx += 20) {
        if (random(0, 1) < row.lit) groups[Math.floor(random(0, 2.999))] += `M${wx} ${wy}h9v12h-9Z`;
      }
    }
    x += width + Math.round(random(0, 10));
  }
  return [
    svg(page, "path", { d: `${outline} L1610 900 L-10 900Z`, fill: row.fill }),
    ...groups.map((d, i) => {
      const node = svg(page, "path", { d, fill: row.lights[i], class: i ? "window-light" : "" });
      node.style.animationDelay = `${-3 * i}s`;
      return node;
    }),
  ];
}

/** @param {Tools} tools @returns {Element[]} */
export function night(tools) {
  const { page } = tools;
  const sky = canvas(page, [
    svg(page, "defs", {}, [gradient(page, "nightSky", [[0, "#0d1036"], [0.45, "#2b2a6b"], [0.72, "#6a4a9c"], [0.9, "#d77fa8"], [1, "#f2a7a0"]])]),
    svg(page, "rect", { width: 1600, height: 900, fill: "url(#nightSky)" }),
    svg(page, "circle", { cx: 1270, cy: 170, r: 120, fill: "#fff3d6", opacity: 0.1 }),
    svg(page, "circle", { cx: 1270, cy: 170, r: 88, fill: "#fff3d6", opacity: 0.14 }),
    svg(page, "circle", { cx: 1270, cy: 170, r: 62, fill: "#fff6e0" }),
    svg(page, "path", { d: "M1250 150a12 12 0 1 0 .1 0ZM1296 190a9 9 0 1 0 .1 0ZM1280 132a6 6 0 1 0 .1 0Z", fill: "#f0dfbd" }),
  ]);
  const town = canvas(page, [
    ...houses(tools, { from: 900, heights: [190, 430], widths: [60, 130], fill: "#3a2f72", lights: ["#8f7cc8", "#e9a6c8", "#a79be0"], lit: 0.22 }),
    ...houses(tools, { from: 900, heights: [110, 300], widths: [80, 170], fill: "#1b1a4b", lights: ["#ffd98a", "#ffb38a", "#8fe3f2"], lit: 0.34 }),
  ]);
  return [sky, ...stars(tools), box(page, "shooting-star", { left: "12%", top: "14%" }), town];
}
