/**
 * All colours of a puppet, derived from the five (or fewer) that a look names.
 *
 * Shadows are not darker greys: they are the colour multiplied by lavender, as cel painters do, and outlines are the
 * colour multiplied by plum. Invariant: an unreadable colour falls back to the default look's; nothing throws.
 */
import { NAMED } from "./css_names.js";

/** @typedef {[number, number, number]} Rgb 0…255 */
/** @typedef {{hair?: string, eyes?: string, skin?: string, dress?: string, accent?: string, style?: string, accessory?: string}} Look */
/** @typedef {{base: string, light: string, pale: string, shade: string, deep: string, line: string}} Tones */
/** @typedef {{hair: Tones, eyes: Tones, skin: Tones, dress: Tones, accent: Tones, cloth: Tones, tip: string, inner: string,
 *   blush: string, ink: string, metal: Tones}} Palette */

/** Kiyo. */
export const DEFAULT_LOOK = Object.freeze({
  hair: "#f9b4cb", eyes: "#3fb6dc", skin: "#fff0e8", dress: "#454a85", accent: "#57d3e0", style: "long", accessory: "headset",
});

export const STYLES = Object.freeze(["long", "short"]);
export const ACCESSORIES = Object.freeze(["headset", "clip", "glasses", "circlet", "none"]);

/** @param {number} h degrees @param {number} s 0…1 @param {number} l 0…1 @returns {Rgb} */
function fromHsl(h, s, l) {
  const f = (/** @type {number} */ n) => {
    const k = (n + h / 30) % 12;
    return 255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [f(0), f(8), f(4)];
}

/**
 * @param {string} text `#rgb`, `#rrggbb` (with or without alpha, which is ignored), `rgb()`, `hsl()` or a CSS name
 * @returns {Rgb | null}
 */
export function parseColor(text) {
  const value = text.trim().toLowerCase();
  const hex = /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(value);
  if (hex) {
    const digits = hex[1].length < 6 ? [...hex[1]].map((d) => d + d).join("") : hex[1];
    const byte = (/** @type {number} */ i) => parseInt(digits.slice(i, i + 2), 16);
    return [byte(0), byte(2), byte(4)];
  }
  const call = /^(rgb|hsl)a?\(([^)]*)\)$/.exec(value);
  if (call) {
    const parts = call[2].split(/[\s,/]+/).filter(Boolean);
    const n = parts.slice(0, 3).map((p) => parseFloat(p));
    if (n.length < 3 || n.some((v) => !Number.isFinite(v))) return null;
    if (call[1] === "hsl") return fromHsl(((n[0] % 360) + 360) % 360, n[1] / 100, n[2] / 100);
    const scaled = n.map((v, i) => Math.min(255, Math.max(0, parts[i].endsWith("%") ? v * 2.55 : v)));
    return [scaled[0], scaled[1], scaled[2]];
  }
  const named = NAMED.get(value);
  return named === undefined ? null : [named >> 16, (named >> 8) & 255, named & 255];
}

/** @param {Rgb} rgb @returns {string} */
const hex = (rgb) => "#" + rgb.map((v) => Math.round(Math.min(255, Math.max(0, v))).toString(16).padStart(2, "0")).join("");

/** @param {Rgb} a @param {Rgb} b @param {number} t share of b @returns {Rgb} */
const mix = (a, b, t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];

/** @param {Rgb} a @param {Rgb} by factors × 255 @param {number} t strength @returns {Rgb} */
const multiply = (a, by, t) => mix(a, [(a[0] * by[0]) / 255, (a[1] * by[1]) / 255, (a[2] * by[2]) / 255], t);

/** @type {Rgb} */
const LAVENDER = [196, 160, 214];
/** @type {Rgb} */
const PLUM = [122, 66, 112];
/** @type {Rgb} */
const WHITE = [255, 255, 255];

/** @param {Rgb} c @returns {number} 0…1 */
const brightness = (c) => (0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]) / 255;

/** @param {Rgb} base @returns {Tones} */
function tones(base) {
  const dark = brightness(base) < 0.3;
  return {
    base: hex(base),
    light: hex(mix(base, WHITE, dark ? 0.2 : 0.42)),
    pale: hex(mix(base, WHITE, dark ? 0.42 : 0.74)),
    shade: hex(multiply(base, LAVENDER, 0.75)),
    deep: hex(multiply(multiply(base, LAVENDER, 1), LAVENDER, 0.75)),
    line: hex(multiply(base, PLUM, dark ? 0.72 : 0.92)),
  };
}

/** @param {Rgb} base @returns {Tones} */
function skinTones(base) {
  return {
    base: hex(base), light: hex(mix(base, WHITE, 0.5 * brightness(base) ** 2)), pale: hex(mix(base, WHITE, 0.8)),
    shade: hex(multiply(base, [251, 214, 217], 0.9)), deep: hex(multiply(base, [242, 172, 182], 0.85)),
    line: hex(multiply(base, [176, 96, 104], 1)),
  };
}

/** @param {Rgb} base @returns {Tones} */
function eyeTones(base) {
  return {
    base: hex(base), light: hex(mix(base, [190, 255, 246], 0.62)), pale: hex(mix(base, WHITE, 0.8)),
    shade: hex(multiply(base, [120, 96, 190], 0.9)), deep: hex(multiply(base, [62, 40, 96], 0.95)),
    line: hex(multiply(base, [52, 30, 70], 1)),
  };
}

/** @param {Look} look @param {"hair" | "eyes" | "skin" | "dress" | "accent"} key @returns {Rgb} */
function colour(look, key) {
  const chosen = look[key];
  const read = typeof chosen === "string" ? parseColor(chosen) : null;
  return read ?? /** @type {Rgb} */ (parseColor(DEFAULT_LOOK[key]));
}

/**
 * @param {Look} look
 * @returns {{style: string, accessory: string}} unknown values become the default's
 */
export function choices(look) {
  return {
    style: STYLES.includes(look.style ?? "") ? String(look.style) : DEFAULT_LOOK.style,
    accessory: ACCESSORIES.includes(look.accessory ?? "") ? String(look.accessory) : DEFAULT_LOOK.accessory,
  };
}

/** @param {Look} look @returns {Palette} */
export function makePalette(look) {
  const hair = colour(look, "hair");
  const skin = colour(look, "skin");
  const accent = colour(look, "accent");
  return {
    hair: tones(hair), eyes: eyeTones(colour(look, "eyes")), skin: skinTones(skin), dress: tones(colour(look, "dress")),
    accent: tones(accent), cloth: tones([253, 250, 255]), metal: tones([238, 240, 250]),
    tip: hex(mix(hair, mix(accent, [186, 150, 255], 0.55), brightness(hair) < 0.3 ? 0.35 : 0.62)),
    inner: hex(mix(multiply(hair, LAVENDER, 1), mix(accent, [150, 120, 240], 0.5), 0.5)),
    blush: hex(mix(skin, [255, 96, 120], 0.62)), ink: hex(multiply(mix(hair, [110, 60, 100], 0.6), [104, 54, 84], 0.95)),
  };
}
