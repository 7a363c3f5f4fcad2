/** Face, nose, blush and neck. */
import { ON_FACE, badge, clip, line, outline, path, radial, still } from "./part.js";
import { jawDepth } from "./space.js";

/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */

const OUTLINE =
  "M400 170 C305 170 249 240 247 335 C246 386 250 426 263 457 C280 499 334 539 377 551 C392 556 408 556 423 551 " +
  "C466 539 520 499 537 457 C550 426 554 386 553 335 C551 240 495 170 400 170Z";

/** @type {Place} */
const JAW = { in: "head", depth: jawDepth };
/** @type {Place} */
const NECK = { in: "hang", depth: 25, hang: [530, 650] };

/** @param {Palette} c @returns {Part[]} */
export function neck(c) {
  return [
    path("neck", NECK, "M361 500 C361 560 362 590 356 612 C348 634 318 646 290 660 L400 760 L510 660 C482 646 452 634 444 612 C438 590 439 560 439 500Z",
      { fill: c.skin.base, ...outline(c.skin.line, 2.5) }),
    path("neckShade", { in: "hang", depth: 35, hang: [560, 700] },
      "M362 520 C364 556 388 566 400 566 C412 566 436 556 438 520 L439 588 C430 622 412 636 400 640 C388 636 370 622 361 588Z",
      { fill: c.skin.shade }),
    path("collarbone", NECK, "M338 668 C356 664 372 668 384 678 M462 668 C444 664 428 668 416 678", line(c.skin.deep, 2, 0.7)),
  ];
}

/** @param {Palette} c @returns {Part[]} */
export function faceDefs(c) {
  return [
    radial("skinGlow", [400, 455, 190], [[0, c.skin.light], [0.62, c.skin.base], [1, c.skin.shade]]),
    radial("blush", [0, 0, 40], [[0, c.blush, 0.85], [0.45, c.blush, 0.45], [1, c.blush, 0]]),
    clip("faceClip", [path("faceClipShape", JAW, OUTLINE, {})]),
  ];
}

/** @param {Palette} c @returns {Part[]} */
export function face(c) {
  return [path("face", JAW, OUTLINE, { fill: "url(#skinGlow)", ...outline(c.skin.line, 2.8) })];
}

/** @param {Palette} c @returns {Part[]} nose, blush and the warmth under the eyes */
export function features(c) {
  /** @type {(side: string, x: number) => Part} */
  const cheek = (side, x) => ({
    ...badge("cheek" + side, ON_FACE, x, 474, [still("ellipse", { rx: 40, ry: 21, fill: "url(#blush)" })]),
  });
  const cheeks = [cheek("L", 292), cheek("R", 508)];
  for (const part of cheeks) {
    const move = part.pose;
    part.pose = (space) => ({ ...move?.(space), opacity: Math.round((0.42 + 0.58 * space.params.ParamCheek) * 100) / 100 });
  }
  return [
    ...cheeks,
    path("noseShade", { in: "head", depth: 150 }, "M398 458 C402 463 407 467 402 471 C400 472 398 471 397 470Z", { fill: c.skin.deep, opacity: 0.75 }),
    path("noseLight", { in: "head", depth: 152 }, "M395 452 C396 456 396 459 395 462", line("#ffffff", 3, 0.85)),
  ];
}
