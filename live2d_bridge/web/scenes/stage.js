/** A concert: light beams, a wall of sound, floating particles, and the audience's light sticks. */
import { box, canvas, gradient, svg } from "./draw.js";

/** @typedef {import("./draw.js").Tools} Tools */
/** @typedef {import("./scenes.js").SceneOptions} SceneOptions */

const LIGHTS = ["#7be8f5", "#ff9ecb", "#b79cff", "#ffe08a", "#8effc7"];

/** @param {Tools} tools @returns {Element[]} */
function beams({ page }) {
  /** @type {[number, number, string][]} x, angle, colour */
  const list = [[120, -9, LIGHTS[0]], [440, -3, LIGHTS[1]], [1160, 3, LIGHTS[2]], [1480, 9, LIGHTS[0]]];
  return list.map(([x, angle, color], i) => {
    const id = `stageBeam${i}`;
    const light = canvas(page, [
      svg(page, "defs", {}, [svg(page, "linearGradient", { id, x1: 0, y1: 0, x2: 0, y2: 1 }, [
        svg(page, "stop", { offset: 0, "stop-color": color, "stop-opacity": 0.75 }), svg(page, "stop", { offset: 0.95, "stop-color": color, "stop-opacity": 0 }),
      ])]),
      svg(page, "path", { d: "M112 0h16l112 760H0Z", fill: `url(#${id})`, transform: `rotate(${angle} 120 0)` }),
    ], "beam", [-130, 0, 500, 770]);
    light.style.left = `${x - 250}px`;
    light.style.animationDelay = `${-1.7 * i}s`;
    return light;
  });
}

/** @param {Tools} tools @returns {Element[]} bars of an equaliser behind her */
function wall({ page, random }) {
  return Array.from({ length: 25 }, (_, i) => {
    const height = Math.round(40 + 250 * Math.exp(-(((i - 12) / 7) ** 2)) * random(0.55, 1));
    return box(page, "stage-bar", {
      left: `${308 + i * 40}px`, top: `${Math.round(390 - height / 2)}px`, height: `${height}px`,
      "animation-delay": `${random(-2, 0).toFixed(2)}s`, "animation-duration": `${random(0.9, 1.9).toFixed(2)}s`,
    });
  });
}

/** @param {Tools} tools @returns {Element[]} */
function crowd({ page, random }) {
  let heads = "M-20 900 L-20 850";
  for (let x = -20; x < 1620; x += 44) heads += ` Q${x + 22} ${(800 - random(0, 26)).toFixed(0)} ${x + 44} 850`;
  const hands = [0, 1, 2].map((group) => {
    const sticks = LIGHTS.map((stroke, colour) => {
      let d = "";
      for (let i = group + 3 * colour; i < 34; i += 15) d += `M${(10 + i * 48 + random(-14, 14)).toFixed(0)} 838l0 -${random(48, 62).toFixed(0)}`;
      return svg(page, "path", { d, stroke, "stroke-width": 8, "stroke-linecap": "round" });
    });
    const layer = canvas(page, sticks, "light-sticks", [0, 770, 1600, 74]);
    layer.style.animationDelay = `${-0.3 * group}s`;
    return layer;
  });
  return [...hands, canvas(page, [svg(page, "path", { d: `${heads} L1620 900Z`, fill: "#0d0a26" })], "", [0, 760, 1600, 140])];
}

/** @param {Tools} tools @param {SceneOptions} options @returns {Element[]} */
export function stage(tools, { accent = LIGHTS[0] }) {
  const { page, random } = tools;
  const back = canvas(page, [
    svg(page, "defs", {}, [
      gradient(page, "stageWall", [[0, "#120d33"], [0.5, "#2b1d63"], [0.78, "#5a2f86"], [1, "#1a1240"]]),
      gradient(page, "stageFloor", [[0, "#7b4bb4"], [1, "#1b1245"]]),
    ]),
    svg(page, "rect", { width: 1600, height: 900, fill: "url(#stageWall)" }),
    svg(page, "path", { d: "M250 660 L250 200 Q250 120 330 120 L1270 120 Q1350 120 1350 200 L1350 660Z", fill: "#1d1450", stroke: "#8a6be0", "stroke-width": 6 }),
    svg(page, "path", { d: "M0 660 L1600 660 L1600 900 L0 900Z", fill: "url(#stageFloor)" }),
    svg(page, "ellipse", { cx: 800, cy: 760, rx: 560, ry: 86, fill: "#2a1a63" }),
    svg(page, "ellipse", { cx: 800, cy: 752, rx: 560, ry: 84, fill: "#8f62d4", stroke: accent, "stroke-width": 6 }),
    svg(page, "ellipse", { cx: 800, cy: 748, rx: 400, ry: 54, fill: "#ffffff", opacity: 0.2 }),
  ]);
  const dust = Array.from({ length: 12 }, () => {
    const size = `${random(4, 11).toFixed(0)}px`;
    return box(page, "dust", {
      left: `${random(30, 1570).toFixed(0)}px`, width: size, height: size, background: LIGHTS[Math.floor(random(0, 4.99))],
      "animation-duration": `${random(7, 15).toFixed(1)}s`, "animation-delay": `${random(-15, 0).toFixed(1)}s`,
    });
  });
  return [back, ...wall(tools), ...beams(tools), ...dust, ...crowd(tools)];
}
