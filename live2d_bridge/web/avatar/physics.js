/**
 * Springs for the hair. Each follows the sideways motion of the head with its own delay and overshoot; what is drawn is the
 * distance between the two, so hair lags when the head starts, swings when it stops, and hangs straight at rest.
 *
 * Invariant: outputs stay within −1…1 and settle to the breeze alone, for every frame time from 1 to 200 ms.
 */
import { limit } from "./parameters.js";

/** @typedef {import("./parameters.js").Params} Params */
/** @typedef {{position: number, speed: number}} Spring */

const STEP_S = 1 / 125;
const LONGEST_MS = 200;

/**
 * A damped spring, integrated in steps of 8 ms at most (semi-implicit Euler).
 * @param {Spring} spring changed in place
 * @param {number} target
 * @param {number} omega natural frequency, rad/s
 * @param {number} zeta damping ratio
 * @param {number} dtMs
 */
export function advance(spring, target, omega, zeta, dtMs) {
  let left = limit(dtMs, 0, LONGEST_MS) / 1000;
  while (left > 1e-6) {
    const h = Math.min(STEP_S, left);
    spring.speed += h * (omega * omega * (target - spring.position) - 2 * zeta * omega * spring.speed);
    spring.position += h * spring.speed;
    left -= h;
  }
}

/** omega, zeta, gain, breeze */
const STRANDS = /** @type {const} */ ({
  ParamHairFront: [15, 0.32, 1.2, 0.05], ParamHairSide: [8.5, 0.24, 1.3, 0.1], ParamHairBack: [6, 0.24, 1.2, 0.09],
  ParamHairFluffy: [13, 0.16, 1.1, 0.06],
});

/**
 * @returns {{update: (dtMs: number, params: Params) => Params}} `update` gives the four ParamHair… values
 */
export function createHair() {
  let seconds = 0;
  /** @type {Record<string, Spring>} */
  const springs = Object.fromEntries(Object.keys(STRANDS).map((id) => [id, { position: 0, speed: 0 }]));
  return {
    update(dtMs, p) {
      seconds += limit(dtMs, 0, LONGEST_MS) / 1000;
      const pull = p.ParamAngleX / 26 + p.ParamAngleZ / 30 + p.ParamBodyAngleX / 16 + p.ParamBodyAngleZ / 12;
      const nod = p.ParamAngleY / 34;
      /** @type {Params} */
      const out = {};
      Object.entries(STRANDS).forEach(([id, [omega, zeta, gain, breeze]], i) => {
        const target = pull + (id === "ParamHairFluffy" ? nod : 0);
        advance(springs[id], target, omega, zeta, dtMs);
        const wind = breeze * (Math.sin(seconds * 1.15 + i) + 0.6 * Math.sin(seconds * 2.3 + 2 * i));
        out[id] = limit((springs[id].position - target) * gain + wind, -1, 1);
      });
      return out;
    },
  };
}
