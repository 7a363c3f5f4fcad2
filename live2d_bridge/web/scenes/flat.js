/** Scenes without a drawing: one colour for chroma key, nothing at all, and the streamer's own picture. */
import { box } from "./draw.js";

/** @typedef {import("./scenes.js").SceneOptions} SceneOptions */
/** @typedef {import("./draw.js").Tools} Tools */

const GREEN = "#00ff00";

/** @param {Tools} tools @param {SceneOptions} options @returns {Element[]} */
export function plain({ page }, { color = GREEN }) {
  const node = box(page, "scene-fill", { "background-color": GREEN });
  node.style.backgroundColor = color;
  return [node];
}

/** @returns {Element[]} */
export const transparent = () => [];

/** @param {string} text @param {string} base @returns {string | null} the address if a picture may come from there */
export function pictureAddress(text, base) {
  if (/^data:image\/(png|jpeg|gif|webp|avif|svg\+xml)[;,]/i.test(text)) return text;
  try {
    const url = new URL(text, base);
    return ["http:", "https:", "blob:"].includes(url.protocol) ? url.href : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** @param {Tools} tools @param {SceneOptions} options @returns {Element[]} nothing when there is no usable address */
export function picture({ page }, { url = "" }) {
  const address = url && pictureAddress(url, page.baseURI);
  if (!address) return [];
  const image = page.createElement("img");
  image.className = "scene-picture";
  image.alt = "";
  image.decoding = "async";
  image.src = address;
  return [image];
}
