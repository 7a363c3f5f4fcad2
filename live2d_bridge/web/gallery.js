/** A page for those who draw: one living avatar on a scene, and every expression side by side. */
import { createAvatar, createMotion } from "./avatar/driver.js";
import { EXPRESSIONS } from "./avatar/expressions.js";
import { createPuppet } from "./avatar/puppet.js";
import { ACCESSORIES, DEFAULT_LOOK, STYLES } from "./avatar/puppet_parts/palette.js";
import { createScene, sceneNames } from "./scenes/scenes.js";

/** @typedef {import("./avatar/puppet_parts/palette.js").Look} Look */
/** @typedef {import("./avatar/idle.js").State} State */

/** @type {Record<string, Look>} */
const LOOKS = {
  kiyo: DEFAULT_LOOK,
  sun_wukong: { hair: "#d98a2b", eyes: "#e0a11b", skin: "#ffe6cf", dress: "#b3202c", accent: "#f5c542", style: "short", accessory: "circlet" },
  harry_potter: { hair: "#2d2430", eyes: "#4caf6d", skin: "#ffeadd", dress: "#3a2a3f", accent: "#b3243a", style: "short", accessory: "glasses" },
  iron_man: { hair: "#4a2f27", eyes: "#4fb7f0", skin: "#ffe3cf", dress: "#a51d24", accent: "#f2b632", style: "short", accessory: "headset" },
};
const STATES = ["idle", "listening", "thinking", "speaking"];
const COLOURS = /** @type {const} */ (["hair", "eyes", "skin", "dress", "accent"]);

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
}

/** @param {string} text @param {HTMLInputElement | HTMLSelectElement} field @param {(value: string) => void} changed */
function control(text, field, changed) {
  const label = document.createElement("label");
  label.append(text, field);
  field.addEventListener("input", () => changed(field.value));
  byId("controls").append(label);
}

/** @param {readonly string[]} names @returns {HTMLSelectElement} */
function choice(names) {
  const field = document.createElement("select");
  field.append(...names.map((name) => new Option(name, name)));
  return field;
}

/** Half a second of an expression, so that all of it has faded in. @param {string} name @returns {Record<string, number>} */
function posed(name) {
  const motion = createMotion(5);
  motion.expressions.set(name, {}, 1);
  let params = motion.update(16);
  for (let i = 0; i < 30; i++) params = motion.update(16);
  return params;
}

const live = byId("live");
const scene = createScene({ container: live, name: "room" });
const avatar = createAvatar({ container: live, seed: 7 });
const sheet = Object.keys(EXPRESSIONS).map((name) => {
  const puppet = createPuppet();
  puppet.element.setAttribute("viewBox", "90 20 620 560");
  puppet.apply(posed(name));
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = name;
  figure.tabIndex = 0;
  figure.append(puppet.element, caption);
  figure.addEventListener("click", () => avatar.setExpression(name));
  figure.addEventListener("keydown", (event) => { if (event.key === "Enter") avatar.setExpression(name); });
  byId("sheet").append(figure);
  return puppet;
});

/** @type {Look} */
let look = { ...DEFAULT_LOOK };
const pickers = COLOURS.map((key) => {
  const field = document.createElement("input");
  field.type = "color";
  return { key, field };
});
const style = choice(STYLES);
const accessory = choice(ACCESSORIES);

/** @param {Look} next */
function wear(next) {
  look = { ...DEFAULT_LOOK, ...next };
  for (const { key, field } of pickers) field.value = look[key] ?? "";
  style.value = look.style ?? "";
  accessory.value = look.accessory ?? "";
  avatar.setLook(look);
  for (const puppet of sheet) puppet.setLook(look);
}

control("look", choice(Object.keys(LOOKS)), (name) => wear(LOOKS[name]));
control("scene", choice(sceneNames), (name) => scene.set(name));
control("state", choice(STATES), (name) => avatar.setState(/** @type {State} */ (name)));
for (const { key, field } of pickers) control(key, field, (value) => wear({ ...look, [key]: value }));
control("style", style, (value) => wear({ ...look, style: value }));
control("accessory", accessory, (value) => wear({ ...look, accessory: value }));

live.addEventListener("pointermove", (event) => {
  const area = live.getBoundingClientRect();
  avatar.lookAt(((event.clientX - area.left) / area.width) * 2 - 1, 1 - ((event.clientY - area.top) / area.height) * 2);
});
live.addEventListener("pointerleave", () => avatar.lookAt(null));
wear(DEFAULT_LOOK);
avatar.start();
