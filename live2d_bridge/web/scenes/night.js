/** A city by night: stars, the moon, two rows of houses with lit windows, now and then a shooting star. */
import { box, canvas, gradient, svg } from "./draw.js";

/** @typedef {import("./draw.js").Tools} Tools */

/** @param {Tools} tools @returns {{still: SVGElement, lively: Element[]}} */
function stars({ page, random }) {
  let d = "";
  for (let i = 0; i < 60; i++) d += `M${random(0, 1600).toFixed(0)} ${random(0, 480).toFixed(0)}h.1`;
  const lively = Array.from({ length: 12 }, () => {
    const size = `${random(3, 5).toFixed(1)}px`;
    return box(page, "star", {
      left: `${random(0, 1600).toFixed(0)}px`, top: `${random(20, 430).toFixed(0)}px`, width: size, height: size,
      "animation-duration": `${random(2, 6).toFixed(1)}s`, "animation-delay": `${random(-6, 0).toFixed(1)}s`,
    });
  });
  return { still: svg(page, "path", { d, stroke: "#ffffff", "stroke-width": 2.6, "stroke-linecap": "round", opacity: 0.75 }), lively };
}

/**
 * @param {Tools} tools
 * @param {{from: number, heights: readonly [number, number], widths: readonly [number, number], fill: string, lights: readonly string[], lit: number}} row
 * @returns {{still: SVGElement[], lively: SVGElement}} the houses, and the windows where somebody is still awake
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
  const windows = groups.map((d, i) => svg(page, "path", { d, fill: row.lights[i] }));
  return { still: [svg(page, "path", { d: `${outline} L1610 900 L-10 900Z`, fill: row.fill }), ...windows.slice(0, 2)], lively: windows[2] };
}

/** @param {Tools} tools @returns {Element[]} */
export function night(tools) {
  const { page } = tools;
  const { still, lively } = stars(tools);
  const sky = canvas(page, [
    svg(page, "defs", {}, [gradient(page, "nightSky", [[0, "#0d1036"], [0.45, "#2b2a6b"], [0.72, "#6a4a9c"], [0.9, "#d77fa8"], [1, "#f2a7a0"]])]),
    svg(page, "rect", { width: 1600, height: 900, fill: "url(#nightSky)" }),
    still,
    svg(page, "circle", { cx: 1270, cy: 170, r: 120, fill: "#fff3d6", opacity: 0.1 }),
    svg(page, "circle", { cx: 1270, cy: 170, r: 88, fill: "#fff3d6", opacity: 0.14 }),
    svg(page, "circle", { cx: 1270, cy: 170, r: 62, fill: "#fff6e0" }),
    svg(page, "path", { d: "M1250 150a12 12 0 1 0 .1 0ZM1296 190a9 9 0 1 0 .1 0ZM1280 132a6 6 0 1 0 .1 0Z", fill: "#f0dfbd" }),
  ]);
  const far = houses(tools, { from: 900, heights: [190, 430], widths: [60, 130], fill: "#3a2f72", lights: ["#8f7cc8", "#e9a6c8", "#a79be0"], lit: 0.22 });
  const near = houses(tools, { from: 900, heights: [110, 300], widths: [80, 170], fill: "#1b1a4b", lights: ["#ffd98a", "#ffb38a", "#8fe3f2"], lit: 0.34 });
  return [
    sky, ...lively, box(page, "shooting-star", { left: "200px", top: "110px" }), canvas(page, [...far.still, far.lively, ...near.still]),
    canvas(page, [near.lively], "window-light", [0, 590, 1600, 310]),
  ];
}
