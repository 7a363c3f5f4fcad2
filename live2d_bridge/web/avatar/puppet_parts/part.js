/** What a drawing is made of, and the short hands the part files use. */
import { crescent, parse } from "./geometry.js";
import { faceDepth, trace, transformAt, weigh } from "./space.js";

/** @typedef {import("./geometry.js").Shape} Shape */
/** @typedef {import("./space.js").Space} Space */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {Record<string, string | number>} Attributes */
/** @typedef {{id?: string, tag: string, attrs: Attributes, children?: Part[], pose?: (space: Space) => Attributes}} Part
 *  `attrs` never change; `pose` gives those that do, and needs an `id`. `url(#name)` is made unique when the part is built. */

/** @type {Place} */
export const ON_FACE = { in: "head", depth: faceDepth };

/**
 * A path that moves with its place.
 * @param {string} id
 * @param {Place} place
 * @param {Shape | string} shape
 * @param {Attributes} attrs
 * @returns {Part}
 */
export function path(id, place, shape, attrs) {
  const form = typeof shape === "string" ? parse(shape) : shape;
  const weights = weigh(place, form.xy);
  return { id, tag: "path", attrs, pose: (space) => ({ d: trace(space, place, form, weights) }) };
}

/**
 * A group drawn around (0, 0) that sits at a point of the face, the hair or the body.
 * @param {string} id
 * @param {Place} place
 * @param {number} x
 * @param {number} y
 * @param {Part[]} children
 * @param {Attributes} [attrs]
 * @returns {Part}
 */
export function badge(id, place, x, y, children, attrs = {}) {
  return { id, tag: "g", attrs, children, pose: (space) => ({ transform: transformAt(space, place, x, y) }) };
}

/** A part that does not move by itself. @param {string} tag @param {Attributes} attrs @param {Part[]} [children] @returns {Part} */
export const still = (tag, attrs, children) => ({ tag, attrs, children });

/** @param {string} id @param {Part[]} children @param {Attributes} [attrs] @returns {Part} */
export const clip = (id, children, attrs = {}) => ({ tag: "clipPath", attrs: { ...attrs, id }, children });

/** @param {string} stroke @param {number} [width] @returns {Attributes} */
export const outline = (stroke, width = 3) => ({
  stroke, "stroke-width": width, "stroke-linejoin": "round", "stroke-linecap": "round",
});

/** @param {string} stroke @param {number} [width] @param {number} [opacity] @returns {Attributes} a line without a fill */
export const line = (stroke, width = 2.5, opacity = 1) => ({ fill: "none", ...outline(stroke, width), opacity });

/**
 * @param {string} id
 * @param {readonly [number, number, number, number]} box x1, y1, x2, y2 in the units of the drawing
 * @param {readonly (readonly [number, string, number?])[]} stops offset, colour, opacity
 * @returns {Part}
 */
export function linear(id, box, stops) {
  const [x1, y1, x2, y2] = box;
  return still("linearGradient", { id, gradientUnits: "userSpaceOnUse", x1, y1, x2, y2 }, stops.map(stop));
}

/**
 * @param {string} id
 * @param {readonly [number, number, number]} circle cx, cy, r
 * @param {readonly (readonly [number, string, number?])[]} stops
 * @returns {Part}
 */
export function radial(id, circle, stops) {
  const [cx, cy, r] = circle;
  return still("radialGradient", { id, gradientUnits: "userSpaceOnUse", cx, cy, r }, stops.map(stop));
}

/** @param {readonly [number, string, number?]} item @returns {Part} */
function stop([offset, color, opacity = 1]) {
  return still("stop", { offset, "stop-color": color, "stop-opacity": opacity });
}

/**
 * A strand of hair with its shaded side.
 * @param {string} id
 * @param {Place} place
 * @param {Shape} shape what `lock` gave
 * @param {Attributes} paint
 * @param {Attributes} shade
 * @param {number} [share] of the width that is shaded
 * @returns {Part[]}
 */
export function strand(id, place, shape, paint, shade, share = 0.4) {
  return [path(id, place, shape, paint), path(id + "Shade", place, crescent(shape, share), shade)];
}
