/** What she wears: a white blouse with a sailor collar, an open jacket with piping, a choker, and a bow or a tie. */
import { join, mirror, parse } from "./geometry.js";
import { badge, line, linear, outline, path, still } from "./part.js";
import { bodyDepth } from "./space.js";

/** @typedef {import("./part.js").Part} Part */
/** @typedef {import("./space.js").Place} Place */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./part.js").Attributes} Attributes */

/** @type {Place} */
const BODY = { in: "body", depth: bodyDepth };
/** @type {Place} */
const ARM = { in: "body", depth: -12 };
/** @type {Place} */
const COLLAR = { in: "body", depth: (x, y) => bodyDepth(x, y) + 14 };
/** @type {Place} */
const CHOKER = { in: "hang", depth: 30, hang: [530, 650] };

/** @param {string} id @param {Place} place @param {string} d @param {Attributes} attrs @returns {Part} both halves in one path */
const pair = (id, place, d, attrs) => path(id, place, join(parse(d), mirror(parse(d))), attrs);

const SLEEVE =
  "M276 668 C242 672 214 698 202 748 C190 808 180 900 172 1090 L300 1090 C300 960 300 900 300 840 C300 780 296 720 276 668Z";
const PANEL =
  "M316 650 C288 660 268 668 258 690 C262 760 270 820 266 880 C262 930 258 970 258 1090 L354 1090 C354 940 350 870 342 800 C336 740 326 690 316 650Z";
const FLAP = "M350 622 C324 642 290 656 258 668 C250 690 250 724 258 752 C304 760 354 776 398 822 C400 800 396 784 392 770 C376 716 358 670 350 622Z";

/** @param {Palette} c @returns {Part[]} */
export function outfitDefs(c) {
  return [
    linear("dress", [0, 660, 0, 1000], [[0, c.dress.light], [0.12, c.dress.base], [0.5, c.dress.base], [1, c.dress.shade]]),
    linear("blouse", [0, 650, 0, 1000], [[0, c.cloth.shade], [0.3, c.cloth.base], [1, c.cloth.shade]]),
  ];
}

/** @param {Palette} c @param {string} style @returns {Part[]} */
export function outfit(c, style) {
  const dress = { fill: "url(#dress)", ...outline(c.dress.line, 3) };
  return [
    pair("sleeves", ARM, SLEEVE, dress),
    pair("sleeveFolds", ARM, "M262 720 C246 740 236 760 232 790 M258 860 C240 868 226 872 206 870 M254 890 C244 896 232 900 220 900", line(c.dress.line, 2.5, 0.75)),
    pair("sleeveStripe", ARM, "M183 900 C208 910 240 912 267 906 M181 922 C206 932 238 934 266 928", line(c.accent.base, 6)),
    path("blouse", BODY, "M318 652 C300 720 296 780 300 840 C304 900 300 960 298 1090 L502 1090 C500 960 496 900 500 840 C504 780 500 720 482 652 C450 700 350 700 318 652Z",
      { fill: "url(#blouse)", ...outline(c.cloth.line, 2.5) }),
    path("blouseFolds", BODY, "M400 830 L400 1090 M352 860 C362 900 364 950 362 1090 M448 860 C438 900 436 950 438 1090", line(c.cloth.shade, 2.5)),
    path("bust", BODY, "M306 850 C330 880 372 884 396 858 M494 850 C470 880 428 884 404 858", line(c.cloth.shade, 3.5)),
    path("buttons", BODY, "M400 880 L400 881 M400 930 L400 931 M400 980 L400 981", line(c.accent.base, 11)),
    pair("panels", BODY, PANEL, dress),
    pair("panelPiping", BODY, "M326 690 C336 740 346 800 350 870 C352 920 352 970 352 1090", line(c.accent.base, 5)),
    pair("panelShade", BODY, "M266 700 C268 770 280 820 276 880 C272 930 268 980 268 1090 L290 1090 C290 960 302 900 296 850 C288 800 274 760 266 700Z", { fill: c.dress.deep, opacity: 0.4 }),
    pair("pocket", BODY, "M284 936 C302 944 320 946 340 944", line(c.accent.base, 4)),
    pair("collar", COLLAR, FLAP, { fill: c.cloth.base, ...outline(c.cloth.line, 2.6) }),
    pair("collarStripe", COLLAR, "M262 738 C310 746 356 764 390 796 M263 726 C308 734 352 750 386 778", line(c.dress.base, 4)),
    ...choker(c),
    ...(style === "short" ? tie(c) : bow(c)),
    pin(c),
  ];
}

