/** Crown, bangs, the light on the hair and the ahoge. Both styles use it. */
import { join, lock, parse, shift } from "./geometry.js";
import { line, linear, outline, path, still } from "./part.js";
import { bangDepth } from "./space.js";

/** @typedef {import("./geometry.js").Shape} Shape */
/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */

/** @type {Place} */
const BANG = { in: "head", depth: bangDepth, sway: { by: "front", from: 230, to: 440, amount: 15 } };
/** @type {Place} */
const CROWN = { in: "head", depth: (x, y) => 0.9 * bangDepth(x, y) - 20 };
/** @type {Place} */
const TOP = { in: "head", depth: 20, sway: { by: "top", from: 150, to: 60, amount: 34 } };

const CROWN_SHAPE =
  "M204 372 C176 214 270 126 402 124 C534 126 624 214 596 372 C588 330 572 300 552 280 L248 280 C228 300 212 330 204 372Z";

const LONG = [
  lock([262, 226], [206, 290], [204, 390], [246, 486], 84, 0.72),
  lock([538, 226], [596, 290], [598, 384], [560, 474], 84, 0.72),
  lock([290, 206], [244, 270], [238, 340], [268, 408], 70, 0.8),
  lock([512, 208], [560, 270], [566, 340], [540, 402], 70, 0.8),
  lock([326, 192], [286, 262], [278, 320], [300, 378], 74, 0.82),
  lock([480, 194], [520, 262], [526, 320], [508, 372], 74, 0.82),
  lock([362, 186], [336, 262], [330, 330], [350, 392], 70, 0.8),
  lock([446, 186], [470, 262], [474, 320], [458, 384], 72, 0.8),
  lock([404, 182], [404, 262], [396, 330], [414, 410], 70, 0.84),
];
const LONG_LINES = parse(
  "M392 150 C340 190 300 250 290 330 M408 150 C460 190 500 250 512 330 M400 160 C388 210 372 260 372 320 M410 160 C420 220 430 260 428 320",
);

const SHORT = [
  lock([258, 240], [200, 300], [206, 390], [226, 452], 84, 0.76),
  lock([542, 240], [604, 300], [596, 390], [578, 446], 84, 0.76),
  lock([300, 206], [226, 260], [222, 330], [246, 396], 80, 0.8),
  lock([500, 206], [580, 262], [580, 330], [556, 400], 80, 0.8),
  lock([340, 190], [262, 250], [262, 320], [296, 372], 82, 0.8),
  lock([470, 190], [540, 250], [548, 330], [524, 366], 78, 0.8),
  lock([384, 182], [322, 240], [312, 330], [352, 398], 78, 0.78),
  lock([436, 184], [486, 250], [498, 310], [476, 376], 76, 0.78),
  lock([412, 180], [400, 260], [380, 330], [420, 404], 70, 0.8),
];

/** @param {Palette} c @returns {Part[]} */
export function hairDefs(c) {
  return [
    linear("hair", [0, 124, 0, 480], [[0, c.hair.light], [0.3, c.hair.base], [0.72, c.hair.base], [1, c.hair.shade]]),
    linear("hairSide", [0, 330, 0, 760], [[0, c.hair.base], [0.3, c.hair.base], [1, c.tip]]),
    linear("hairBack", [0, 300, 0, 960], [[0, c.hair.shade], [0.45, c.hair.base], [1, c.tip]]),
    linear("hairInner", [0, 400, 0, 940], [[0, c.hair.deep], [0.35, c.inner], [1, c.inner]]),
    linear("shine", [0, 205, 0, 275], [[0, "#ffffff", 0.05], [0.45, "#ffffff", 0.8], [1, "#ffffff", 0.2]]),
  ];
}

/** @param {string} style @returns {Shape[]} */
const locks = (style) => (style === "short" ? SHORT : LONG);

/** @param {Palette} c @param {string} style @returns {Part[]} what the bangs throw on the face */
export function bangShadow(c, style) {
  const dark = shift(join(...locks(style)), 2, 15);
  return [still("g", { "clip-path": "url(#faceClip)" }, [path("bangShadow", BANG, dark, { fill: c.skin.deep, opacity: 0.5 })])];
}

/** @param {Palette} c @param {string} style @returns {Part[]} */
export function front(c, style) {
  const paint = { fill: "url(#hair)", ...outline(c.hair.line, 2.8) };
  return [
    path("crown", CROWN, CROWN_SHAPE, paint),
    ...locks(style).map((shape, i) => path("bang" + i, BANG, shape, paint)),
    path("crownTop", CROWN, "M228 262 C252 170 330 138 402 136 C474 138 550 170 574 262 C520 200 460 186 402 186 C344 186 280 200 228 262Z", { fill: "url(#hair)" }),
    path("bangLines", BANG, LONG_LINES, line(c.hair.shade, 2.5, 0.9)),
    path("ring", CROWN, RING, { fill: "url(#shine)" }),
  ];
}

const RING =
  "M236 292 C262 236 330 214 402 213 C474 214 540 236 566 290 L556 298 L540 274 L532 290 L514 262 L500 282 L478 250 L462 270 L440 246 " +
  "L424 268 L402 245 L384 270 L362 247 L344 274 L324 252 L306 284 L288 264 L274 292 L262 278 L248 302Z";

/** @param {Palette} c @returns {Part[]} */
export function ahoge(c) {
  const big = parse("M392 140 C372 104 384 66 430 50 C452 44 470 54 474 70 C456 62 436 68 424 84 C412 100 410 120 414 140Z");
  const small = parse("M402 140 C396 116 380 96 352 92 C364 88 386 92 398 104 C408 114 412 128 412 140Z");
  const paint = { fill: c.hair.base, ...outline(c.hair.line, 2.8) };
  return [path("ahogeSmall", TOP, small, paint), path("ahoge", TOP, big, paint), path("ahogeShine", TOP, "M396 122 C388 98 400 74 430 62", line(c.hair.pale, 4, 0.8))];
}
