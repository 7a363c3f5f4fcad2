/** A streamer's room: the sky outside follows the clock, it may rain; fairy lights, a lamp, a monitor, things on a shelf. */
import { box, canvas, gradient, svg } from "./draw.js";

/** @typedef {import("./draw.js").Tools} Tools */
/** @typedef {import("./scenes.js").SceneOptions} SceneOptions */

const SKIES = /** @type {const} */ ({
  day: ["#6fc1f0", "#cdeefb"], dusk: ["#5a4a9e", "#ff9f8f"], night: ["#141a48", "#3f3f88"],
});
const BULBS = ["#ffd98a", "#ff9ecb", "#8fe9f2", "#c9b0ff"];

/** @param {number} hour @returns {keyof typeof SKIES} */
export function skyAt(hour) {
  const h = ((hour % 24) + 24) % 24;
  if (h >= 7 && h < 17) return "day";
  return (h >= 5 && h < 7) || (h >= 17 && h < 20) ? "dusk" : "night";
}

/** What is seen through the window. @param {Tools} tools @param {keyof typeof SKIES} sky @param {boolean} rain @returns {Element} */
function outside({ page, random }, sky, rain) {
  const [x, y, width, height] = [130, 120, 380, 400];
  const layers = [canvas(page, [
    svg(page, "defs", {}, [gradient(page, `roomSky-${sky}`, [[0, SKIES[sky][0]], [1, SKIES[sky][1]]])]),
    svg(page, "rect", { x, y, width, height, fill: `url(#roomSky-${sky})` }),
    ...(sky === "day" ? [] : night(page, random)),
  ], "", [x, y, width, height])];
  if (sky === "day") {
    for (const [top, delay] of [[30, -9], [130, -33]]) {
      const cloud = svg(page, "path", { d: "M20 70a20 20 0 0 1 4-40a34 34 0 0 1 62-6a26 26 0 0 1 44 14a17 17 0 0 1 8 32Z", fill: "#ffffff", opacity: 0.9 });
      const layer = canvas(page, [cloud], "room-cloud", [0, 0, 160, 76]);
      layer.style.top = `${top}px`;
      layer.style.animationDelay = `${delay}s`;
      layers.push(layer);
    }
  }
  layers.push(canvas(page, [
    svg(page, "path", { d: "M130 520V430h40v-30h46v50h36v-80h52v60h40v-36h56v56h44v-96h66v166Z", fill: sky === "day" ? "#9cc4dd" : "#2c2b66", opacity: 0.85 }),
  ], "", [x, y, width, height]));
  if (rain) {
    let d = "";
    for (let i = 0; i < 46; i++) d += `M${random(0, 390).toFixed(0)} ${random(0, 460).toFixed(0)}l-5 26`;
    layers.push(canvas(page, [svg(page, "path", { d, stroke: "#e2f2ff", "stroke-width": 2.5, "stroke-linecap": "round", opacity: 0.7 })], "room-rain", [0, 0, 390, 490]));
  }
  for (const layer of layers) {
    if (!/room-/.test(layer.getAttribute("class") ?? "")) layer.style.left = layer.style.top = "0";
  }
  return box(page, "room-pane", {}, layers);
}

/** @param {Document} page @param {Tools["random"]} random @returns {SVGElement[]} stars and the moon */
function night(page, random) {
  let d = "";
  for (let i = 0; i < 22; i++) d += `M${random(140, 500).toFixed(0)} ${random(130, 350).toFixed(0)}h.1`;
  return [
    svg(page, "path", { d, stroke: "#ffffff", "stroke-width": 4, "stroke-linecap": "round", opacity: 0.85 }),
    svg(page, "circle", { cx: 430, cy: 190, r: 30, fill: "#fff4d8" }),
  ];
}

