/** Crown, bangs, the light on the hair and the ahoge. Both styles use it. */
import { join, lock, parse, shift } from "./geometry.js";
import { line, linear, outline, path, radial, still, strand } from "./part.js";
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
  "M204 372 C176 214 270 126 402 124 C534 126 624 214 596 372 C588 320 572 280 552 262 C500 240 300 240 248 262 C228 280 212 320 204 372Z";
const CROWN_EDGE = "M204 372 C176 214 270 126 402 124 C534 126 624 214 596 372";

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
    radial("crownGlow", [350, 168, 76], [[0, "#ffffff", 0.5], [1, "#ffffff", 0]]),
    linear("hairLine", [0, 190, 0, 300], [[0, c.hair.line, 0], [1, c.hair.line]]),
    linear("hairShade", [0, 250, 0, 460], [[0, c.hair.shade, 0], [0.5, c.hair.shade, 0.75], [1, c.hair.deep, 0.75]]),
    linear("sideShade", [0, 340, 0, 760], [[0, c.hair.shade, 0.9], [0.5, c.hair.shade, 0.5], [1, c.inner, 0.45]]),
  ];
}

/** @param {string} style @returns {Shape[]} */
const locks = (style) => (style === "short" ? SHORT : LONG);

/** @param {Palette} c @param {string} style @returns {Part[]} what the bangs throw on the face */
export function bangShadow(c, style) {
  const dark = shift(join(...locks(style)), 2, 15);
  return [still("g", { "clip-path": "url(#faceClip)" }, [path("bangShadow", BANG, dark, { fill: c.skin.deep, opacity: 0.5 })])];
}

/**
 * @param {Palette} c
 * @param {string} style
 * @returns {Part[]}
 */
export function front(c, style) {
  const paint = { fill: "url(#hair)", ...outline("url(#hairLine)", 2.6) };
  const shade = { fill: "url(#hairShade)" };
  return [
    path("crown", CROWN, CROWN_SHAPE, { fill: "url(#hair)" }),
    path("crownEdge", CROWN, CROWN_EDGE, line(c.hair.line, 2.8)),
    path("crownLines", CROWN, CROWN_LINES, line(c.hair.shade, 2.4, 0.8)),
    ...locks(style).flatMap((shape, i) => strand("bang" + i, BANG, shape, paint, shade)),
    path("crownGlow", CROWN, CROWN_SHAPE, { fill: "url(#crownGlow)" }),
    path("ring", CROWN, RING, { fill: c.hair.pale, opacity: 0.85 }),
  ];
}

const CROWN_LINES = parse(
  "M396 140 C340 160 280 196 250 262 M404 140 C460 160 520 196 550 262 M398 142 C366 162 330 186 312 216 M404 142 C436 162 470 186 490 216",
);

/** The light on the hair: slivers along an arc, long and short. */
const RING = join(...[0.5, 0.95, 0.7, 0.4, 1.1, 0.75, 0.45, 0.4, 0.8, 0.5, 1.15, 0.7, 0.4, 0.9, 0.5].map((size, i) => {
  const x = 268 + 16.5 * (i < 7 ? i : i + 2);
  const y = 226 + 0.0022 * (x - 400) ** 2;
  const lean = (x - 400) * 0.1;
  return parse(`M${x} ${y - 20 * size} C${x + 5} ${y - 8} ${x + 6 + lean * 0.4} ${y + 10 * size} ${x + lean} ${y + 34 * size} ` +
    `C${x - 6 + lean * 0.4} ${y + 10 * size} ${x - 5} ${y - 8} ${x} ${y - 20 * size}Z`);
}));

/** @param {Palette} c @returns {Part[]} goes under the crown, which hides its root */
export function ahoge(c) {
  const big = parse("M388 176 C366 118 376 70 428 46 C452 40 474 52 478 72 C460 60 438 68 426 86 C414 104 412 130 420 176");
  const small = parse("M404 172 C394 124 378 100 344 94 C360 86 386 92 398 106 C408 118 412 140 416 172");
  const paint = { fill: c.hair.base, ...outline(c.hair.line, 2.8) };
  return [path("ahogeSmall", TOP, small, paint), path("ahoge", TOP, big, paint), path("ahogeShine", TOP, "M393 112 C389 90 402 70 430 58", line(c.hair.pale, 4, 0.8))];
}
