/**
 * The default avatar: a drawing of our own that is moved with Live2D's parameters.
 *
 * `pose` is pure and needs no page; `createPuppet` builds the SVG from the same parts and writes only what changed.
 */
import { complete } from "./parameters.js";
import { accessories } from "./puppet_parts/accessories.js";
import { brows } from "./puppet_parts/brows.js";
import { effects, gloom } from "./puppet_parts/effects.js";
import { eyeDefs, eyes } from "./puppet_parts/eyes.js";
import { face, faceDefs, features, neck } from "./puppet_parts/face.js";
import { ahoge, bangShadow, front, hairDefs } from "./puppet_parts/hair_front.js";
import { backLong, ribbons, sideLong } from "./puppet_parts/hair_long.js";
import { backShort, sideShort } from "./puppet_parts/hair_short.js";
import { mouth, mouthDefs } from "./puppet_parts/mouth.js";
import { outfit, outfitDefs } from "./puppet_parts/outfit.js";
import { choices, makePalette } from "./puppet_parts/palette.js";
import { still } from "./puppet_parts/part.js";
import { makeSpace } from "./puppet_parts/space.js";

/** @typedef {import("./puppet_parts/part.js").Part} Part */
/** @typedef {import("./puppet_parts/part.js").Attributes} Attributes */
/** @typedef {import("./puppet_parts/palette.js").Look} Look */
/** @typedef {ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>} ParamsIn */

export const VIEW = Object.freeze({ width: 800, height: 1000 });
const SVG = "http://www.w3.org/2000/svg";

/**
 * The drawing, back to front.
 * @param {Look} look
 * @returns {Part[]}
 */
export function drawing(look) {
  const c = makePalette(look);
  const { style, accessory } = choices(look);
  const long = style === "long";
  const worn = accessories(c, accessory);
  return [
    still("defs", {}, [...faceDefs(c), ...eyeDefs(c), ...mouthDefs(), ...hairDefs(c), ...outfitDefs(c)]),
    ...(long ? backLong(c) : backShort(c)),
    ...neck(c), ...outfit(c, style),
    ...face(c), ...bangShadow(c, style), gloom(), ...features(c), ...mouth(c), ...eyes(c), ...worn.face,
    ...(long ? sideLong(c) : sideShort(c)), ...ahoge(c), ...front(c, style), ...brows(c), ...worn.under,
    ...(long ? ribbons(c) : []), ...worn.over, ...effects(c),
  ];
}

/** @param {readonly Part[]} parts @returns {Part[]} those that move, the nested ones too */
function movers(parts) {
  return parts.flatMap((part) => [...(part.pose ? [part] : []), ...movers(part.children ?? [])]);
}

/**
 * @param {readonly Part[]} moving
 * @param {ParamsIn} params
 * @returns {Record<string, Attributes>}
 */
function poseOf(moving, params) {
  const space = makeSpace(complete(params));
  /** @type {Record<string, Attributes>} */
  const result = {};
  for (const part of moving) if (part.pose) result[part.id ?? ""] = part.pose(space);
  return result;
}

/**
 * What every moving part looks like.
 * @param {ParamsIn} params Live2D ids and values; unknown ids are ignored, values are clamped, what is missing is at its default
 * @param {Look} [look]
 * @returns {Record<string, Attributes>} part id → SVG attributes (`d`, `transform`, `opacity`)
 */
export function pose(params, look = {}) {
  return poseOf(movers(drawing(look)), params);
}

/**
 * @typedef {{element: SVGSVGElement, apply: (params: ParamsIn) => void, setLook: (look: Look) => void}} Puppet
 */

/**
 * @param {{look?: Look, document?: Document}} [options]
 * @returns {Puppet}
 */
export function createPuppet({ look = {}, document: page = document } = {}) {
  const element = /** @type {SVGSVGElement} */ (page.createElementNS(SVG, "svg"));
  element.setAttribute("viewBox", `0 0 ${VIEW.width} ${VIEW.height}`);
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", "avatar");
  const prefix = "p" + Math.random().toString(36).slice(2, 8) + "-";
  /** @type {{part: Part, node: Element, last: Attributes}[]} */
  let bound = [];
  /** @type {ParamsIn} */
  let current = {};

  /** @param {Part} part @returns {Element} */
  const build = (part) => {
    const node = page.createElementNS(SVG, part.tag);
    for (const [name, value] of Object.entries(part.attrs)) {
      const text = String(value).replace("url(#", "url(#" + prefix);
      node.setAttribute(name, name === "id" ? prefix + text : text);
    }
    if (part.id) node.setAttribute("data-part", part.id);
    if (part.pose) bound.push({ part, node, last: {} });
    for (const child of part.children ?? []) node.append(build(child));
    return node;
  };

  /** @param {ParamsIn} params */
  const apply = (params) => {
    current = params;
    const space = makeSpace(complete(params));
    for (const item of bound) {
      const next = item.part.pose?.(space) ?? {};
      for (const name in next) {
        if (next[name] !== item.last[name]) item.node.setAttribute(name, String(next[name]));
      }
      item.last = next;
    }
  };

  /** @param {Look} chosen */
  const setLook = (chosen) => {
    bound = [];
    element.replaceChildren(...drawing(chosen).map(build));
    apply(current);
  };

  setLook(look);
  return { element, apply, setLook };
}
