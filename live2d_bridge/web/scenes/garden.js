/** Cherry trees by a pond in spring: petals fall, clouds pass. */
import { box, canvas, gradient, svg } from "./draw.js";

/** @typedef {import("./draw.js").Tools} Tools */

/**
 * Blossom as heaps of circles in three tones.
 * @param {Tools} tools @param {readonly [number, number, number, number, number][]} heaps x, y, width, height, count
 * @returns {SVGElement}
 */
function blossom({ page, random }, heaps) {
  const tones = ["#e58fb3", "#f7b3cd", "#ffd3e3", "#fff0f6"];
  const paths = tones.map((fill, tone) => {
    let d = "";
    for (const [cx, cy, w, h, count] of heaps) {
      for (let i = 0; i < count; i++) {
        const a = random(0, 6.283);
        const q = Math.sqrt(random(0, 1)) * (1 - 0.1 * tone);
        const x = cx + Math.cos(a) * w * q - tone * 5;
        const y = cy + Math.sin(a) * h * q - tone * 13 + 16;
        const r = random(13, 36 - 7 * tone);
        d += `M${(x - r).toFixed(0)} ${y.toFixed(0)}a${r.toFixed(0)} ${r.toFixed(0)} 0 1 0 ${(2 * r).toFixed(0)} 0a${r.toFixed(0)} ${r.toFixed(0)} 0 1 0 ${(-2 * r).toFixed(0)} 0`;
      }
    }
    return svg(page, "path", { d, fill, opacity: tone === 3 ? 0.8 : 1 });
  });
  return svg(page, "g", {}, paths);
}

/** @param {Document} page @param {number} y @param {number} scale @param {number} seconds @returns {HTMLElement} */
function cloud(page, y, scale, seconds) {
  const shape = svg(page, "svg", { viewBox: "0 -30 300 140", width: 300 * scale, height: 140 * scale }, [
    svg(page, "path", { d: "M40 100a34 34 0 0 1 4-68a52 52 0 0 1 96-12a44 44 0 0 1 76 20a31 31 0 0 1 30 60Z", fill: "#ffffff", opacity: 0.92 }),
    svg(page, "path", { d: "M40 100a34 34 0 0 1-26-20q60 14 236-2a31 31 0 0 1-4 22Z", fill: "#dfeaf8", opacity: 0.9 }),
  ]);
  return box(page, "cloud", { top: `${y * 9}px`, "animation-duration": `${seconds}s`, "animation-delay": `${-seconds * (0.2 + y / 40)}s` }, [shape]);
}

/** @param {Tools} tools @returns {Element[]} */
function petals({ page, random }) {
  return Array.from({ length: 14 }, () => {
    const size = random(13, 24);
    const leaf = box(page, "petal-leaf", { "animation-duration": `${random(2.2, 5).toFixed(1)}s`, width: `${size.toFixed(0)}px`, height: `${(size * 0.72).toFixed(0)}px` });
    return box(page, "petal", {
      left: `${random(60, 1900).toFixed(0)}px`, "animation-duration": `${random(8, 17).toFixed(1)}s`, "animation-delay": `${random(-17, 0).toFixed(1)}s`,
    }, [leaf]);
  });
}

/** @param {Tools} tools @returns {Element[]} */
export function garden(tools) {
  const { page } = tools;
  const sky = canvas(page, [
    svg(page, "defs", {}, [
      gradient(page, "gardenSky", [[0, "#7cc6f2"], [0.55, "#c5e9fb"], [0.8, "#fdeef4"], [1, "#ffe3ec"]]),
      gradient(page, "gardenPond", [[0, "#bfe6f3"], [1, "#7fbfdc"]]),
    ]),
    svg(page, "rect", { width: 1600, height: 900, fill: "url(#gardenSky)" }),
  ]);
  const land = canvas(page, [
    svg(page, "path", { d: "M0 640 Q200 540 420 610 T820 590 T1240 600 T1600 560 L1600 900 L0 900Z", fill: "#b7d3dc" }),
    svg(page, "path", { d: "M0 690 Q260 610 560 670 T1100 660 T1600 640 L1600 900 L0 900Z", fill: "#a9d6a4" }),
    svg(page, "path", { d: "M330 772 Q800 700 1290 772 Q1180 838 800 842 Q420 838 330 772Z", fill: "url(#gardenPond)" }),
    svg(page, "path", { d: "M520 772 h90 M700 800 h130 M960 776 h110 M1030 806 h60", stroke: "#ffffff", "stroke-width": 4, "stroke-linecap": "round", opacity: 0.7 }),
    svg(page, "path", { d: "M0 800 Q220 750 420 812 T800 838 T1200 812 T1600 790 L1600 900 L0 900Z", fill: "#7fbf85" }),
    svg(page, "path", { d: "M0 850 Q300 806 640 858 T1240 852 T1600 846 L1600 900 L0 900Z", fill: "#64a873" }),
    svg(page, "path", { d: "M150 850 C176 700 140 560 196 430 C160 400 110 380 60 330 C130 360 190 370 226 396 C250 330 262 270 330 210 C300 290 290 350 272 410 C320 380 380 360 470 300 C400 390 320 430 262 470 C222 590 250 720 270 850Z", fill: "#7b5563" }),
    svg(page, "path", { d: "M1490 850 C1470 700 1500 560 1446 420 C1480 380 1530 350 1590 300 C1540 360 1490 400 1470 440 C1430 340 1400 290 1330 240 C1390 300 1410 360 1420 410 C1370 380 1310 370 1230 330 C1310 400 1370 420 1412 470 C1436 590 1400 720 1390 850Z", fill: "#7b5563" }),
    blossom(tools, [[70, 240, 200, 150, 26], [300, 150, 210, 120, 26], [440, 270, 130, 80, 14], [140, 60, 260, 90, 22]]),
    blossom(tools, [[1520, 220, 200, 150, 26], [1310, 160, 210, 110, 26], [1200, 290, 120, 70, 13], [1450, 50, 260, 90, 22]]),
  ]);
  return [sky, cloud(page, 10, 1.1, 110), cloud(page, 24, 0.7, 150), cloud(page, 4, 0.55, 190), land, ...petals(tools)];
}
