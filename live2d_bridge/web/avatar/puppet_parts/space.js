/**
 * Where a point of the drawing goes when the head and the body turn.
 *
 * Every point has a depth. The head turns around its centre, so near points travel farther than far ones (that is the
 * parallax), and the half that turns away gets narrower. The body does the same, less. What hangs (long hair) goes from the
 * head's motion at its root to the body's at its end, and swings on the springs of `physics.js`.
 *
 * Invariant: with all parameters at their defaults no point moves.
 */
import { POINTS, decimal, smoothstep } from "./geometry.js";

/** @typedef {import("../parameters.js").Params} Params */
/** @typedef {import("./geometry.js").Shape} Shape */
/** @typedef {number | ((x: number, y: number) => number)} Depth */
/** @typedef {{by: "front" | "side" | "back" | "top", from: number, to: number, amount: number}} Sway */
/** @typedef {{in: "head" | "body" | "hang", depth: Depth, sway?: Sway, hang?: readonly [number, number]}} Place `hang`: y where it
 *   leaves the head's motion and y where it follows the body's */
/** @typedef {{ox: number, oy: number, oz: number, ca: number, sa: number, cb: number, sb: number,
 *   cr: number, sr: number, px: number, py: number, dx: number, dy: number, sy: number}} Turn */
/** @typedef {{head: Turn, body: Turn, swing: Record<string, number>, params: Params}} Space */

const FOCAL = 1500;
const RAD = Math.PI / 180;
export const HEAD = Object.freeze({ x: 400, y: 400 });

/** Skin: an ellipsoid. @param {number} x @param {number} y @returns {number} */
export function faceDepth(x, y) {
  const u = (x - HEAD.x) / 200;
  const v = (y - HEAD.y) / 240;
  return 140 * Math.sqrt(Math.max(0.02, 1 - u * u - v * v));
}

/** Outline of the face: flat at the temples, forward at the chin. @param {number} x @param {number} y @returns {number} */
export function jawDepth(x, y) {
  return 22 + 75 * smoothstep(430, 550, y) * (1 - Math.min(1, Math.abs(x - HEAD.x) / 170) ** 2);
}

/** Hair over the brow. @param {number} x @param {number} y @returns {number} */
export function bangDepth(x, y) {
  const u = (x - HEAD.x) / 225;
  const v = (y - HEAD.y) / 275;
  return 160 * Math.sqrt(Math.max(0.01, 1 - u * u - v * v));
}

/** Hair behind the head: near the skull at the crown, farther back below. @param {number} _x @param {number} y @returns {number} */
export function backDepth(_x, y) {
  return -8 - 70 * smoothstep(230, 520, y);
}

/** @param {number} x @param {number} y @returns {number} */
export function bodyDepth(x, y) {
  const u = (x - 400) / 230;
  return 70 * Math.sqrt(Math.max(0.03, 1 - u * u)) * smoothstep(560, 780, y);
}

/** @param {Params} p @returns {Turn} */
function bodyTurn(p) {
  const a = p.ParamBodyAngleX * 1.1 * RAD;
  const b = p.ParamBodyAngleY * 0.8 * RAD;
  const r = p.ParamBodyAngleZ * 0.55 * RAD;
  return {
    ox: 400, oy: 820, oz: 0, ca: Math.cos(a), sa: Math.sin(a), cb: Math.cos(b), sb: Math.sin(b),
    cr: Math.cos(r), sr: Math.sin(r), px: 400, py: 1120,
    dx: p.ParamBaseX * 4, dy: -p.ParamBaseY * 4, sy: 3.5 * p.ParamBreath + 6 * p.ParamShoulderY,
  };
}

/** @param {Params} p @returns {Turn} */
function headTurn(p) {
  const yaw = p.ParamAngleX / 30;
  const a = yaw * 21 * RAD;
  const b = (p.ParamAngleY / 30) * 17 * RAD;
  const r = p.ParamAngleZ * 0.55 * RAD;
  return {
    ox: HEAD.x, oy: HEAD.y, oz: 0, ca: Math.cos(a), sa: Math.sin(a), cb: Math.cos(b), sb: Math.sin(b),
    cr: Math.cos(r), sr: Math.sin(r), px: 400, py: 580,
    dx: yaw * 7, dy: -p.ParamAngleY * 0.12, sy: 0,
  };
}

/**
 * @param {Params} params complete (see `parameters.complete`)
 * @returns {Space}
 */
export function makeSpace(params) {
  return {
    head: headTurn(params),
    body: bodyTurn(params),
    swing: {
      front: params.ParamHairFront, side: params.ParamHairSide, back: params.ParamHairBack,
      top: params.ParamHairFluffy,
    },
    params,
  };
}

/**
 * @param {Turn} t
 * @param {number} x
 * @param {number} y
 * @param {number} z
 * @param {number[]} out x and y are written to out[0] and out[1]
 */