/** @param {Document} page @returns {SVGElement[]} frame and curtains */
function windowFrame(page) {
  return [
    svg(page, "path", { d: "M112 102h416v436H112ZM130 120v400h380V120Z", "fill-rule": "evenodd", fill: "#fff6f2" }),
    svg(page, "path", { d: "M316 120h10v400h-10ZM130 314h380v10H130Z", fill: "#fff6f2" }),
    svg(page, "rect", { x: 96, y: 534, width: 448, height: 22, rx: 8, fill: "#fffaf6" }),
    svg(page, "path", { d: "M84 84h476v22H84Z", fill: "#c58fb0" }),
    svg(page, "path", { d: "M90 104c60 0 90 0 96 0c-4 150-30 260-74 330c10 60 6 120 0 160H86Z", fill: "#f7c6d8" }),
    svg(page, "path", { d: "M554 104c-60 0-90 0-96 0c4 150 30 260 74 330c-10 60-6 120 0 160h26Z", fill: "#f7c6d8" }),
    svg(page, "path", { d: "M112 106c6 120-4 230-16 300M148 106c0 90-10 190-30 270M532 106c-6 120 4 230 16 300M496 106c0 90 10 190 30 270", fill: "none", stroke: "#e3a3bd", "stroke-width": 4 }),
  ];
}

/** @param {Document} page @returns {SVGElement[]} shelves with books, a plant, a cat and a little rocket */
function shelves(page) {
  const books = /** @type {const} */ ([[1130, 62, 24, "#7fb8d8"], [1156, 74, 20, "#f29bb5"], [1178, 56, 28, "#f7cf83"], [1208, 70, 22, "#9d8fd6"], [1232, 60, 18, "#8fd0b2"]]);
  return [
    svg(page, "path", { d: "M1100 264h420v16h-420ZM1160 440h360v16h-360Z", fill: "#b98a80" }),
    svg(page, "path", { d: "M1100 280h420v6h-420ZM1160 456h360v6h-360Z", fill: "#976b6b", opacity: 0.6 }),
    ...books.map(([x, h, w, fill]) => svg(page, "rect", { x, y: 264 - h, width: w, height: h, rx: 4, fill })),
    svg(page, "path", { d: "M1330 264v-34c-14-20-10-36-4-44l16 14q14-4 28 0l16-14c6 8 10 24-4 44v34Z", fill: "#6b5b88" }),
    svg(page, "path", { d: "M1346 222h5M1368 222h5M1356 232q4 4 8 0", stroke: "#ffe6ef", "stroke-width": 4, "stroke-linecap": "round", fill: "none" }),
    svg(page, "path", { d: "M1420 264l6-36h48l6 36Z", fill: "#fff1e6" }),
    svg(page, "path", { d: "M1450 228c-30-14-44-40-40-64c22 8 36 30 40 64c-2-40 8-66 28-80c10 26 0 58-28 80c18-18 40-24 56-20c-8 18-32 26-56 20Z", fill: "#6fb98a" }),
    svg(page, "rect", { x: 1186, y: 388, width: 84, height: 52, rx: 6, fill: "#fff6ef" }),
    svg(page, "path", { d: "M1192 434l22-28 16 16 14-10 20 22Z", fill: "#f2a3bd" }),
    svg(page, "path", { d: "M1300 440v-44h46v44ZM1306 396v-22h34v22Z", fill: "#8fd0d8" }),
    svg(page, "path", { d: "M1400 440q-26-40 0-62q26 22 0 62Z M1386 440h28", fill: "#ffb38a", stroke: "#ffb38a", "stroke-width": 10 }),
  ];
}

