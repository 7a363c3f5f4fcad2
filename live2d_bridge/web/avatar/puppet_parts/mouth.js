/**
 * The mouth: its outline is computed from how far it is open, the form (−1 sad … 1 smiling) and the weights of the five
 * vowels. The vowels only say which shape an open mouth has; without them it is the one the form asks for.
 *
 * Invariant: the opening grows with ParamMouthOpenY and is a line at 0, with every form and vowel.
 */
import { ON_FACE, clip, line, outline, path } from "./part.js";
import { trace } from "./space.js";

/** @typedef {import("./geometry.js").Shape} Shape */
/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Space} Space */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("../parameters.js").Params} Params */
/** @typedef {{open: number, width: number, height: number, lift: number, round: number}} Lips `open` 0…1, `width` half the width,
 *  `height` of the opening, `lift` of the corners, `round` 0 flat top … 1 ellipse */

export const MOUTH = Object.freeze({ x: 400, y: 503 });

/** Half width, height, roundness and the opening a bare vowel stands for. */
const VOWELS = /** @type {const} */ ({
  ParamA: [27, 50, 0.42, 1], ParamI: [34, 24, 0.1, 0.5], ParamU: [13, 27, 1, 0.4], ParamE: [30, 33, 0.2, 0.7],
  ParamO: [19, 46, 1, 0.8],
});

/** @param {Params} p @returns {Lips} */
export function lips(p) {
  const form = p.ParamMouthForm;
  let sum = 0;
  let bare = 0;
  const mix = [0, 0, 0];
  for (const [id, [width, height, round, open]] of Object.entries(VOWELS)) {
    const w = p[id];
    sum += w;
    bare = Math.max(bare, w * open);
    mix[0] += w * width;
    mix[1] += w * height;
    mix[2] += w * round;
  }
  const own = [25 + 5 * form, 44 + 4 * Math.abs(form), form > 0 ? 0.3 - 0.25 * form : 0.45 - 0.2 * form];
  const share = Math.min(1, sum);
  const [width, height, round] = own.map((v, i) => v + share * (sum > 0 ? mix[i] / sum - v : 0));
  const open = p.ParamMouthOpenY > 0 ? p.ParamMouthOpenY : bare;
  const wide = 1 - Math.pow(1 - Math.min(1, open), 3);
  const shut = 19 + 4 * form + (form < 0 ? 3 * form : 0);
  return {
    open, width: shut + (width + (share < 1 ? 2 * form : 0) - shut) * wide, height: height * open,
    lift: 7.5 * form * (1 - 0.35 * round * open), round,
  };
}

/** @param {Lips} l @returns {{upper: number[], lower: number[], left: number[]}} control points relative to the centre */
function curves({ width: w, height: h, lift, round }) {
  const corner = -lift * 0.9 + h * 0.1 * round;
  const top = lift * 0.55 - h * (0.12 + 0.3 * round);
  const bottom = lift * 0.55 + h * (0.88 - 0.3 * round);
  const k = 0.34 + 0.2 * round;
  return {
    left: [-w, corner],
    upper: [-w, corner - h * (0.04 + 0.26 * round), -w * k, top, 0, top, w * k, top, w, corner - h * (0.04 + 0.26 * round), w, corner],
    lower: [w, corner + h * (0.3 + 0.1 * round), w * (k + 0.12), bottom, 0, bottom,
      -w * (k + 0.12), bottom, -w, corner + h * (0.3 + 0.1 * round), -w, corner],
  };
}

/** @param {number[]} xy @returns {number[]} */
const placed = (xy) => xy.map((v, i) => v + (i % 2 ? MOUTH.y : MOUTH.x));

/** @param {Params} params @returns {Shape} the opening, a closed path */
export function opening(params) {
  const { left, upper, lower } = curves(lips(params));
  return { ops: "MCCCCZ", xy: placed([...left, ...upper, ...lower]) };
}

/** @param {Params} params @returns {Shape} the line of the upper lip, with a small dimple at a smiling corner */
function upperLine(params) {
  const { left, upper } = curves(lips(params));
  return { ops: "MCC", xy: placed([...left, ...upper]) };
}

/** @param {Params} params @returns {Shape} */
function tongue(params) {
  const l = lips(params);
  const { lower } = curves(l);
  const y = lower[5];
  const w = l.width * 0.72;
  const h = l.height * 0.42;
  return {
    ops: "MCCZ",
    xy: placed([-w, y, -w, y - h, -w * 0.2, y - h * 1.05, 0, y - h * 0.86, w * 0.2, y - h * 1.05, w, y - h, w, y]),
  };
}

/** @param {Params} params @returns {Shape} upper teeth */
function teeth(params) {
  const l = lips(params);
  const { upper } = curves(l);
  const y = upper[3];
  const h = Math.min(11, l.height * 0.24) * (1 - 0.55 * l.round);
  const w = l.width * 1.1;
  return { ops: "MLCZ", xy: placed([-w, y - 12, w, y - 12, w * 0.8, y + h, -w * 0.8, y + h, -w, y - 12]) };
}

/** @param {string} id @param {(p: Params) => Shape} shape @param {Part["attrs"]} attrs @returns {Part} */
function moving(id, shape, attrs) {
  return { id, tag: "path", attrs, pose: (space) => ({ d: trace(space, ON_FACE, shape(space.params)) }) };
}

/** @returns {Part[]} */
export function mouthDefs() {
  return [clip("mouthClip", [moving("mouthClipShape", opening, {})])];
}

/** @param {Palette} c @returns {Part[]} */
export function mouth(c) {
  const dark = "#8e3047";
  const hide = (/** @type {Space} */ space) => ({ opacity: lips(space.params).open > 0.03 ? 1 : 0 });
  return [
    path("lipShade", ON_FACE, "M386 531 C394 535 406 535 414 531", line(c.skin.deep, 3, 0.55)),
    moving("mouth", opening, { fill: dark, ...outline(c.skin.line, 2.4) }),
    { id: "mouthInside", tag: "g", attrs: { "clip-path": "url(#mouthClip)" }, pose: hide, children: [
      moving("tongue", tongue, { fill: "#f08a94" }),
      moving("teeth", teeth, { fill: "#fffdfb" }),
    ] },
    moving("upperLip", upperLine, line("#8a3a48", 2.9)),
  ];
}
