/** Eyebrows. */
import { blend, mirror, parse } from "./geometry.js";
import { ON_FACE } from "./part.js";
import { trace } from "./space.js";

/** @typedef {import("./geometry.js").Shape} Shape */
/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./palette.js").Palette} Palette */

const ARCHED = parse("M266 335 C284 315 312 305 352 313 C357 315 356 319 351 319 C316 315 288 321 266 335Z");
const STRAIGHT = parse("M264 324 C288 315 318 313 352 318 C357 320 356 325 351 325 C318 321 290 323 264 324Z");
const BENT = parse("M264 316 C284 321 316 326 350 321 C356 321 356 327 351 328 C316 334 284 328 264 316Z");

/** @param {Shape} shape @param {number} angle radians @param {number} dx @param {number} dy @returns {Shape} turned around the brow */
function place(shape, angle, dx, dy) {
  const ca = Math.cos(angle);
  const sa = Math.sin(angle);
  const xy = new Array(shape.xy.length);
  for (let i = 0; i < xy.length; i += 2) {
    const x = shape.xy[i] - 312;
    const y = shape.xy[i + 1] - 320;
    xy[i] = 312 + x * ca - y * sa + dx;
    xy[i + 1] = 320 + x * sa + y * ca + dy;
  }
  return { ops: shape.ops, xy };
}

/** @param {Palette} c @returns {Part[]} */
export function brows(c) {
  return ["L", "R"].map((side) => ({
    id: "brow" + side, tag: "path", attrs: { fill: c.ink, opacity: 0.82 },
    pose: (space) => {
      const p = space.params;
      const form = p[`ParamBrow${side}Form`];
      const rest = 1 + Math.min(0, form);
      const arch = 0.3 * Math.max(0, form);
      const shape = blend([ARCHED, STRAIGHT, BENT], [0.7 * rest + arch, 0.3 * rest - arch, Math.max(0, -form)]);
      const moved = place(shape, -p[`ParamBrow${side}Angle`] * 0.42, -10 * p[`ParamBrow${side}X`], -17 * p[`ParamBrow${side}Y`]);
      return { d: trace(space, ON_FACE, side === "L" ? moved : mirror(moved)) };
    },
  }));
}