/** @param {Document} page @returns {Element[]} the cord, and the bulbs in four layers that glow in turn */
function fairyLights(page) {
  const height = (/** @type {number} */ x) => 58 + 17 * Math.sin((x / 400) * Math.PI);
  let d = `M0 ${height(0)}`;
  for (let x = 25; x <= 1600; x += 25) d += `L${x} ${(height(x) - 8).toFixed(1)}`;
  const cord = svg(page, "path", { d, fill: "none", stroke: "#8d6f8f", "stroke-width": 3 });
  const layers = BULBS.map((fill, group) => {
    const bulbs = [];
    for (let i = group; i < 25; i += 4) {
      const x = 24 + i * 65;
      const y = height(x) + 4;
      bulbs.push(svg(page, "circle", { cx: x, cy: y.toFixed(0), r: 24, fill, opacity: 0.25 }), svg(page, "circle", { cx: x, cy: y.toFixed(0), r: 9, fill }));
    }
    const layer = canvas(page, bulbs, "bulbs", [0, 10, 1600, 110]);
    layer.style.animationDelay = `${-0.9 * group}s`;
    return layer;
  });
  return [canvas(page, [cord], "", [0, 0, 1600, 120]), ...layers];
}

/** @param {Document} page @param {string} accent @returns {SVGElement[]} a neon wave, the lamp, the desk with a monitor */
function furniture(page, accent) {
  const wave = "M660 250v30M690 225v80M720 240v50M750 200v130M780 228v74M810 190v150M840 228v74M870 205v120M900 240v50M930 222v86M960 250v30";
  return [
    svg(page, "path", { d: wave, stroke: accent, "stroke-width": 26, "stroke-linecap": "round", opacity: 0.16 }),
    svg(page, "path", { d: wave, stroke: accent, "stroke-width": 9, "stroke-linecap": "round" }),
    svg(page, "path", { d: "M0 720h1600v180H0Z", fill: "#a9747f" }), svg(page, "path", { d: "M0 720h1600v14H0Z", fill: "#c58f93" }),
    svg(page, "rect", { x: 1180, y: 520, width: 330, height: 190, rx: 14, fill: "#3b345c" }),
    svg(page, "rect", { x: 1192, y: 532, width: 306, height: 166, rx: 8, fill: "url(#roomScreen)" }),
    svg(page, "path", { d: "M1216 560h130M1216 586h90M1216 612h150M1216 638h70", stroke: "#ffffff", "stroke-width": 9, "stroke-linecap": "round", opacity: 0.6 }),
    svg(page, "circle", { cx: 1436, cy: 610, r: 36, fill: "#ffffff", opacity: 0.5 }),
    svg(page, "path", { d: "M1320 710h50l10 30h-70Z", fill: "#3b345c" }),
    svg(page, "path", { d: "M196 720c-40-8-46-18-46-30h120c0 12-6 22-46 30Z", fill: "#7a5f86" }), svg(page, "path", { d: "M204 690V560h12v130Z", fill: "#7a5f86" }),
    svg(page, "path", { d: "M150 570q10-84 60-84t60 84Z", fill: "#ffe3b0" }),
    svg(page, "path", { d: "M340 720v-46h84v46ZM424 684q30 0 20 20q-6 8-20 8", fill: "#fff3ea", stroke: "#fff3ea", "stroke-width": 3 }),
  ];
}

/** @param {Tools} tools @param {SceneOptions} options @returns {Element[]} */
export function room(tools, { hour, rain = false, accent = "#7fe9f2" }) {
  const { page } = tools;
  const sky = skyAt(hour ?? new Date().getHours());
  const wall = sky === "day" ? ["#ffe9e3", "#f9d3d9"] : sky === "dusk" ? ["#f2c4c4", "#c79abf"] : ["#75629f", "#a07aa8"];
  const wallArt = canvas(page, [
    svg(page, "defs", {}, [
      gradient(page, `roomWall-${sky}`, [[0, wall[0]], [1, wall[1]]]), gradient(page, "roomScreen", [[0, "#7ad4f2"], [1, "#b79cff"]]),
    ]),
    svg(page, "rect", { width: 1600, height: 900, fill: `url(#roomWall-${sky})` }),
  ]);
  const things = canvas(page, [...windowFrame(page), ...shelves(page), ...furniture(page, accent)]);
  return [wallArt, outside(tools, sky, rain), things, ...fairyLights(page), box(page, "room-glow"), box(page, "room-glow room-glow-screen")];
}
