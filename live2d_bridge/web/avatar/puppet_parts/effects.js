/** Small marks of the comic: sparkles, anger, sweat, a question mark, blush lines, tears, gloom, sleep. */
import { ON_FACE, badge, line, linear, outline, path, still } from "./part.js";

/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */

/** @type {Place} */
const BESIDE = { in: "head", depth: 60 };
const STAR = "M0 -22 C2 -6 6 -2 22 0 C6 2 2 6 0 22 C-2 6 -6 2 -22 0 C-6 -2 -2 -6 0 -22Z";

/** @param {string} param @param {Part} part @returns {Part} shown as much as the parameter says */
function fading(param, part) {
  const move = part.pose;
  return { ...part, pose: (space) => {
    const amount = space.params[param];
    const opacity = Math.round(amount * 100) / 100;
    return amount > 0.005 ? { ...move?.(space), opacity, visibility: "visible" } : { visibility: "hidden" };
  } };
}

/** @param {string} param @param {string} id @param {Place} place @param {number} x @param {number} y @param {Part[]} children @returns {Part} */
const mark = (param, id, place, x, y, children) => fading(param, badge(id, place, x, y, children));

/** @param {Palette} c @returns {Part[]} */
export function effects(c) {
  return [...sparkles(c), anger(), sweat(), question(c), ...blush(c), ...tears(), ...sleep(c)];
}

/** @param {Palette} c @returns {Part[]} */
function sparkles(c) {
  /** @type {[number, number, number, string][]} */
  const stars = [[150, 210, 1.5, "#ffe27a"], [652, 178, 1.2, c.accent.light], [128, 292, 0.8, "#ffffff"], [690, 262, 1.7, "#ffe27a"], [628, 96, 0.75, "#ffffff"]];
  return stars.map(([x, y, size, fill], i) => mark("ParamEffectSparkle", "sparkle" + i, BESIDE, x, y, [
    still("path", { d: STAR, transform: `scale(${size})`, fill, ...outline("#e89a4a", 1.6) }),
  ]));
}

/** @returns {Part} */
function anger() {
  const d = "M-8 -26 C-8 -10 -12 -8 -28 -8 M8 -26 C8 -10 12 -8 28 -8 M-8 26 C-8 10 -12 8 -28 8 M8 26 C8 10 12 8 28 8";
  return mark("ParamEffectAnger", "anger", BESIDE, 556, 190, [still("path", { d, ...line("#ffffff", 15) }), still("path", { d, ...line("#e8385a", 8) })]);
}

/** @returns {Part} */
function sweat() {
  return mark("ParamEffectSweat", "sweat", { in: "head", depth: 90 }, 566, 372, [
    still("path", { d: "M0 -34 C10 -14 19 -2 19 12 C19 24 10 31 0 31 C-10 31 -19 24 -19 12 C-19 -2 -10 -14 0 -34Z", fill: "#a9def8", ...outline("#4d8fc0", 2.6) }),
    still("path", { d: "M-10 12 C-10 20 -6 24 0 25", ...line("#ffffff", 4, 0.95) }),
  ]);
}

/** @param {Palette} c @returns {Part} */
function question(c) {
  const d = "M-16 -20 C-16 -44 20 -44 20 -20 C20 -2 0 -2 0 16 M0 34 L0 35";
  return mark("ParamEffectQuestion", "question", BESIDE, 640, 150, [
    still("g", { transform: "rotate(12) scale(1.15)" }, [still("path", { d, ...line("#ffffff", 19) }), still("path", { d, ...line(c.accent.base, 11) })]),
  ]);
}

/** @param {Palette} c @returns {Part[]} */
function blush(c) {
  const d = "M-22 8 L-12 -8 M-5 9 L5 -9 M12 8 L22 -8";
  return [292, 508].map((x, i) => mark("ParamEffectBlush", "blushLines" + i, ON_FACE, x, 473, [still("path", { d, ...line(c.blush, 3.6) })]));
}

/** @returns {Part[]} */
function tears() {
  const d = "M0 -12 C7 0 12 6 12 14 C12 21 6 25 0 25 C-6 25 -12 21 -12 14 C-12 6 -7 0 0 -12Z";
  return [278, 522].map((x, i) => mark("ParamEffectTears", "tear" + i, ON_FACE, x, 470, [
    still("path", { d, fill: "#bfe8ff", ...outline("#6aaede", 2.2) }), still("path", { d: "M-5 14 C-5 18 -3 20 0 21", ...line("#ffffff", 3) }),
  ]));
}

/** @returns {Part} blue shade on the brow, under the hair */
export function gloom() {
  return fading("ParamEffectGloom", { id: "gloom", tag: "g", attrs: { "clip-path": "url(#faceClip)" }, children: [
    linear("gloomPaint", [0, 300, 0, 470], [[0, "#4d5aa8", 0.75], [1, "#4d5aa8", 0]]),
    path("gloomShade", ON_FACE, "M230 280 L570 280 L570 480 L230 480Z", { fill: "url(#gloomPaint)" }),
    path("gloomLines", ON_FACE, "M470 330 L470 392 M490 330 L490 410 M510 330 L510 400 M530 330 L530 384", line("#4d5aa8", 3, 0.7)),
  ] });
}

/** @param {Palette} c @returns {Part[]} */
function sleep(c) {
  const d = "M-12 -12 L12 -12 L-12 12 L12 12";
  return [[612, 210, 1], [650, 160, 1.35], [694, 100, 1.8]].map(([x, y, size], i) => mark("ParamEffectSleep", "sleep" + i, BESIDE, x, y, [
    still("g", { transform: `rotate(-10) scale(${size})` }, [still("path", { d, ...line("#ffffff", 9) }), still("path", { d, ...line(c.dress.light, 5) })]),
  ]));
}
