import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULTS, PARAMETERS, canonicalId, complete } from "../../live2d_bridge/web/avatar/parameters.js";
import { createPuppet, drawing, pose } from "../../live2d_bridge/web/avatar/puppet.js";
import { blend, format, lock, mirror, parse } from "../../live2d_bridge/web/avatar/puppet_parts/geometry.js";
import { lips, opening } from "../../live2d_bridge/web/avatar/puppet_parts/mouth.js";
import { choices, makePalette, parseColor } from "../../live2d_bridge/web/avatar/puppet_parts/palette.js";

/** @typedef {import("../../live2d_bridge/web/avatar/puppet_parts/part.js").Part} Part */

/** @param {unknown} d a path @returns {{width: number, height: number}} of its points */
function extent(d) {
  const { xy } = parse(String(d));
  const xs = xy.filter((_, i) => i % 2 === 0);
  const ys = xy.filter((_, i) => i % 2 === 1);
  return { width: Math.max(...xs) - Math.min(...xs), height: Math.max(...ys) - Math.min(...ys) };
}

/** @param {readonly Part[]} parts @returns {Part[]} */
const all = (parts) => parts.flatMap((part) => [part, ...all(part.children ?? [])]);

const LOOKS = [{}, { style: "short", accessory: "glasses" }, { accessory: "circlet" }, { accessory: "none", hair: "black" }];

test("the mouth opens with ParamMouthOpenY, whatever the form and the vowel", () => {
  for (const form of [-1, 0, 1]) {
    for (const vowel of ["", "ParamA", "ParamI", "ParamU", "ParamE", "ParamO"]) {
      const heights = [0, 0.25, 0.5, 0.75, 1].map((open) => lips(complete({ ParamMouthForm: form, ParamMouthOpenY: open, ...(open && vowel ? { [vowel]: 1 } : {}) })).height);
      assert.equal(heights[0], 0);
      for (let i = 1; i < heights.length; i++) assert.ok(heights[i] > heights[i - 1], `${form} ${vowel} ${heights}`);
    }
  }
  assert.ok(extent(pose({ ParamMouthOpenY: 1 }).mouth.d).height > extent(pose({ ParamMouthOpenY: 0.3 }).mouth.d).height + 15);
  assert.equal(pose({}).mouthInside.opacity, 0);
  assert.equal(pose({ ParamMouthOpenY: 0.5 }).mouthInside.opacity, 1);
});

test("vowels have their shapes", () => {
  const width = (/** @type {string} */ id) => extent(format(opening(complete({ ParamMouthOpenY: 1, [id]: 1 })))).width;
  assert.ok(width("ParamU") < width("ParamO") && width("ParamO") < width("ParamA") && width("ParamA") < width("ParamI"));
  assert.ok(lips(complete({ ParamA: 1 })).open > lips(complete({ ParamU: 1 })).open, "vowels alone open the mouth too");
});

test("lids shut at 0, and smiling lids arch the other way", () => {
  const open = extent(pose({ ParamEyeLOpen: 1 }).whiteL.d).height;
  const shut = extent(pose({ ParamEyeLOpen: 0 }).whiteL.d).height;
  assert.ok(open > 80 && shut < 25, `${open} ${shut}`);
  const middle = (/** @type {number} */ smile) => {
    const { xy } = parse(String(pose({ ParamEyeLOpen: 0, ParamEyeLSmile: smile }).creaseL.d));
    return xy[7] - xy[1];
  };
  assert.ok(middle(0) > 0 && middle(1) < 0);
  assert.notEqual(pose({ ParamEyeLOpen: 0 }).lashL.d, pose({}).lashL.d);
  assert.equal(pose({ ParamEyeLOpen: 0 }).lashR.d, pose({}).lashR.d);
});

test("out of range is clamped, rubbish is ignored", () => {
  const strange = { ParamAngleX: 9000, ParamMouthOpenY: Infinity, ParamEyeLOpen: NaN, ParamBreath: "1", ParamNobody: 3, constructor: 5, toString: 1, PARAM_ANGLE_Z: -99 };
  const sane = { ParamAngleX: 30, ParamMouthOpenY: 1, ParamAngleZ: -30 };
  assert.deepEqual(pose(strange), pose(sane));
  assert.deepEqual(pose(new Map(Object.entries(sane))), pose(sane));
  assert.equal(canonicalId("PARAM_EYE_L_OPEN"), "ParamEyeLOpen");
});