/** @param {Palette} c @returns {Part[]} */
function choker(c) {
  return [
    path("choker", CHOKER, "M360 596 C374 612 426 612 440 596 L444 612 C428 630 372 630 356 612Z", { fill: c.dress.base, ...outline(c.dress.line, 2.2) }),
    badge("gem", { ...CHOKER, depth: 60 }, 400, 622, [
      still("path", { d: "M0 -10 L9 0 L0 14 L-9 0Z", fill: c.accent.base, ...outline(c.accent.line, 2.2) }),
      still("path", { d: "M-4 -1 L0 -7 L3 -2Z", fill: "#ffffff", opacity: 0.9 }),
    ]),
  ];
}

/** @param {Palette} c @returns {Part[]} */
function bow(c) {
  const paint = { fill: c.accent.base, ...outline(c.accent.line, 3) };
  return [badge("bow", { in: "body", depth: 100, sway: { by: "front", from: 640, to: 900, amount: 5 } }, 400, 800, [
    still("path", { d: "M-8 6 C-24 44 -34 74 -58 104 C-44 110 -30 110 -18 106 C-10 76 0 40 6 8Z M8 6 C24 44 34 74 58 104 C44 110 30 110 18 106 C10 76 0 40 -6 8Z", fill: c.accent.shade, ...outline(c.accent.line, 3) }),
    still("path", { d: "M0 0 C-24 -38 -66 -50 -88 -40 C-98 -14 -96 20 -84 38 C-60 42 -24 26 0 0Z", ...paint }),
    still("path", { d: "M0 0 C24 -38 66 -50 88 -40 C98 -14 96 20 84 38 C60 42 24 26 0 0Z", ...paint }),
    still("path", { d: "M-14 -4 C-38 -16 -56 -18 -76 -14 M-14 6 C-36 16 -54 22 -72 22 M14 -4 C38 -16 56 -18 76 -14 M14 6 C36 16 54 22 72 22", ...line(c.accent.shade, 3.5) }),
    still("path", { d: "M-74 -30 C-58 -34 -38 -26 -26 -16 M74 -30 C58 -34 38 -26 26 -16", ...line(c.accent.pale, 6, 0.9) }),
    still("rect", { x: -15, y: -16, width: 30, height: 32, rx: 10, fill: c.accent.light, ...outline(c.accent.line, 3) }),
    still("path", { d: "M-6 -5 L-6 5 M0 -9 L0 9 M6 -5 L6 5", ...line(c.accent.line, 3) }),
  ])];
}

/** @param {Palette} c @returns {Part[]} */
function tie(c) {
  return [badge("tie", { in: "body", depth: 100 }, 400, 796, [
    still("path", { d: "M-16 18 L16 18 L34 170 L0 208 L-34 170Z", fill: c.accent.base, ...outline(c.accent.line, 3) }),
    still("path", { d: "M-24 80 L26 110 L30 136 L-27 102Z", fill: c.accent.shade, opacity: 0.8 }),
    still("path", { d: "M-26 -20 L26 -20 L18 20 L-18 20Z", fill: c.accent.light, ...outline(c.accent.line, 3) }),
  ])];
}

/** @param {Palette} c @returns {Part} a pin with a sound wave on the jacket */
function pin(c) {
  return badge("pin", { in: "body", depth: 60 }, 306, 868, [
    still("circle", { r: 17, fill: c.metal.base, ...outline(c.dress.line, 2.5) }),
    still("path", { d: "M-8 -3 L-8 3 M-3 -8 L-3 8 M3 -5 L3 5 M8 -2 L8 2", ...line(c.dress.base, 3) }),
  ]);
}
