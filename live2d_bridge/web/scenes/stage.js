/** A concert: light beams, a wall of sound, floating particles, and the audience's light sticks. */
import { box, canvas, gradient, svg } from "./draw.js";

/** @typedef {import("./draw.js").Tools} Tools */
/** @typedef {import("./scenes.js").SceneOptions} SceneOptions */

const LIGHTS = ["#7be8f5", "#ff9ecb", "#b79cff", "#ffe08a", "#8effc7"];

/** @param {Tools} tools @returns {Element[]} */
function beams({ page }) {
  /** @type {[number, number, string][]} left in %, angle, colour */
  const list = [[8, 26, LIGHTS[0]], [24, 12, LIGHTS[1]], [42, -6, LIGHTS[2]], [58, 6, LIGHTS[2]], [76, -12, LIGHTS[1]], [92, -26, LIGHTS[0]]];
  return list.map(([left, angle, color], i) => {
    const light = box(page, "beam-light", { "--beam": color, "animation-delay": `${-1.7 * i}s` });
    return box(page, "beam", { left: `${left}%`, transform: `rotate(${angle}deg)` }, [light]);
  });
}

/** @param {Tools} tools @returns {Element} bars of an equaliser behind her */
function wall({ page, random }) {
  const bars = Array.from({ length: 33 }, (_, i) => {
    const height = 40 + 250 * Math.exp(-(((i - 16) / 9) ** 2)) * random(0.55, 1);
    const bar = svg(page, "rect", {
      x: 305 + i * 30, y: 430 - height / 2, width: 16, height, rx: 8, fill: "url(#stageBar)", class: "stage-bar",
    });
    bar.style.animationDelay = `${random(-2, 0).toFixed(2)}s`;
    bar.style.animationDuration = `${random(0.9, 1.9).toFixed(2)}s`;
    return bar;
  });
  return svg(page, "g", { opacity: 0.6 }, bars);
}

/** @param {Tools} tools @returns {Element} */
function crowd({ page, random }) {
  let heads = "M-20 900 L-20 850";
  for (let x = -20; x < 1620; x += 44) heads += ` Q${x + 22} ${(800 - random(0, 26)).toFixed(0)} ${x + 44} 850`;
  const sticks = Array.from({ length: 34 }, (_, i) => {
    const x = 10 + i * 48 + random(-14, 14);
    const y = 838 - random(0, 18);
    const stick = svg(page, "path", {
      d: `M${x.toFixed(0)} ${y.toFixed(0)} l0 -46`, stroke: LIGHTS[i % LIGHTS.length], "stroke-width": 8, "stroke-linecap": "round", class: "light-stick",
    });
    stick.style.animationDelay = `${random(-0.25, 0).toFixed(2)}s`;
    return stick;
  });
  return svg(page, "g", {}, [...sticks, svg(page, "path", { d: `${heads} L1620 900Z`, fill: "#0d0a26" })]);
}

/** @param {Tools} tools @param {SceneOptions} options @returns {Element[]} */
export function stage(tools, { accent = LIGHTS[0] }) {
  const { page, random } = tools;
  const back = canvas(page, [
    svg(page, "defs", {}, [
      gradient(page, "stageWall", [[0, "#120d33"], [0.5, "#2b1d63"], [0.78, "#5a2f86"], [1, "#1a1240"]]),
      gradient(page, "stageBar", [[0, "#ff9ecb"], [0.5, "#b79cff"], [1, "#7be8f5"]]),
      gradient(page, "stageFloor", [[0, "#7b4bb4"], [1, "#1b1245"]]),
    ]),
    svg(page, "rect", { width: 1600, height: 900, fill: "url(#stageWall)" }),
    svg(page, "path", { d: "M250 660 L250 200 Q250 120 330 120 L1270 120 Q1350 120 1350 200 L1350 660Z", fill: "#1d1450", stroke: "#8a6be0", "stroke-width": 6 }),
    wall(tools),
    svg(page, "path", { d: "M0 660 L1600 660 L1600 900 L0 900Z", fill: "url(#stageFloor)" }),
    svg(page, "ellipse", { cx: 800, cy: 760, rx: 560, ry: 86, fill: "#2a1a63" }),
    svg(page, "ellipse", { cx: 800, cy: 752, rx: 560, ry: 84, fill: "#8f62d4", stroke: accent, "stroke-width": 6 }),
    svg(page, "ellipse", { cx: 800, cy: 748, rx: 400, ry: 54, fill: "#ffffff", opacity: 0.2 }),
  ]);
  const dust = Array.from({ length: 22 }, () => {
    const size = `${random(3, 9).toFixed(0)}px`;
    return box(page, "dust", {
      left: `${random(2, 98).toFixed(1)}%`, width: size, height: size, background: LIGHTS[Math.floor(random(0, 4.99))],
      "animation-duration": `${random(7, 15).toFixed(1)}s`, "animation-delay": `${random(-15, 0).toFixed(1)}s`,
    });
  });
  return [back, ...beams(tools), ...dust, canvas(page, [crowd(tools)])];
}