function turn(t, x, y, z, out) {
  const X = x - t.ox;
  const Y = y - t.oy;
  const x1 = X * t.ca + z * t.sa;
  const z1 = z * t.ca - X * t.sa;
  const y1 = Y * t.cb - z1 * t.sb;
  const s = (FOCAL - z) / (FOCAL - (Y * t.sb + z1 * t.cb));
  const rx = x1 * s + t.ox - t.px;
  const ry = y1 * s + t.oy - t.py;
  out[0] = t.px + rx * t.cr - ry * t.sr + t.dx;
  out[1] = t.py + rx * t.sr + ry * t.cr + t.dy;
}

const here = [0, 0];
const there = [0, 0];
const spot = [0, 0];
/** How many numbers `weigh` gives for a point: depth, share of the body's motion, share of the breath, place on the swing. */
const WEIGHTS = 4;

/**
 * What depends on the place and the point alone, so that a shape that never changes is weighed once.
 * @param {Place} place
 * @param {readonly number[]} xy
 * @returns {Float64Array} four numbers for each point
 */
export function weigh(place, xy) {
  const { sway } = place;
  const weights = new Float64Array((xy.length / 2) * WEIGHTS);
  for (let i = 0, k = 0; i < xy.length; i += 2, k += WEIGHTS) {
    const x = xy[i];
    const y = xy[i + 1];
    weights[k] = typeof place.depth === "number" ? place.depth : place.depth(x, y);
    weights[k + 1] = place.in === "hang" ? smoothstep(place.hang?.[0] ?? 470, place.hang?.[1] ?? 860, y) : 0;
    weights[k + 2] = 1 - smoothstep(640, 1000, y);
    weights[k + 3] = sway ? Math.max(0, (y - sway.from) / (sway.to - sway.from)) : 0;
  }
  return weights;
}

/**
 * @param {Space} space
 * @param {Place} place
 * @param {number} x
 * @param {number} y
 * @param {Float64Array} weights
 * @param {number} k where the weights of this point begin
 * @param {number[]} out
 */
function project(space, place, x, y, weights, k, out) {
  const { sway } = place;
  const z = weights[k];
  const h = weights[k + 1];
  const t = weights[k + 3];
  const lift = space.body.sy * weights[k + 2];
  if (sway && t) {
    const s = space.swing[sway.by];
    x += s * sway.amount * t * (0.4 + 0.6 * t);
    y -= Math.abs(s) * sway.amount * 0.12 * t * t;
  }
  if (place.in === "body") {
    turn(space.body, x, y, z, out);
    out[1] -= lift;
    return;
  }
  turn(space.head, x, y, z, here);
  turn(space.body, here[0], here[1], 0, here);
  if (h) {
    turn(space.body, x, y, z * 0.5, there);
    here[0] += h * (there[0] - here[0]);
    here[1] += h * (there[1] - here[1]);
  }
  out[0] = here[0];
  out[1] = here[1] - lift;
}

/**
 * @param {Space} space
 * @param {Place} place
 * @param {Shape} shape
 * @param {Float64Array} [weights] what `weigh` gave for the shape
 * @returns {Shape}
 */
export function warp(space, place, shape, weights = weigh(place, shape.xy)) {
  const { xy } = shape;
  const moved = new Array(xy.length);
  const out = [0, 0];
  for (let i = 0, k = 0; i < xy.length; i += 2, k += WEIGHTS) {
    project(space, place, xy[i], xy[i + 1], weights, k, out);
    moved[i] = out[0];
    moved[i + 1] = out[1];
  }
  return { ops: shape.ops, xy: moved };
}

/**
 * `format(warp(…))` without the shape between, for what is drawn each frame.
 * @param {Space} space
 * @param {Place} place
 * @param {Shape} shape
 * @param {Float64Array} [weights] what `weigh` gave for the shape
 * @returns {string} the path
 */
export function trace(space, place, shape, weights = weigh(place, shape.xy)) {
  const { ops, xy } = shape;
  let text = "";
  let i = 0;
  for (let n = 0; n < ops.length; n++) {
    const op = ops[n];
    let gap = op;
    for (const end = i + 2 * POINTS[op]; i < end; i += 2) {
      project(space, place, xy[i], xy[i + 1], weights, i * (WEIGHTS / 2), spot);
      text += gap + decimal(spot[0]) + " " + decimal(spot[1]);
      gap = " ";
    }
    if (op === "Z") text += op;
  }
  return text;
}

/**
 * The motion at one point as an affine transform, for parts that are drawn around an own origin (an iris, a hair clip).
 * @param {Space} space
 * @param {Place} place
 * @param {number} x
 * @param {number} y
 * @returns {string} an SVG transform that maps the drawing around (0, 0) to (x, y)
 */
export function transformAt(space, place, x, y) {
  const [ox, oy, ux, uy, vx, vy] = warp(space, place, { ops: "", xy: [x, y, x + 10, y, x, y + 10] }).xy;
  const f = (/** @type {number} */ n) => Math.round(n * 1000) / 1000;
  const g = (/** @type {number} */ n) => Math.round(n * 10) / 10;
  return `matrix(${f((ux - ox) / 10)} ${f((uy - oy) / 10)} ${f((vx - ox) / 10)} ${f((vy - oy) / 10)} ${g(ox)} ${g(oy)})`;
}
