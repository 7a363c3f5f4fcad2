/** The short style: a tousled bob. */
import { join, lock, mirror, parse } from "./geometry.js";
import { backDepth } from "./space.js";
import { line, outline, path, strand } from "./part.js";

/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */

/** @type {Place} */
const BACK = { in: "head", depth: backDepth, sway: { by: "back", from: 380, to: 620, amount: 20 } };
/** @type {Place} */
const SIDE = { in: "head", depth: 45, sway: { by: "side", from: 340, to: 560, amount: 18 } };

const BACK_SHAPE =
  "M400 120 C262 112 178 208 182 344 C170 352 160 356 146 356 C156 372 168 382 182 386 C178 424 164 448 142 464 C166 468 184 462 198 452 " +
  "C198 496 190 526 172 552 C204 548 226 532 240 512 C248 548 254 570 248 600 C280 590 300 566 312 540 L488 540 C500 566 520 590 554 602 " +
  "C546 570 552 548 562 512 C576 532 596 548 630 550 C610 526 602 496 602 452 C616 462 634 468 658 462 C636 448 622 424 618 386 " +
  "C632 382 644 372 654 354 C640 356 630 352 618 344 C622 208 538 112 400 120Z";

/** @param {Palette} c @returns {Part[]} */
export function backShort(c) {
  return [
    path("backHair", BACK, BACK_SHAPE, { fill: "url(#hairBack)", ...outline(c.hair.line, 3) }),
    path("backLines", BACK, "M212 470 C216 500 208 530 200 540 M588 470 C584 500 592 530 600 540", line(c.hair.deep, 2.5, 0.7)),
    path("backShade", { ...BACK, depth: -40 }, "M262 380 L262 520 C300 560 340 580 400 580 C460 580 500 560 538 520 L538 380Z", { fill: c.hair.deep }),
  ];
}

/** @param {Palette} c @returns {Part[]} */
export function sideShort(c) {
  const paint = { fill: "url(#hair)", ...outline(c.hair.line, 3) };
  const shade = { fill: "url(#hairShade)" };
  const left = [lock([222, 330], [194, 420], [214, 500], [234, 552], 56, 0.9), lock([240, 340], [222, 420], [240, 470], [262, 508], 44, 0.8)];
  const lines = parse("M222 380 C212 430 222 480 230 512");
  return [
    ...left.flatMap((shape, i) => strand("sideL" + i, SIDE, shape, paint, shade)),
    ...left.flatMap((shape, i) => strand("sideR" + i, SIDE, mirror(shape), paint, shade)),
    path("sideLines", SIDE, join(lines, mirror(lines)), line(c.hair.shade, 2.5, 0.9)),
  ];
}
