/** A small seeded generator, so that a test can see the same "random" life twice. */

/** @typedef {() => number} Random uniform in [0, 1) */

/**
 * Mulberry32 (Tommy Ettinger, public domain).
 * @param {number} seed
 * @returns {Random}
 */
export function makeRandom(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** @param {Random} random @param {number} low @param {number} high @returns {number} */
export const between = (random, low, high) => low + (high - low) * random();

/**
 * How far to go towards a target in `dt` when the distance falls to 1/e in `tau` (both ms).
 * @param {number} dt
 * @param {number} tau
 * @returns {number} 0…1
 */
export const approach = (dt, tau) => 1 - Math.exp(-dt / tau);
