/**
 * Eyes. Every lid line has four key forms (open, shut, open and smiling, shut and smiling) that are blended by
 * ParamEye?Open and ParamEye?Smile; the right eye is the left one mirrored, except for the catch-lights: there is one lamp.
 */
import { blend, mirror, parse, shift } from "./geometry.js";
import { ON_FACE, clip, line, linear, still } from "./part.js";
import { trace, transformAt } from "./space.js";

/** @typedef {import("./geometry.js").Shape} Shape */
/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Space} Space */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {"L" | "R"} Side */

/** open, shut, open smile, shut smile */
const FORMS = {
  white: [
    "M268 410 C273 383 293 364 320 364 C347 364 360 390 361 422 C356 449 341 463 318 463 C293 463 274 446 268 410Z",
    "M268 437 C280 450 300 456 320 456 C340 456 353 450 361 441 C353 450 340 456 319 456 C299 456 280 450 268 437Z",
    "M268 414 C273 388 293 370 320 370 C347 370 360 394 361 424 C352 442 338 447 318 447 C295 447 276 438 268 414Z",
    "M266 441 C280 421 299 412 319 412 C338 412 352 425 362 442 C351 430 338 420 318 419 C299 419 280 428 266 441Z",
  ],
  lash: [
    "M364 424 C361 385 349 353 320 352 C290 352 267 373 258 399 C255 399 251 397 247 395 C249 401 252 405 256 408 C254 411 251 413 247 414 C254 417 263 416 270 411 C278 386 296 367 320 366 C343 366 355 394 360 425Z",
    "M365 439 C355 448 341 452 320 452 C298 452 279 445 265 433 C261 433 257 432 253 429 C254 434 257 439 261 442 C258 445 255 447 251 447 C257 450 265 449 271 446 C284 456 301 461 320 461 C340 461 355 454 362 443Z",
    "M364 427 C361 391 349 360 320 359 C290 359 267 379 258 403 C255 403 251 401 247 399 C249 405 252 409 256 412 C254 415 251 417 247 418 C254 421 263 420 270 415 C278 392 296 374 320 373 C343 373 355 398 360 428Z",
    "M366 446 C355 421 338 406 318 406 C296 406 276 419 260 439 C256 439 252 438 248 435 C249 440 252 444 256 447 C253 450 250 451 246 451 C253 455 262 453 268 448 C281 428 300 417 318 417 C337 417 351 430 362 448Z",
  ],
  crease: [
    "M269 369 C281 351 300 341 323 341 C345 342 359 355 365 375",
    "M276 421 C289 430 304 434 320 434 C337 434 349 430 358 421",
    "M269 374 C281 357 300 347 323 347 C345 348 359 360 365 378",
    "M274 416 C288 398 304 390 318 390 C334 391 348 401 359 418",
  ],
  lower: [
    "M276 441 C284 457 299 466 318 466 C334 466 348 459 356 446",
    "M282 455 C292 461 304 465 319 465 C333 465 344 461 352 455",
    "M277 437 C287 447 301 451 318 451 C334 451 346 447 354 439",
    "M284 436 C294 429 306 426 318 426 C330 426 340 430 348 437",
  ],
};

/** @type {Record<Side, Record<keyof typeof FORMS, Shape[]>>} */
const SHAPES = /** @type {any} */ ({ L: {}, R: {} });
for (const [name, forms] of Object.entries(FORMS)) {
  const key = /** @type {keyof typeof FORMS} */ (name);
  SHAPES.L[key] = forms.map(parse);
  SHAPES.R[key] = SHAPES.L[key].map((shape) => mirror(shape));
}

/** @param {Space} space @param {Side} side @returns {{open: number, smile: number}} */
function lids(space, side) {
  return { open: space.params[`ParamEye${side}Open`], smile: space.params[`ParamEye${side}Smile`] };
}

/** @param {Space} space @param {Side} side @param {keyof typeof FORMS} name @returns {Shape} before the head turns */
export function lidShape(space, side, name) {
  const { open, smile } = lids(space, side);
  return blend(SHAPES[side][name], [open * (1 - smile), (1 - open) * (1 - smile), open * smile, (1 - open) * smile]);
}

/** @param {string} name @param {Side} side @param {keyof typeof FORMS} form @param {Part["attrs"]} attrs @param {number} [drop] @returns {Part} */
function lid(name, side, form, attrs, drop = 0) {
  return {
    id: name + side, tag: "path", attrs,
    pose: (space) => ({ d: trace(space, ON_FACE, shift(lidShape(space, side, form), 0, drop)) }),
  };
}

