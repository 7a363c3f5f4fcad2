/**
 * Expressions in the manner of Live2D's exp3 files: each sets some parameters by adding, multiplying or overwriting, and fades.
 *
 * Invariant: with every fade over, exactly one expression is on; "neutral" leaves the parameters as they are.
 */

/** @typedef {import("./parameters.js").Params} Params */
/** @typedef {"Add" | "Multiply" | "Overwrite"} Blend */
/** @typedef {Record<string, [Blend, number]>} Expression */

/** @param {number} value @returns {[Blend, number]} */
const add = (value) => ["Add", value];
/** @param {number} value @returns {[Blend, number]} */
const times = (value) => ["Multiply", value];
/** @param {number} value @returns {[Blend, number]} */
const set = (value) => ["Overwrite", value];

/** @param {string} id with `?` for L and R @param {[Blend, number]} left @param {[Blend, number]} [right] @returns {Expression} */
const both = (id, left, right = left) => ({ [id.replace("?", "L")]: left, [id.replace("?", "R")]: right });

/** @type {Readonly<Record<string, Expression>>} */
export const EXPRESSIONS = Object.freeze({
  neutral: {},
  joy: {
    ...both("ParamEye?Smile", set(1)), ...both("ParamEye?Open", times(0)), ...both("ParamBrow?Y", add(0.45)), ...both("ParamBrow?Form", add(0.4)),
    ParamMouthForm: set(1), ParamMouthOpenY: add(0.6), ParamCheek: set(0.9), ParamEffectSparkle: set(1),
    ParamAngleZ: add(4), ParamAngleY: add(3),
  },
  sadness: {
    ...both("ParamEye?Open", times(0.74)), ...both("ParamBrow?Angle", add(0.85)), ...both("ParamBrow?Y", add(0.1)), ...both("ParamBrow?X", add(-0.4)),
    ParamMouthForm: set(-0.9), ParamEyeBallY: add(-0.35), ParamAngleY: add(-9), ParamAngleZ: add(-4), ParamEffectTears: set(1),
    ParamBodyAngleY: add(-3), ParamShoulderY: add(-0.5), ParamEyeBallForm: add(0.1),
  },
  anger: {
    ...both("ParamEye?Open", times(0.7)), ...both("ParamBrow?Angle", add(-1)), ...both("ParamBrow?Y", add(-0.75)), ...both("ParamBrow?X", add(-0.5)),
    ...both("ParamBrow?Form", add(-0.5)), ParamMouthForm: set(-1), ParamCheek: set(0.5), ParamAngleY: add(-4), ParamEyeBallForm: add(-0.35),
    ParamEffectAnger: set(1), ParamShoulderY: add(0.7),
  },
  surprise: {
    ...both("ParamEye?Open", times(1.2)), ...both("ParamBrow?Y", add(0.95)), ...both("ParamBrow?Form", add(0.6)),
    ParamMouthForm: set(-0.1), ParamMouthOpenY: add(0.55), ParamO: add(0.9), ParamEyeBallForm: add(-0.6), ParamAngleY: add(4), ParamShoulderY: add(0.8),
  },
  fear: {
    ...both("ParamEye?Open", times(1.1)), ...both("ParamBrow?Angle", add(0.9)), ...both("ParamBrow?Y", add(0.35)), ...both("ParamBrow?X", add(-0.5)),
    ParamMouthForm: set(-0.7), ParamMouthOpenY: add(0.22), ParamE: add(0.6), ParamEyeBallForm: add(-0.9), ParamEffectGloom: set(1), ParamEffectSweat: set(1),
    ParamAngleY: add(-3), ParamShoulderY: add(1), ParamCheek: set(0),
  },
  smirk: {
    ...both("ParamEye?Open", times(0.6), times(0.78)), ...both("ParamEye?Smile", set(0.5), set(0.3)), ...both("ParamBrow?Y", add(-0.3), add(0.55)),
    ...both("ParamBrow?Angle", add(-0.45), add(-0.1)), ParamMouthForm: set(0.85), ParamAngleZ: add(-6), ParamAngleX: add(5), ParamEyeBallX: add(-0.2),
    ParamAngleY: add(3), ParamCheek: set(0.35),
  },
  shy: {
    ...both("ParamEye?Open", times(0.8)), ...both("ParamEye?Smile", set(0.3)), ...both("ParamBrow?Angle", add(0.55)), ...both("ParamBrow?Y", add(0.15)),
    ParamMouthForm: set(0.25), ParamU: add(0.5), ParamCheek: set(1), ParamEffectBlush: set(1), ParamEyeBallX: add(0.5), ParamEyeBallY: add(-0.4), ParamAngleY: add(-6),
    ParamAngleZ: add(7), ParamAngleX: add(-5), ParamShoulderY: add(0.6),
  },
  thinking: {
    ...both("ParamEye?Open", times(0.9)), ...both("ParamBrow?Y", add(-0.25), add(0.6)), ...both("ParamBrow?Angle", add(-0.3), add(0.1)),
    ParamMouthForm: set(-0.35), ParamEyeBallX: add(0.55), ParamEyeBallY: add(0.6), ParamAngleX: add(7), ParamAngleY: add(6), ParamAngleZ: add(6), ParamEffectQuestion: set(1),
  },
  disgust: {
    ...both("ParamEye?Open", times(0.62), times(0.7)), ...both("ParamBrow?Angle", add(-0.5), add(-0.7)), ...both("ParamBrow?Y", add(-0.5)),
    ...both("ParamBrow?Form", add(-0.5)), ParamMouthForm: set(-1), ParamMouthOpenY: add(0.1), ParamE: add(0.8), ParamAngleX: add(-8), ParamAngleY: add(4), ParamEyeBallX: add(0.4),
    ParamEffectSweat: set(1),
  },
});

