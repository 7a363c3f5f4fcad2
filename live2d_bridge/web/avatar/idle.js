/**
 * The life between the words: blinking, breath, glances, sway, nods, and the poses for listening, thinking and dozing off.
 *
 * Pure: what `update` gives depends on the seed and on the calls before it, on nothing else.
 * Invariant: values are finite and within the ranges of `parameters.js`; a step counts as 200 ms at most.
 */
import { clamp, limit } from "./parameters.js";
import { approach, between, makeRandom } from "./random.js";

/** @typedef {import("./parameters.js").Params} Params */
/** @typedef {import("./random.js").Random} Random */
/** @typedef {"idle" | "listening" | "thinking" | "speaking"} State */
/** @typedef {{state?: State, energy?: number, gaze?: {x: number, y: number} | null, quietMs?: number, calm?: number}} Context
 *  `energy` 0…1 of the lips; `gaze` −1…1, right and up; `quietMs` since anything happened; `calm` 0…1, how much less to move */

const BLINK_MS = /** @type {const} */ ([70, 40, 140]);
const SLEEPY_MS = 60_000;
const ASLEEP_MS = 90_000;

/** @param {number} ms since the blink began @returns {number} how far shut, 0…1 */
function lidOf(ms) {
  const [shut, hold, open] = BLINK_MS;
  if (ms < 0 || ms >= shut + hold + open) return 0;
  if (ms < shut) return ms / shut;
  return ms < shut + hold ? 1 : 1 - (ms - shut - hold) / open;
}

/** @param {Random} random @returns {(dt: number) => number} how far shut */
function blinker(random) {
  let wait = between(random, 1200, 3500);
  return (dt) => {
    wait -= dt;
    const length = BLINK_MS[0] + BLINK_MS[1] + BLINK_MS[2];
    const shut = wait <= 0 ? lidOf(-wait) : 0;
    if (-wait >= length) wait = random() < 0.18 ? 110 : between(random, 2000 - length, 6000 - length);
    return shut;
  };
}

/** @param {Random} random @returns {(dt: number) => {x: number, y: number}} small jumps of the eyes */
function glancer(random) {
  const at = { x: 0, y: 0 };
  const to = { x: 0, y: 0 };
  let wait = 800;
  return (dt) => {
    wait -= dt;
    if (wait <= 0) {
      const far = random() < 0.2 ? 2.2 : 1;
      to.x = far * between(random, -0.14, 0.14);
      to.y = far * between(random, -0.08, 0.1);
      wait = between(random, 600, 2600);
    }
    const k = approach(dt, 28);
    at.x += k * (to.x - at.x);
    at.y += k * (to.y - at.y);
    return at;
  };
}

/** @param {Random} random @returns {(dt: number) => {lean: number, turn: number, tilt: number}} from one foot to the other */
function shifter(random) {
  const at = { lean: 0, turn: 0, tilt: 2 };
  let to = { lean: 0.6, turn: 0, tilt: 3 };
  let wait = 2500;
  return (dt) => {
    wait -= dt;
    if (wait <= 0) {
      const side = to.lean > 0 ? -1 : 1;
      to = { lean: side * between(random, 0.6, 2.6), turn: between(random, -2.4, 2.4), tilt: side * between(random, 1, 4.5) };
      wait = between(random, 4500, 10500);
    }
    const k = approach(dt, 900);
    at.lean += k * (to.lean - at.lean);
    at.turn += k * (to.turn - at.turn);
    at.tilt += k * (to.tilt - at.tilt);
    return at;
  };
}

/** @param {Random} random @returns {(dt: number, energy: number, listening: boolean) => {y: number, z: number}} nods on what is stressed */
function nodder(random) {
  let age = 1e6;
  let size = 0;
  let side = 0;
  let slow = 0;
  let wait = 1800;
  return (dt, energy, listening) => {
    age += dt;
    wait = listening ? wait - dt : between(random, 1400, 3600);
    const stressed = energy - slow > 0.22 && age > 420;
    slow += approach(dt, 160) * (energy - slow);
    if (stressed || wait <= 0) {
      age = 0;
      size = stressed ? between(random, 2.5, 6) : between(random, 4, 6.5);
      side = stressed ? between(random, -2.6, 2.6) : 0;
      wait = between(random, 1800, 4200);
    }
    const t = age / 420;
    const bow = t < 1 ? Math.sin(Math.PI * t) ** 2 : 0;
    return { y: -size * bow, z: side * bow };
  };
}

/** What each state adds, at full weight. @type {Record<State, Params>} */
const POSES = {
  idle: { ParamMouthForm: 0.35 },
  listening: {
    ParamAngleZ: 5, ParamAngleY: 2, ParamBodyAngleY: -2, ParamBrowLY: 0.3, ParamBrowRY: 0.3, ParamMouthForm: 0.4, ParamEyeBallForm: 0.12, ParamBodyAngleX: -1.5,
  },
  thinking: {
    ParamAngleX: 8, ParamAngleY: 7, ParamAngleZ: 5, ParamEyeBallX: 0.5, ParamEyeBallY: 0.65, ParamBrowLY: 0.1, ParamBrowRY: 0.5, ParamMouthForm: -0.15, ParamBodyAngleX: 2,
  },
  speaking: { ParamBrowLY: 0.1, ParamBrowRY: 0.1, ParamMouthForm: 0.3, ParamBodyAngleY: -1 },
};
const STATES = /** @type {State[]} */ (Object.keys(POSES));

