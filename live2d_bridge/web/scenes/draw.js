/** Short hands for drawing a scene, and the seeded numbers it is scattered with. */
import { between, makeRandom } from "../avatar/random.js";

/** @typedef {Record<string, string | number>} Attributes */
/** @typedef {{page: Document, random: (low: number, high: number) => number}} Tools */

const SVG = "http://www.w3.org/2000/svg";

/** @param {Document} page @param {number} seed @returns {Tools} */
export function makeTools(page, seed) {
  const random = makeRandom(seed);
  return { page, random: (low, high) => between(random, low, high) };
}

/**
 * @param {Document} page
 * @param {string} tag
 * @param {Attributes} [attrs]
 * @param {Element[]} [children]
 * @returns {SVGElement}
 */
export function svg(page, tag, attrs = {}, children = []) {
  const node = /** @type {SVGElement} */ (page.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/**
 * @param {Document} page
 * @param {string} className
 * @param {Readonly<Record<string, string>>} [style] set through the CSSOM, which a content security policy allows
 * @param {Element[]} [children]
 * @returns {HTMLElement}
 */
export function box(page, className, style = {}, children = []) {
  const node = page.createElement("div");
  node.className = className;
  for (const [name, value] of Object.entries(style)) node.style.setProperty(name, value);
  node.append(...children);
  return node;
}

export const BOARD = Object.freeze({ width: 1600, height: 900 });

/**
 * A drawing on the board of 1600 × 900 units. What moves gets a drawing of its own: a browser paints each once and then only
 * shifts or fades it, while a part that moves inside a drawing makes all of that drawing be painted again.
 * @param {Document} page
 * @param {Element[]} children
 * @param {string} [className] of a layer that is animated
 * @param {readonly [number, number, number, number]} [area] x, y, width, height; all of the board when left out
 * @returns {SVGElement}
 */
export function canvas(page, children, className = "", area = [0, 0, BOARD.width, BOARD.height]) {
  const [x, y, width, height] = area;
  const art = svg(page, "svg", { viewBox: area.join(" "), width, height, class: `scene-art ${className}`, "aria-hidden": "true" }, children);
  art.style.left = `${x}px`;
  art.style.top = `${y}px`;
  return art;
}

/** @param {Document} page @param {string} id @param {readonly (readonly [number, string])[]} stops @param {boolean} [down] @returns {SVGElement} */
export function gradient(page, id, stops, down = true) {
  const axis = down ? { x1: 0, y1: 0, x2: 0, y2: 1 } : { x1: 0, y1: 0, x2: 1, y2: 0 };
  return svg(page, "linearGradient", { id, ...axis }, stops.map(([offset, color]) => svg(page, "stop", { offset, "stop-color": color })));
}
