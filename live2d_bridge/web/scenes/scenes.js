/**
 * What is behind the avatar. A scene is drawn once and then lives by CSS animations of transform and opacity alone, so the
 * page's own loop is left to the avatar.
 *
 * Invariant: an unknown name or option shows the nearest thing that works; the container's other children are left alone.
 */
import { BOARD, box, makeTools } from "./draw.js";
import { picture, plain, transparent } from "./flat.js";
import { garden } from "./garden.js";
import { night } from "./night.js";
import { room } from "./room.js";
import { stage } from "./stage.js";

/**
 * @typedef {{color?: string, url?: string, accent?: string, hour?: number, rain?: boolean, seed?: number}} SceneOptions
 * `color` of plain; `url` of picture; `accent` light of room and stage; `hour` 0…24 and `rain` for room, the clock's hour when left out
 * @typedef {(tools: import("./draw.js").Tools, options: SceneOptions) => Element[]} Painter
 * @typedef {{element: HTMLElement, set: (name: string, options?: SceneOptions) => void, name: () => string, remove: () => void}} Scene
 */

/** @type {Readonly<Record<string, Painter>>} */
const PAINTERS = Object.freeze({ room, night, stage, garden, plain, transparent, picture });

export const sceneNames = Object.freeze(Object.keys(PAINTERS));
const FALLBACK = "room";
/** These fill the container as it is; the others are drawn on a board that covers it. */
const FLAT = new Set(["plain", "transparent", "picture"]);

/** @param {Document} page links the style sheet once */
function linkStyles(page) {
  const href = new URL("./scenes.css", import.meta.url).href;
  if ([...page.querySelectorAll("link")].some((link) => link.href === href)) return;
  const link = page.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  page.head.append(link);
}

/**
 * @param {{container: HTMLElement, name?: string, options?: SceneOptions}} settings the scene becomes the container's first child
 * @returns {Scene}
 */
export function createScene({ container, name = FALLBACK, options = {} }) {
  const page = container.ownerDocument;
  linkStyles(page);
  const element = page.createElement("div");
  element.setAttribute("aria-hidden", "true");
  container.prepend(element);
  let current = "";
  const fit = () => {
    const scale = Math.max(element.clientWidth / BOARD.width, element.clientHeight / BOARD.height);
    element.style.setProperty("--scene-scale", String(scale || 1));
  };
  const watcher = new ResizeObserver(fit);
  watcher.observe(element);

  /** @param {string} wanted @param {SceneOptions} [chosen] */
  const set = (wanted, chosen = {}) => {
    current = Object.prototype.hasOwnProperty.call(PAINTERS, wanted) ? wanted : FALLBACK;
    element.className = `scene scene-${current}`;
    const painted = PAINTERS[current](makeTools(page, chosen.seed ?? 7), chosen);
    element.replaceChildren(...(FLAT.has(current) ? painted : [box(page, "scene-board", {}, painted)]));
    fit();
  };
  const remove = () => {
    watcher.disconnect();
    element.remove();
  };

  set(name, options);
  return { element, set, name: () => current, remove };
}
