/**
 * The avatar as a page uses it: one loop that mixes the idle life, the expression and the lips, and moves the puppet.
 *
 * A renderer for Live2D models has the same interface. Times are milliseconds, positions −1…1 (right and up), colours CSS.
 * Invariant: the lips have the last word on the mouth while there is speech; nothing runs while the page is hidden.
 */
import { EXPRESSIONS, createExpressions } from "./expressions.js";
import { createIdle } from "./idle.js";
import { DEFAULTS, PARAMETERS, canonicalId, complete, limit } from "./parameters.js";
import { createHair } from "./physics.js";
import { createPuppet } from "./puppet.js";
import { ACCESSORIES, STYLES } from "./puppet_parts/palette.js";
import { approach } from "./random.js";

/** @typedef {import("./parameters.js").Params} Params */
/** @typedef {import("./puppet_parts/palette.js").Look} Look */
/** @typedef {import("./idle.js").State} State */
/** @typedef {{open?: number, form?: number, A?: number, I?: number, U?: number, E?: number, O?: number}} Mouth */

/**
 * @typedef {object} Avatar
 * @property {SVGSVGElement} element
 * @property {(look: Look) => void} setLook
 * @property {(name: string, params?: Readonly<Record<string, number>>, fadeMs?: number) => void} setExpression an unknown name is neutral with `params`
 * @property {(mouth: Mouth) => void} setMouth what is left out is 0
 * @property {(state: State) => void} setState
 * @property {(x: number | null, y?: number) => void} lookAt −1…1; null: nowhere in particular
 * @property {(nowMs: number) => void} frame draws one frame; for a page with a loop of its own
 * @property {() => void} start
 * @property {() => void} stop also takes the listeners away
 * @property {() => {renderer: string, parameters: string[], expressions: string[], styles: readonly string[], accessories: readonly string[]}} capabilities
 * @property {() => Params} debugParams what was drawn last
 */

const VOWELS = /** @type {const} */ (["A", "I", "U", "E", "O"]);
const STATES = new Set(["idle", "listening", "thinking", "speaking"]);
const LIP_TAU_MS = 16;

/** Smooths the lips a little and knows how much the speech rules the mouth. */
function createLips() {
  const at = /** @type {Record<string, number>} */ ({ open: 0, form: 0, A: 0, I: 0, U: 0, E: 0, O: 0 });
  const to = { ...at };
  let rule = 0;
  return {
    /** @param {Mouth} mouth */
    set(mouth) {
      for (const key of Object.keys(to)) to[key] = limit(/** @type {Record<string, number>} */ (mouth)[key] ?? 0, key === "form" ? -1 : 0, 1, 0);
    },
    /** @param {number} dt @param {boolean} speaking */
    update(dt, speaking) {
      for (const key of Object.keys(to)) at[key] += approach(dt, LIP_TAU_MS) * (to[key] - at[key]);
      const wanted = speaking || to.open > 0.01 ? 1 : 0;
      rule += approach(dt, wanted ? 40 : 180) * (wanted - rule);
    },
    energy: () => at.open,
    /** @param {Params} p changed in place */
    apply(p) {
      const open = at.open < 0.01 ? 0 : at.open;
      p.ParamMouthOpenY += rule * (open - p.ParamMouthOpenY);
      p.ParamMouthForm += rule * 0.6 * at.form;
      for (const v of VOWELS) p["Param" + v] += rule * (at[v] - p["Param" + v]);
    },
  };
}

/** Everything about motion, without a page. @param {number} seed */
export function createMotion(seed) {
  const idle = createIdle(seed);
  const hair = createHair();
  const expressions = createExpressions();
  const lips = createLips();
  const context = { state: /** @type {State} */ ("idle"), gaze: /** @type {{x: number, y: number} | null} */ (null), quietMs: 0, calm: 0 };
  return {
    expressions, lips, context,
    /** @param {number} dt @returns {Params} */
    update(dt) {
      context.quietMs += dt;
      expressions.update(dt);
      lips.update(dt, context.state === "speaking");
      const base = { ...DEFAULTS, ...idle.update(dt, { ...context, energy: lips.energy() }) };
      const params = expressions.apply(base);
      lips.apply(params);
      return complete(Object.assign(params, hair.update(dt, params)));
    },
  };
}

/**
 * @param {{container: HTMLElement, look?: Look, seed?: number, maxFps?: number}} options `maxFps` saves work where there is no graphics card
 * @returns {Avatar}
 */
export function createAvatar({ container, look = {}, seed = 1, maxFps = 60 }) {
  const page = container.ownerDocument;
  const view = page.defaultView ?? window;
  const puppet = createPuppet({ look, document: page });
  const motion = createMotion(seed);
  const { context } = motion;
  const still = view.matchMedia("(prefers-reduced-motion: reduce)");
  let params = /** @type {Params} */ ({ ...DEFAULTS });
  let last = NaN;
  let ticket = 0;
  let running = false;
  container.append(puppet.element);

  /** @param {number} nowMs */
  const frame = (nowMs) => {
    const dt = Number.isNaN(last) ? 16 : limit(nowMs - last, 0, 200);
    last = nowMs;
    context.calm = still.matches ? 1 : 0;
    params = motion.update(dt);
    puppet.apply(params);
  };
  const shortest = 1000 / limit(maxFps, 5, 240, 60) - 4;
  const loop = (/** @type {number} */ nowMs) => {
    if (!(nowMs - last < shortest)) frame(nowMs);
    ticket = view.requestAnimationFrame(loop);
  };
  const resume = () => {
    view.cancelAnimationFrame(ticket);
    last = NaN;
    if (running && !page.hidden) ticket = view.requestAnimationFrame(loop);
  };
  const wake = () => { context.quietMs = 0; };

  return {
    element: puppet.element,
    setLook: puppet.setLook,
    setExpression(name, own = {}, fadeMs = 250) {
      wake();
      const named = Object.entries(own).map(([id, value]) => [canonicalId(id), value]);
      motion.expressions.set(name, Object.fromEntries(named), fadeMs);
    },
    setMouth: motion.lips.set,
    setState(state) {
      if (!STATES.has(state)) throw new TypeError(`unknown avatar state '${state}'`);
      if (state !== context.state) wake();
      context.state = state;
    },
    lookAt(x, y = 0) {
      wake();
      context.gaze = x === null ? null : { x, y };
    },
    frame,
    start() {
      if (running) return;
      running = true;
      page.addEventListener("visibilitychange", resume);
      resume();
    },
    stop() {
      running = false;
      page.removeEventListener("visibilitychange", resume);
      view.cancelAnimationFrame(ticket);
    },
    capabilities: () => ({
      renderer: "puppet", parameters: Object.keys(PARAMETERS), expressions: Object.keys(EXPRESSIONS), styles: STYLES, accessories: ACCESSORIES,
    }),
    debugParams: () => ({ ...params }),
  };
}