/** @param {Palette} c @returns {Part[]} */
export function eyeDefs(c) {
  return [
    linear("iris", [0, -50, 0, 50], [[0, c.eyes.line], [0.2, c.eyes.deep], [0.42, c.eyes.shade], [0.6, c.eyes.base], [0.84, c.eyes.light], [1, c.eyes.pale]]),
    linear("irisGlow", [0, 6, 0, 46], [[0, c.eyes.pale, 0], [0.7, c.eyes.pale, 0.85], [1, "#ffffff", 0.95]]),
    linear("lashPaint", [0, 350, 0, 425], [[0, c.ink], [0.7, c.ink], [1, c.hair.line]]),
    linear("white", [0, 362, 0, 462], [[0, "#d5cfe9"], [0.3, "#f6f3fc"], [1, "#ffffff"]]),
    ...(/** @type {Side[]} */ (["L", "R"])).map((side) => clip("eyeClip" + side, [lid("eyeClipShape", side, "white", {})])),
  ];
}

/** @param {Space} space @param {Side} side @returns {string} */
function irisTransform(space, side) {
  const { ParamEyeBallX: x, ParamEyeBallY: y, ParamEyeBallForm: form } = space.params;
  const { open } = lids(space, side);
  const size = 1 + 0.16 * form;
  const cx = side === "L" ? 319 : 481;
  const at = transformAt(space, ON_FACE, cx + 14 * x, 414 - 12 * y + 10 * Math.max(0, 1 - open));
  return `${at} scale(${Math.round(size * 1000) / 1000})`;
}

/** @param {string} id @param {Side} side @param {Part[]} children @returns {Part} */
const onBall = (id, side, children) => ({
  id: id + side, tag: "g", attrs: {}, children, pose: (space) => ({ transform: irisTransform(space, side) }),
});

/** @param {Palette} c @returns {Part[]} */
const iris = (c) => [
  still("ellipse", { rx: 38.5, ry: 51, fill: "url(#iris)", stroke: c.eyes.line, "stroke-width": 3.2 }),
  still("ellipse", { rx: 26, ry: 36, cy: 2, fill: "none", stroke: c.eyes.pale, "stroke-width": 2, opacity: 0.28 }),
  still("ellipse", { cy: -2, rx: 14, ry: 20, fill: c.eyes.line }),
  still("path", { d: "M-31 6 C-29 56 29 56 31 6 C21 34 -21 34 -31 6Z", fill: "url(#irisGlow)" }),
  still("path", { d: "M-9 30 L0 22 L9 30 L0 42Z", fill: "#ffffff", opacity: 0.35 }),
];

/** @returns {Part[]} */
const catchLights = () => [
  still("ellipse", { cx: -12, cy: -19, rx: 11.5, ry: 14, fill: "#ffffff", transform: "rotate(-14 -12 -19)" }),
  still("circle", { cx: 15, cy: 17, r: 5.8, fill: "#ffffff", opacity: 0.95 }),
  still("circle", { cx: 6, cy: -30, r: 2.6, fill: "#ffffff", opacity: 0.8 }),
];

/** @param {Palette} c @returns {Part[]} */
export function eyes(c) {
  return (/** @type {Side[]} */ (["L", "R"])).flatMap((side) => [
    lid("white", side, "white", { fill: "url(#white)" }),
    still("g", { "clip-path": `url(#eyeClip${side})` }, [
      onBall("iris", side, iris(c)),
      lid("lidShade", side, "lash", { fill: c.ink, opacity: 0.26 }, 11),
      onBall("catchLights", side, catchLights()),
    ]),
    lowerLash(c, side),
    lid("lash", side, "lash", { fill: "url(#lashPaint)" }),
    lid("crease", side, "crease", line(c.skin.line, 2.6, 0.75)),
  ]);
}

/** @param {Palette} c @param {Side} side @returns {Part} fades when the eye shuts, or there would be two lines */
function lowerLash(c, side) {
  const part = lid("lowerLash", side, "lower", line(c.ink, 2.6));
  const move = part.pose;
  part.pose = (space) => ({ ...move?.(space), opacity: Math.round(Math.min(1, lids(space, side).open * 1.6) * 75) / 100 });
  return part;
}