/**
 * @param {number} [seed]
 * @returns {{update: (dtMs: number, context?: Context) => Params}}
 */
export function createIdle(seed = 1) {
  const random = makeRandom(seed);
  const phase = [0, 1, 2, 3].map(() => between(random, 0, 6.28));
  const parts = { blink: blinker(random), glance: glancer(random), shift: shifter(random), nod: nodder(random) };
  const weight = /** @type {Record<State, number>} */ ({ idle: 1, listening: 0, thinking: 0, speaking: 0 });
  const gaze = { x: 0, y: 0, eyeX: 0, eyeY: 0 };
  let seconds = 0;
  let energy = 0;
  let drowsy = 0;
  let asleep = 0;

  return {
    update(dtMs, context = {}) {
      const dt = limit(dtMs, 0, 200);
      const state = context.state ?? "idle";
      seconds += dt / 1000;
      for (const name of STATES) weight[name] += approach(dt, 260) * ((name === state ? 1 : 0) - weight[name]);
      energy += approach(dt, 60) * (limit(context.energy ?? 0, 0, 1) - energy);
      const quiet = state === "idle" ? context.quietMs ?? 0 : 0;
      drowsy += approach(dt, quiet > SLEEPY_MS ? 2500 : 260) * ((quiet > SLEEPY_MS ? 1 : 0) - drowsy);
      asleep += approach(dt, quiet > ASLEEP_MS ? 2500 : 200) * ((quiet > ASLEEP_MS ? 1 : 0) - asleep);
      follow(gaze, context.gaze ?? null, dt);
      return compose(dt, seconds, { phase, weight, gaze, energy, drowsy, asleep, move: 1 - 0.75 * limit(context.calm ?? 0, 0, 1) }, parts);
    },
  };
}

/** Eyes go first, the head comes after. @param {{x: number, y: number, eyeX: number, eyeY: number}} gaze @param {{x: number, y: number} | null} to @param {number} dt */
function follow(gaze, to, dt) {
  const x = limit(to?.x ?? 0, -1, 1, 0);
  const y = limit(to?.y ?? 0, -1, 1, 0);
  gaze.eyeX += approach(dt, 70) * (x - gaze.eyeX);
  gaze.eyeY += approach(dt, 70) * (y - gaze.eyeY);
  gaze.x += approach(dt, 320) * (x - gaze.x);
  gaze.y += approach(dt, 320) * (y - gaze.y);
}

/**
 * @typedef {{phase: number[], weight: Record<State, number>, gaze: {x: number, y: number, eyeX: number, eyeY: number}, energy: number,
 *   drowsy: number, asleep: number, move: number}} Mood
 * @typedef {{blink: ReturnType<typeof blinker>, glance: ReturnType<typeof glancer>, shift: ReturnType<typeof shifter>, nod: ReturnType<typeof nodder>}} Parts
 */

/** @param {number} dt @param {number} t seconds @param {Mood} mood @param {Parts} parts @returns {Params} */
function compose(dt, t, mood, parts) {
  const { phase, gaze, energy, drowsy, asleep, move } = mood;
  const shut = parts.blink(dt);
  const eye = parts.glance(dt);
  const foot = parts.shift(dt);
  const nod = parts.nod(dt, energy, mood.weight.listening > 0.6);
  const wave = (/** @type {number} */ hz, /** @type {number} */ i) => Math.sin(6.2832 * hz * t + phase[i]);
  const awake = 1 - 0.8 * drowsy;
  const droop = drowsy * (5 + 4 * asleep + 3 * Math.max(0, wave(0.09, 1)) * (1 - asleep));
  const lid = Math.max(0, (1 - shut) * (1 - 0.5 * drowsy) * (1 - asleep));
  /** @type {Params} */
  const out = {
    ParamAngleX: 13 * gaze.x + foot.turn + move * (2.6 * wave(0.11, 0) + 1.2 * wave(0.27, 1)),
    ParamAngleY: 10 * gaze.y + nod.y + move * (1.5 * wave(0.17, 2) + 0.8 * wave(0.41, 3)) - droop,
    ParamAngleZ: foot.tilt * move + nod.z + move * 1.3 * wave(0.13, 3) - 2.5 * gaze.x + 6 * drowsy,
    ParamBodyAngleX: 3 * gaze.x + 0.5 * foot.turn + move * 0.8 * wave(0.09, 1), ParamBodyAngleY: 0.2 * nod.y - 2 * drowsy,
    ParamBodyAngleZ: move * (foot.lean + 0.8 * wave(0.1, 2)), ParamBreath: 0.5 - 0.5 * Math.cos((6.2832 * t) / (3.4 + 1.4 * drowsy)),
    ParamEyeLOpen: lid, ParamEyeROpen: lid,
    ParamEyeBallX: (0.55 * gaze.eyeX + eye.x) * awake, ParamEyeBallY: (0.5 * gaze.eyeY + eye.y) * awake - 0.2 * drowsy,
    ParamBrowLY: 0.3 * energy - 0.12 * shut, ParamBrowRY: 0.3 * energy - 0.12 * shut, ParamShoulderY: 0.25 * energy, ParamEffectSleep: asleep,
  };
  for (const name of STATES) {
    for (const [id, value] of Object.entries(POSES[name])) out[id] = (out[id] ?? 0) + value * mood.weight[name];
  }
  for (const id of Object.keys(out)) out[id] = clamp(id, out[id]);
  return out;
}