test("every parameter moves something, and no extreme leaves a number out", () => {
  const rest = JSON.stringify(pose({}));
  for (const [id, { min, max, default: def }] of Object.entries(PARAMETERS)) {
    for (const value of [min, max]) {
      const text = JSON.stringify(pose({ [id]: value }));
      assert.ok(!/NaN|null|Infinity|undefined/.test(text), `${id} = ${value}`);
      if (value !== def) assert.notEqual(text, rest, `${id} = ${value} changes nothing`);
    }
  }
});

test("nothing moves at the defaults: what is drawn is what was written", () => {
  const crown = all(drawing({})).find((part) => part.id === "crownEdge");
  assert.ok(crown);
  assert.equal(pose(DEFAULTS).crownEdge.d, "M204 372C176 214 270 126 402 124C534 126 624 214 596 372");
});

test("every part has an id of its own, and every paint it names exists", () => {
  for (const look of LOOKS) {
    const parts = all(drawing(look));
    const ids = parts.flatMap((part) => (part.pose ? [part.id] : []));
    assert.equal(new Set(ids).size, ids.length);
    const defined = new Set(parts.map((part) => part.attrs.id));
    const used = JSON.stringify(parts.map((part) => part.attrs)).matchAll(/url\(#(\w+)\)/g);
    for (const [, name] of used) assert.ok(defined.has(name), `${name} is not defined`);
  }
});

test("looks: unknown values fall back, known ones show", () => {
  assert.deepEqual(choices({ style: "??", accessory: "hat" }), { style: "long", accessory: "headset" });
  assert.deepEqual(makePalette({ hair: "no colour" }), makePalette({}));
  assert.ok("framesLight" in pose({}, { accessory: "glasses" }) && !("band" in pose({}, { accessory: "glasses" })));
  assert.ok("tie" in pose({}, { style: "short" }) && "bow" in pose({}, { style: "long" }));
});

test("colours", () => {
  const teal = [0, 128, 128];
  for (const text of ["teal", "#008080", "#008080ff", "rgb(0 128 128)", "rgba(0, 128, 128, .5)", " TEAL "]) assert.deepEqual(parseColor(text), teal);
  assert.deepEqual(parseColor("hsl(120 100% 50%)")?.map(Math.round), [0, 255, 0]);
  for (const text of ["", "#12345", "rgb(1)", "url(x)", "constructor"]) assert.equal(parseColor(text), null);
});

test("geometry", () => {
  assert.equal(format(parse("M0 0 Q30 0 30 30 S60 60 90 30 L1 2Z")), "M0 0C20 0 30 10 30 30C30 50 60 60 90 30L1 2Z");
  assert.throws(() => parse("M0 0 A1 1 0 0 0 2 2"), /cannot read 'A/);
  assert.throws(() => parse("M0"), /cannot read/);
  assert.throws(() => blend([parse("M0 0"), parse("M0 0L1 1")], [0.5, 0.5]), /key forms differ/);
  assert.deepEqual(mirror(parse("M390 5")).xy, [410, 5]);
  assert.equal(lock([0, 0], [0, 10], [0, 20], [0, 30], 8).ops, "MCC");
});

/** As much of a document as the puppet needs; it counts what is written. */
function fakeDocument() {
  const written = /** @type {string[]} */ ([]);
  const createElementNS = (/** @type {string} */ _ns, /** @type {string} */ tag) => ({
    tag, children: /** @type {unknown[]} */ ([]), attributes: new Map(),
    setAttribute(/** @type {string} */ name, /** @type {string} */ value) { this.attributes.set(name, value); written.push(name); },
    append(/** @type {unknown[]} */ ...nodes) { this.children.push(...nodes); },
    replaceChildren(/** @type {unknown[]} */ ...nodes) { this.children = nodes; },
  });
  return { written, page: /** @type {Document} */ (/** @type {unknown} */ ({ createElementNS })) };
}

test("only what changed is written, and two puppets do not share their paints", () => {
  const { written, page } = fakeDocument();
  const puppet = createPuppet({ document: page });
  written.length = 0;
  puppet.apply({});
  assert.equal(written.length, 0);
  puppet.apply({ ParamCheek: 0.5 });
  assert.deepEqual(written, ["opacity", "opacity"]);
  written.length = 0;
  puppet.apply({ ParamCheek: 0.5, ParamAngleX: 12 });
  assert.ok(written.length > 80);
  const names = [puppet, createPuppet({ document: page })].map((p) => JSON.stringify([...ids(p.element)]));
  assert.notEqual(names[0], names[1]);
});

/** @param {any} node @returns {string[]} */
const ids = (node) => [node.attributes.get("id") ?? "", ...node.children.flatMap(ids)].filter(Boolean);
