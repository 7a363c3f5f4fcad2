/**
 * Eyes. Every lid line has four key forms (open, shut, open and smiling, shut and smiling) that are blended by
 * ParamEye?Open and ParamEye?Smile; the right eye is the left one mirrored, except for the catch-lights: there is one lamp.
 */
import { blend, format, mirror, parse, shift } from "./geometry.js";
import { ON_FACE, clip, line, linear, still } from "./part.js";
import { transformAt, warp } from "./space.js";

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
    "M366 427 C362 384 350 352 320 351 C287 350 263 372 255 401 C252 399 248 397 244 397 C247 403 250 407 254 410 C252 414 250 417 246 419 C253 420 262 419 270 413 C279 386 297 371 320 371 C342 371 355 396 361 425Z",
    "M366 438 C356 447 341 451 320 451 C298 451 279 444 264 431 C260 431 256 430 252 427 C253 433 256 438 260 441 C257 444 253 446 249 446 C256 450 264 449 270 446 C284 457 301 462 320 462 C341 462 356 454 363 443Z",
    "M366 428 C362 390 350 358 320 357 C287 356 263 377 255 405 C252 403 248 401 244 401 C247 407 250 411 254 414 C252 418 250 421 246 423 C253 424 262 423 270 417 C279 392 297 378 320 378 C342 378 355 400 361 426Z",
    "M367 446 C355 420 338 404 318 404 C296 404 275 417 258 438 C254 438 250 437 246 434 C247 440 250 444 254 447 C251 450 248 451 244 451 C251 455 260 454 267 449 C281 428 300 417 318 417 C337 418 351 430 362 449Z",
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
    pose: (space) => ({ d: format(warp(space, ON_FACE, shift(lidShape(space, side, form), 0, drop))) }),
  };
}

/** @param {Palette} c @returns {Part[]} */
export function eyeDefs(c) {
  return [
    linear("iris", [0, -46, 0, 46], [[0, c.eyes.line], [0.22, c.eyes.deep], [0.5, c.eyes.base], [0.8, c.eyes.light], [1, c.eyes.pale]]),
    linear("irisGlow", [0, 6, 0, 42], [[0, c.eyes.pale, 0], [0.7, c.eyes.pale, 0.85], [1, "#ffffff", 0.95]]),
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
  const at = transformAt(space, ON_FACE, cx + 15 * x, 414 - 13 * y + 10 * Math.max(0, 1 - open));
  return `${at} scale(${Math.round(size * 1000) / 1000})`;
}

/** @param {Palette} c @param {Side} side @returns {Part} */
function iris(c, side) {
  return {
    id: "iris" + side, tag: "g", attrs: {},
    pose: (space) => ({ transform: irisTransform(space, side) }),
    children: [
      still("ellipse", { rx: 33, ry: 46, fill: "url(#iris)", stroke: c.eyes.line, "stroke-width": 3.5 }),
      still("ellipse", { rx: 22, ry: 32, cy: 2, fill: "none", stroke: c.eyes.pale, "stroke-width": 2, opacity: 0.28 }),
      still("ellipse", { cy: -2, rx: 12.5, ry: 18, fill: c.eyes.line }),
      still("path", { d: "M-25 8 C-23 46 23 46 25 8 C17 30 -17 30 -25 8Z", fill: "url(#irisGlow)" }),
      still("path", { d: "M-9 27 L0 20 L9 27 L0 39Z", fill: "#ffffff", opacity: 0.35 }),
      still("ellipse", { cx: -12, cy: -20, rx: 10.5, ry: 13, fill: "#ffffff", transform: "rotate(-14 -12 -20)" }),
      still("circle", { cx: 14, cy: 16, r: 5.2, fill: "#ffffff", opacity: 0.95 }),
      still("circle", { cx: 6, cy: -30, r: 2.6, fill: "#ffffff", opacity: 0.8 }),
    ],
  };
}

/** @param {Palette} c @returns {Part[]} */
export function eyes(c) {
  return (/** @type {Side[]} */ (["L", "R"])).flatMap((side) => [
    lid("white", side, "white", { fill: "url(#white)" }),
    still("g", { "clip-path": `url(#eyeClip${side})` }, [
      iris(c, side),
      lid("lidShade", side, "lash", { fill: c.ink, opacity: 0.26 }, 11),
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
