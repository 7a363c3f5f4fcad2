/** What a look can put on: a headset, the sound-wave clip, glasses, a circlet. */
import { join, mirror, parse } from "./geometry.js";
import { ON_FACE, badge, line, outline, path, still } from "./part.js";
import { bangDepth } from "./space.js";

/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */

/** @type {Place} */
const BAND = { in: "head", depth: 12 };
/** @type {Place} */
const ON_HAIR = { in: "head", depth: (x, y) => bangDepth(x, y) + 12 };

const BAND_LINE = "M226 372 C216 210 300 110 400 109 C500 110 584 210 574 372";

/** @param {Palette} c @returns {Part[]} the part of the headset that goes over the head */
function band(c) {
  return [
    path("bandEdge", BAND, BAND_LINE, line(c.dress.line, 21)),
    path("band", BAND, BAND_LINE, line(c.metal.base, 15.5)),
    path("bandStripe", BAND, "M300 142 C330 120 366 109 400 109 C434 109 470 120 500 142", line(c.accent.base, 5)),
  ];
}

/** @param {Palette} c @returns {Part[]} */
function cups(c) {
  const cup = (/** @type {string} */ id, /** @type {number} */ x) => badge(id, { in: "head", depth: 18 }, x, 402, [
    still("rect", { x: -22, y: -42, width: 44, height: 84, rx: 22, fill: c.dress.base, ...outline(c.dress.line, 3) }),
    still("rect", { x: -15, y: -33, width: 30, height: 66, rx: 15, fill: c.metal.base, ...outline(c.dress.line, 2.5) }),
    still("ellipse", { rx: 8.5, ry: 20, fill: "none", stroke: c.accent.base, "stroke-width": 5 }),
    still("path", { d: "M-9 -24 C-6 -30 2 -32 6 -30", ...line("#ffffff", 4, 0.9) }),
  ]);
  return [cup("cupL", 211), cup("cupR", 589)];
}

/** @param {Palette} c @returns {Part[]} */
function boom(c) {
  return [
    path("boom", { in: "head", depth: (x) => 20 + (x - 200) * 1.15 }, "M214 440 C222 500 256 530 308 532", line(c.dress.line, 6)),
    badge("mic", { in: "head", depth: 138 }, 312, 532, [
      still("rect", { x: -14, y: -9, width: 28, height: 18, rx: 9, fill: c.dress.base, ...outline(c.dress.line, 2.5) }),
      still("path", { d: "M-6 -3 L6 -3", ...line(c.accent.base, 3) }),
    ]),
  ];
}

/** @param {Palette} c @returns {Part} a microphone with three rings of sound, Kiyo's sign */
function clipOn(c) {
  return badge("clip", ON_HAIR, 497, 262, [still("g", { transform: "rotate(26) scale(1.12)" }, [
    still("path", { d: "M22 -14 C30 -6 30 6 22 14 M31 -21 C43 -9 43 9 31 21", ...line(c.accent.line, 8) }),
    still("path", { d: "M22 -14 C30 -6 30 6 22 14 M31 -21 C43 -9 43 9 31 21", ...line(c.accent.base, 4) }),
    still("path", { d: "M-5 16 L5 16 L3 44 L-3 44Z", fill: c.metal.base, ...outline(c.dress.line, 2.5) }),
    still("rect", { x: -14, y: -20, width: 28, height: 38, rx: 14, fill: c.accent.base, ...outline(c.accent.line, 2.8) }),
    still("path", { d: "M-13 2 L13 2 M-12 -8 L12 -8", ...line(c.accent.line, 2.2, 0.8) }),
    still("path", { d: "M-6 -13 C-3 -16 1 -16 4 -15", ...line("#ffffff", 3.5, 0.95) }),
  ])]);
}

/** @param {Palette} c @returns {Part[]} */
function glasses(c) {
  /** @type {Place} */
  const at = { in: "head", depth: 150 };
  const rim = parse("M262 418 C262 376 286 360 318 360 C352 360 374 380 374 418 C374 452 352 470 318 470 C284 470 262 452 262 418Z");
  const frame = join(rim, mirror(rim));
  return [
    path("lenses", at, frame, { fill: "#e9f6ff", opacity: 0.16 }),
    path("frames", at, frame, { ...line(c.dress.line, 6.5) }),
    path("framesLight", at, frame, { ...line(c.metal.shade, 1.6, 0.8) }),
    path("bridge", at, "M374 410 C386 400 414 400 426 410", line(c.dress.line, 6)),
    path("temples", { ...ON_FACE, depth: (x) => 150 - Math.abs(x - 400) * 0.55 }, "M262 410 L226 398 M538 410 L574 398", line(c.dress.line, 6)),
    path("glint", at, "M284 384 L300 372 M286 400 L316 376 M446 384 L462 372 M448 400 L478 376", line("#ffffff", 4, 0.55)),
  ];
}

/** @param {Palette} c @returns {Part[]} */
function circlet(c) {
  return [
    path("circlet", ON_HAIR, "M212 306 C262 268 330 252 400 256 C470 252 538 268 588 306 L586 326 C536 290 468 274 400 278 C332 274 264 290 214 326Z",
      { fill: c.accent.base, ...outline(c.accent.line, 3) }),
    path("circletLight", ON_HAIR, "M226 304 C272 274 334 262 398 264", line(c.accent.pale, 4, 0.9)),
    badge("circletGem", ON_HAIR, 400, 268, [
      still("path", { d: "M-30 4 C-38 -16 -22 -30 -10 -18 C-6 -12 -6 -6 0 -4 C6 -6 6 -12 10 -18 C22 -30 38 -16 30 4 C20 16 -20 16 -30 4Z", fill: c.accent.base, ...outline(c.accent.line, 3) }),
      still("circle", { r: 10, cy: 0, fill: c.dress.base, ...outline(c.accent.line, 2.5) }),
      still("circle", { r: 3, cx: -3, cy: -3, fill: "#ffffff", opacity: 0.9 }),
    ]),
  ];
}

/**
 * @param {Palette} c
 * @param {string} kind
 * @returns {{under: Part[], face: Part[], over: Part[]}} on the hair and under the ribbons, on the face, and over everything
 */
export function accessories(c, kind) {
  if (kind === "glasses") return { under: [], face: glasses(c), over: [] };
  if (kind === "circlet") return { under: [], face: [], over: circlet(c) };
  if (kind === "clip") return { under: [], face: [], over: [clipOn(c)] };
  if (kind === "headset") return { under: band(c), face: [], over: [...cups(c), ...boom(c), clipOn(c)] };
  return { under: [], face: [], over: [] };
}
