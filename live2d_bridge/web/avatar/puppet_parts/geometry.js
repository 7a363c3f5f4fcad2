/**
 * Shapes as numbers. A drawing is written down as an SVG path; here it becomes a list of points that can be blended
 * (Live2D's key forms), moved, and written as a path again.
 *
 * Invariant: `format(parse(text))` draws what `text` draws; shapes that are blended have the same operations.
 */

/** @typedef {{ops: string, xy: number[]}} Shape `ops` of M, L, C, Z; `xy` the points of all of them, flat */
/** @typedef {{x: number, y: number}} Point */

/** How many points an operation of a `Shape` has. */
export const POINTS = Object.freeze(/** @type {Record<string, number>} */ ({ M: 1, L: 1, C: 3, Z: 0 }));
const COUNTS = /** @type {Record<string, number>} */ ({ M: 2, L: 2, C: 6, S: 4, Q: 4, Z: 0 });

/** @param {number[]} n @param {number} i @param {number[]} xy points so far @returns {number[]} a quadratic as a cubic */
function cubic(n, i, xy) {
  const [px, py] = xy.slice(-2);
  const [a, b, c, d] = n.slice(i, i + 4);
  return [px + (2 / 3) * (a - px), py + (2 / 3) * (b - py), c + (2 / 3) * (a - c), d + (2 / 3) * (b - d), c, d];
}

/**
 * @param {string} text absolute M, L, C, S, Q, Z
 * @returns {Shape}
 */
export function parse(text) {
  /** @type {Shape} */
  const shape = { ops: "", xy: [] };
  for (const [, op, rest] of text.matchAll(/([A-Za-z])([^A-Za-z]*)/g)) {
    const size = COUNTS[op];
    const n = (rest.match(/-?\d*\.?\d+/g) ?? []).map(Number);
    if (size === undefined || (size ? n.length === 0 || n.length % size : n.length)) {
      throw new Error(`cannot read '${op}${rest}' in path '${text}'`);
    }
    if (op === "Z") shape.ops += "Z";
    for (let i = 0; i < n.length; i += size) append(shape, op, n, i);
  }
  return shape;
}

/** @param {Shape} shape @param {string} op @param {number[]} n @param {number} i */
function append(shape, op, n, i) {
  const { xy } = shape;
  if (op === "S") {
    const k = xy.length;
    const smooth = shape.ops.endsWith("C");
    xy.push(smooth ? 2 * xy[k - 2] - xy[k - 4] : xy[k - 2], smooth ? 2 * xy[k - 1] - xy[k - 3] : xy[k - 1]);
    xy.push(...n.slice(i, i + 4));
  } else if (op === "Q") {
    xy.push(...cubic(n, i, xy));
  } else {
    xy.push(...n.slice(i, i + COUNTS[op]));
  }
  shape.ops += op === "S" || op === "Q" ? "C" : op === "M" && i ? "L" : op;
}

/**
 * A number with one decimal, put together from integers: three times as fast as from a fraction.
 * @param {number} v
 * @returns {string}
 */
export function decimal(v) {
  const n = Math.round(v * 10);
  const whole = Math.trunc(n / 10);
  const rest = Math.abs(n - whole * 10);
  return rest ? `${n < 0 && whole === 0 ? "-" : ""}${whole}.${rest}` : `${whole}`;
}

/** @param {Shape} shape @returns {string} */
export function format(shape) {
  const { ops, xy } = shape;
  let text = "";
  let k = 0;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i];
    const end = k + COUNTS[op];
    text += op;
    for (let first = true; k < end; k++, first = false) text += first ? decimal(xy[k]) : " " + decimal(xy[k]);
  }
  return text;
}

/** @param {Shape} shape @param {number} [axis] x of the mirror @returns {Shape} */
export function mirror(shape, axis = 400) {
  return { ops: shape.ops, xy: shape.xy.map((v, i) => (i % 2 ? v : 2 * axis - v)) };
}

/** @param {Shape} shape @param {number} dx @param {number} dy @returns {Shape} */
export function shift(shape, dx, dy) {
  return { ops: shape.ops, xy: shape.xy.map((v, i) => v + (i % 2 ? dy : dx)) };
}

/** @param {Shape[]} shapes @returns {Shape} one path with all of them */
export function join(...shapes) {
  return { ops: shapes.map((s) => s.ops).join(""), xy: shapes.flatMap((s) => s.xy) };
}

/**
 * Weighted sum of key forms.
 * @param {readonly Shape[]} shapes
 * @param {readonly number[]} weights usually with sum 1
 * @returns {Shape}
 */
export function blend(shapes, weights) {
  const { ops, xy } = shapes[0];
  const sum = new Array(xy.length).fill(0);
  shapes.forEach((shape, s) => {
    if (shape.ops !== ops) throw new Error(`key forms differ: ${ops} and ${shape.ops}`);
    const w = weights[s];
    if (w) for (let i = 0; i < sum.length; i++) sum[i] += w * shape.xy[i];
  });
  return { ops, xy: sum };
}

/**
 * A strand of hair: a leaf that starts with `width` at the root and ends in a point. It is left open at the root, so
 * that the outline has no line there.
 * @param {readonly [number, number]} root
 * @param {readonly [number, number]} bend first control point of the middle line
 * @param {readonly [number, number]} bend2 second control point
 * @param {readonly [number, number]} tip
 * @param {number} width at the root
 * @param {number} [belly] width at the bends, as a share of `width`
 * @returns {Shape}
 */
export function lock(root, bend, bend2, tip, width, belly = 1) {
  const [ax, ay] = normal(root, bend);
  const [bx, by] = normal(bend, bend2);
  const [cx, cy] = normal(bend2, tip);
  const r = width / 2;
  const b = r * belly;
  const c = r * belly * 0.8;
  return {
    ops: "MCC",
    xy: [
      root[0] + ax * r, root[1] + ay * r,
      bend[0] + bx * b, bend[1] + by * b, bend2[0] + cx * c, bend2[1] + cy * c, tip[0], tip[1],
      bend2[0] - cx * c, bend2[1] - cy * c, bend[0] - bx * b, bend[1] - by * b, root[0] - ax * r, root[1] - ay * r,
    ],
  };
}

/**
 * The shaded side of a strand: between its edge and a line inside it.
 * @param {Shape} strand what `lock` gave
 * @param {number} [share] of the width
 * @returns {Shape}
 */
export function crescent(strand, share = 0.4) {
  const { xy } = strand;
  const inside = (/** @type {number} */ i, /** @type {number} */ k) => xy[i] + share * (xy[k] - xy[i]);
  return {
    ops: "MCCZ",
    xy: [...xy.slice(0, 8), inside(4, 8), inside(5, 9), inside(2, 10), inside(3, 11), inside(0, 12), inside(1, 13)],
  };
}

/** @param {readonly [number, number]} p @param {readonly [number, number]} q @returns {[number, number]} left of p→q */
function normal(p, q) {
  const dx = q[0] - p[0];
  const dy = q[1] - p[1];
  const length = Math.hypot(dx, dy) || 1;
  return [dy / length, -dx / length];
}

/** @param {number} low @param {number} high @param {number} v @returns {number} 0 below low, 1 above high, smooth between */
export function smoothstep(low, high, v) {
  const t = Math.min(1, Math.max(0, (v - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
