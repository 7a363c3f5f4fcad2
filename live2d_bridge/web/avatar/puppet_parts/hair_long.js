/** The long style: hair down the back, two tails with ribbons, and the side locks. */
import { join, lock, mirror, parse } from "./geometry.js";
import { backDepth } from "./space.js";
import { badge, line, outline, path, still, strand } from "./part.js";

/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */

/** @type {Place} */
const BACK = { in: "hang", depth: backDepth, sway: { by: "back", from: 330, to: 940, amount: 46 }, hang: [480, 880] };
/** @type {Place} */
const INNER = { in: "hang", depth: -70, sway: { by: "back", from: 380, to: 940, amount: 34 }, hang: [480, 860] };
/** @type {Place} */
const TAIL = { in: "hang", depth: -35, sway: { by: "side", from: 240, to: 680, amount: 54 }, hang: [480, 900] };
/** @type {Place} */
const SIDE = { in: "hang", depth: 62, sway: { by: "side", from: 330, to: 720, amount: 34 }, hang: [500, 860] };

const BACK_SHAPE =
  "M400 122 C272 114 184 205 184 350 C184 460 166 560 150 650 C134 742 140 836 168 912 C176 890 184 872 192 858 " +
  "C200 902 218 944 250 976 C254 950 260 930 268 914 C292 962 340 990 384 992 C440 992 510 968 540 918 C546 936 550 954 552 974 " +
  "C584 946 602 900 610 862 C618 876 624 890 630 908 C660 836 664 742 650 650 C634 560 616 460 616 350 C616 205 528 114 400 122Z";

const BACK_LINES =
  "M204 430 C198 560 176 660 172 760 C170 800 174 830 180 850 M226 520 C222 640 202 740 206 840 M596 430 C602 560 624 660 628 760 " +
  "C630 800 626 830 622 846 M574 520 C578 640 598 740 594 846";

const INNER_SHAPE =
  "M250 400 C236 540 216 660 214 790 C214 860 232 910 258 940 C262 900 270 870 280 850 L520 850 C530 870 538 900 542 936 " +
  "C568 906 586 860 586 790 C584 660 564 540 550 400Z";

/** @param {Palette} c @returns {Part[]} */
export function backLong(c) {
  return [
    path("backHair", BACK, BACK_SHAPE, { fill: "url(#hairBack)", ...outline(c.hair.line, 3) }),
    path("backLines", BACK, BACK_LINES, line(c.hair.deep, 2.5, 0.6)),
    path("innerHair", INNER, INNER_SHAPE, { fill: "url(#hairInner)" }),
    path("innerLines", INNER, "M268 560 C254 660 240 740 244 830 M532 560 C546 660 560 740 556 830 M300 600 C286 700 272 760 276 850 M500 600 C514 700 528 760 524 850",
      line(c.hair.deep, 2.5, 0.45)),
    ...tails(c),
  ];
}

/** @param {Palette} c @returns {Part[]} */
function tails(c) {
  const locks = [
    lock([212, 262], [96, 258], [62, 452], [112, 640], 40, 1.5),
    lock([220, 268], [128, 300], [104, 470], [160, 600], 44, 1.3),
    lock([206, 256], [112, 226], [52, 330], [66, 520], 34, 1.2),
  ];
  const lines = parse("M206 258 C130 268 92 400 108 560 M214 272 C150 310 118 420 140 540");
  const paint = { fill: "url(#hairSide)", ...outline(c.hair.line, 3) };
  return (/** @type {const} */ (["L", "R"])).flatMap((side) => {
    const turn = (/** @type {import("./geometry.js").Shape} */ shape) => (side === "L" ? shape : mirror(shape));
    return [
      ...locks.flatMap((shape, i) => strand(`tail${side}${i}`, TAIL, turn(shape), paint, { fill: "url(#sideShade)" })),
      path(`tail${side}Lines`, TAIL, turn(lines), line(c.hair.shade, 2.5, 0.8)),
    ];
  });
}

/** @param {Palette} c @returns {Part[]} a bow where each tail begins */
export function ribbons(c) {
  const paint = { fill: c.accent.base, ...outline(c.accent.line, 2.5) };
  const bow = () => [
    still("path", { d: "M-2 2 C-14 22 -20 42 -34 54 C-24 56 -16 54 -10 52 C-4 40 2 20 4 4Z M2 2 C10 22 12 40 24 54 C14 58 6 56 2 54 C-2 40 -4 20 -4 4Z", fill: c.accent.shade, ...outline(c.accent.line, 2.5) }),
    still("path", { d: "M0 0 C-16 -30 -44 -34 -52 -22 C-58 -8 -56 10 -48 20 C-36 26 -14 14 0 0Z", ...paint }),
    still("path", { d: "M0 0 C16 -30 44 -34 52 -22 C58 -8 56 10 48 20 C36 26 14 14 0 0Z", ...paint }),
    still("path", { d: "M-8 -2 C-24 -8 -36 -10 -46 -6 M-8 4 C-22 8 -32 12 -42 12 M8 -2 C24 -8 36 -10 46 -6 M8 4 C22 8 32 12 42 12", ...line(c.accent.shade, 2.5) }),
    still("path", { d: "M-40 -20 C-32 -26 -20 -22 -14 -14 M40 -20 C32 -26 20 -22 14 -14", ...line(c.accent.pale, 4, 0.9) }),
    still("rect", { x: -9, y: -10, width: 18, height: 20, rx: 7, fill: c.accent.light, ...outline(c.accent.line, 2.5) }),
  ];
  /** @type {Place} */
  const at = { in: "head", depth: 5 };
  return [
    badge("ribbonL", at, 212, 258, [still("g", { transform: "rotate(-40) scale(.9)" }, bow())]),
    badge("ribbonR", at, 588, 258, [still("g", { transform: "rotate(40) scale(.9)" }, bow())]),
  ];
}

/** @param {Palette} c @returns {Part[]} locks in front of the ears, down over the shoulders */
export function sideLong(c) {
  const paint = { fill: "url(#hairSide)", ...outline(c.hair.line, 2.6) };
  const shade = { fill: "url(#sideShade)" };
  const left = [
    lock([222, 330], [196, 480], [238, 600], [206, 760], 54, 0.95),
    lock([236, 340], [214, 470], [270, 590], [258, 706], 46, 0.85),
  ];
  const lines = parse("M226 380 C210 480 238 600 222 700 M242 400 C232 480 262 580 258 650");
  const right = [
    lock([580, 330], [604, 480], [562, 610], [598, 744], 54, 0.95),
    lock([564, 340], [588, 470], [530, 580], [546, 720], 46, 0.85),
  ];
  return [
    ...left.flatMap((shape, i) => strand("sideL" + i, SIDE, shape, paint, shade)),
    ...right.flatMap((shape, i) => strand("sideR" + i, SIDE, shape, paint, shade)),
    path("sideLines", SIDE, join(lines, mirror(lines)), line(c.hair.shade, 2.5, 0.9)),
  ];
}
