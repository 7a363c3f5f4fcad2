/**
 * The parameters an avatar is moved with: Live2D's standard ids and ranges, the five vowels many models have,
 * and our own `ParamEffect…` for the small marks drawn around the head.
 *
 * Invariant: whatever comes in (a string, NaN, a value out of range, an unknown id), what goes out is a finite
 * number within the range of a known parameter.
 */

/** @typedef {{min: number, default: number, max: number}} Range */
/** @typedef {Record<string, number>} Params */

/** @param {number} min @param {number} def @param {number} max @returns {Range} */
const range = (min, def, max) => Object.freeze({ min, default: def, max });
const angle = range(-30, 0, 30);
const body = range(-10, 0, 10);
const both = range(-1, 0, 1);
const amount = range(0, 0, 1);
const open = range(0, 1, 1.3);

/** @type {Readonly<Record<string, Range>>} */
export const PARAMETERS = Object.freeze({
  ParamAngleX: angle, ParamAngleY: angle, ParamAngleZ: angle,
  ParamEyeLOpen: open, ParamEyeROpen: open, ParamEyeLSmile: amount, ParamEyeRSmile: amount,
  ParamEyeBallX: both, ParamEyeBallY: both, ParamEyeBallForm: both,
  ParamBrowLX: both, ParamBrowLY: both, ParamBrowLAngle: both, ParamBrowLForm: both,
  ParamBrowRX: both, ParamBrowRY: both, ParamBrowRAngle: both, ParamBrowRForm: both,
  ParamMouthForm: both, ParamMouthOpenY: amount,
  ParamA: amount, ParamI: amount, ParamU: amount, ParamE: amount, ParamO: amount,
  ParamCheek: amount,
  ParamBodyAngleX: body, ParamBodyAngleY: body, ParamBodyAngleZ: body, ParamBreath: amount,
  ParamShoulderY: both, ParamBaseX: body, ParamBaseY: body,
  ParamHairFront: both, ParamHairSide: both, ParamHairBack: both, ParamHairFluffy: both,
  ParamEffectSparkle: amount, ParamEffectAnger: amount, ParamEffectSweat: amount, ParamEffectQuestion: amount,
  ParamEffectBlush: amount, ParamEffectTears: amount, ParamEffectGloom: amount, ParamEffectSleep: amount,
});

/** @type {Readonly<Params>} */
export const DEFAULTS = Object.freeze(
  Object.fromEntries(Object.entries(PARAMETERS).map(([id, item]) => [id, item.default])),
);
const KNOWN = new Set(Object.keys(PARAMETERS));

/**
 * Cubism 2 wrote ids as `PARAM_EYE_L_OPEN`; today it is `ParamEyeLOpen`.
 * @param {string} id
 * @returns {string}
 */
export function canonicalId(id) {
  if (!id.startsWith("PARAM_")) return id;
  return id.toLowerCase().split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/**
 * @param {number} value
 * @param {number} min
 * @param {number} max
 * @param {number} [otherwise] what NaN becomes; `min` when left out
 * @returns {number}
 */
export function limit(value, min, max, otherwise = min) {
  if (Number.isNaN(value)) return otherwise;
  return value < min ? min : value > max ? max : value;
}

/**
 * @param {string} id
 * @param {unknown} value
 * @returns {number} within the parameter's range; its default when `value` is no number; 0 for an unknown id
 */
export function clamp(id, value) {
  if (!KNOWN.has(id)) return 0;
  const item = PARAMETERS[id];
  return typeof value === "number" ? limit(value, item.min, item.max, item.default) : item.default;
}

/**
 * Every known parameter, with the default where `params` says nothing sensible.
 * @param {ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>} params
 * @returns {Params}
 */
export function complete(params) {
  const entries = params instanceof Map ? params.entries() : Object.entries(params);
  const result = { ...DEFAULTS };
  for (const [name, value] of entries) {
    const id = canonicalId(name);
    if (KNOWN.has(id)) result[id] = clamp(id, value);
  }
  return result;
}