/** @type {Readonly<Record<string, string>>} */
export const ALIASES = Object.freeze({
  happy: "joy", happiness: "joy", smile: "joy", laugh: "joy", excited: "joy", love: "shy", blush: "shy", embarrassed: "shy",
  sad: "sadness", cry: "sadness", angry: "anger", mad: "anger", pout: "anger", surprised: "surprise", shock: "surprise", shocked: "surprise",
  afraid: "fear", scared: "fear", fearful: "fear", nervous: "fear", smug: "smirk", wink: "smirk", think: "thinking", confused: "thinking",
  curious: "thinking", disgusted: "disgust", normal: "neutral", calm: "neutral", default: "neutral",
});

/** @param {string} name @returns {string | null} the expression meant, if we have it */
export function resolve(name) {
  const key = name.trim().toLowerCase();
  if (Object.keys(EXPRESSIONS).includes(key)) return key;
  return Object.entries(ALIASES).find(([alias]) => alias === key)?.[1] ?? null;
}

/**
 * A character file's values overwrite the built-in ones. Eyes are multiplied instead, or the avatar would never blink again.
 * @param {string} name
 * @param {Readonly<Record<string, number>>} params
 * @returns {Expression}
 */
function compose(name, params) {
  const own = Object.entries(params).filter(([, value]) => Number.isFinite(value));
  const custom = own.map(([id, value]) => [id, /^ParamEye[LR]Open$/.test(id) ? times(value) : set(value)]);
  return { ...EXPRESSIONS[resolve(name) ?? "neutral"], ...Object.fromEntries(custom) };
}

/** @param {number} base @param {[Blend, number]} item @param {number} weight 0…1 @returns {number} */
function mixed(base, [blend, value], weight) {
  if (blend === "Add") return base + weight * value;
  if (blend === "Multiply") return base * (1 + weight * (value - 1));
  return base + weight * (value - base);
}

/**
 * @typedef {{name: string, expression: Expression, weight: number, fadeMs: number}} Layer
 * @typedef {{set: (name: string, params?: Readonly<Record<string, number>>, fadeMs?: number) => void, update: (dtMs: number) => void,
 *   apply: (params: Params) => Params, current: () => string}} Expressions
 */

/** @returns {Expressions} */
export function createExpressions() {
  /** @type {Layer[]} the last one is on, the others fade out */
  let layers = [{ name: "neutral", expression: {}, weight: 1, fadeMs: 1 }];
  return {
    set(name, params = {}, fadeMs = 250) {
      const fade = Number.isFinite(fadeMs) && fadeMs > 1 ? fadeMs : 1;
      for (const layer of layers) layer.fadeMs = fade;
      layers.push({ name, expression: compose(name, params), weight: 0, fadeMs: fade });
    },
    update(dtMs) {
      const on = layers[layers.length - 1];
      for (const layer of layers) {
        const step = dtMs / layer.fadeMs;
        layer.weight = Math.min(1, Math.max(0, layer.weight + (layer === on ? step : -step)));
      }
      layers = layers.filter((layer) => layer === on || layer.weight > 0);
    },
    apply(params) {
      const result = { ...params };
      for (const { expression, weight } of layers) {
        const eased = weight * weight * (3 - 2 * weight);
        for (const [id, item] of Object.entries(expression)) result[id] = mixed(result[id] ?? 0, item, eased);
      }
      return result;
    },
    current: () => layers[layers.length - 1].name,
  };
}
