/** Choosing what is behind the avatar. */
import { Backdrop, COLOR, drawnScenes, PICTURE } from "../backdrop.js";
import { t } from "../i18n.js";
import { loadPicture, savePicture } from "../settings.js";
import { h, icon } from "./dom.js";

const LARGEST_PICTURE = 4 * 1024 * 1024;

/**
 * @param {HTMLElement} panel
 * @param {Backdrop} backdrop
 * @param {{chosen(name: string, color: string): void, failed(text: string): void}} handlers
 */
export function createScenePicker(panel, backdrop, { chosen, failed }) {
  const color = h("input", { type: "color", id: "scene-color" });
  const file = h("input", { type: "file", id: "scene-file", accept: "image/*", class: "visually-hidden" });
  /** @type {Map<string, HTMLElement>} */
  const choices = new Map(drawnScenes.map((name) => [name, choice(name, () => pick(name))]));
  choices.set(COLOR, h("label", { class: "scene-choice", for: "scene-color" }, color, h("span", { class: "scene-label" }, t("scene_color"))));
  choices.set(PICTURE, h("label", { class: "scene-choice", for: "scene-file" }, icon("picture"), h("span", { class: "scene-label" }, t("scene_picture"))));
  panel.append(h("h2", {}, t("scene")), h("div", { class: "scene-grid" }, ...choices.values()), file);

  const mark = () => {
    for (const [name, element] of choices) {
      element.classList.toggle("chosen", name === backdrop.name);
      if (element instanceof HTMLButtonElement) element.setAttribute("aria-pressed", String(name === backdrop.name));
    }
  };

  /** @param {string} name */
  const pick = (name) => {
    if (name === COLOR) backdrop.showColor(color.value);
    else backdrop.showScene(name);
    mark();
    chosen(backdrop.name, color.value);
  };

  color.addEventListener("input", () => pick(COLOR));
  color.addEventListener("click", () => pick(COLOR));
  file.addEventListener("change", async () => {
    const picture = file.files?.[0];
    file.value = "";
    if (!picture) return;
    const fault = await pictureFault(picture);
    if (fault) return failed(fault);
    backdrop.showPicture(picture);
    mark();
    chosen(PICTURE, color.value);
    await savePicture(picture);
  });

  return {
    /**
     * Show what was chosen before.
     * @param {string} name
     * @param {string} kept CSS colour
     */
    async restore(name, kept) {
      color.value = kept;
      const picture = name === PICTURE ? await loadPicture() : null;
      if (picture) backdrop.showPicture(picture);
      else if (name === COLOR) backdrop.showColor(kept);
      else backdrop.showScene(name);
      mark();
    },
  };
}

/**
 * @param {string} name
 * @param {() => void} pick
 */
function choice(name, pick) {
  const thumb = h("span", { class: "scene-thumb" });
  new Backdrop(thumb).showScene(name);
  const label = h("span", { class: "scene-label" }, name.replace(/[_-]/g, " "));
  return h("button", { type: "button", class: "scene-choice", "data-scene": name, onclick: pick }, thumb, label);
}

/**
 * @param {File} picture
 * @returns {Promise<string | null>} what is wrong with it
 */
async function pictureFault(picture) {
  if (picture.size > LARGEST_PICTURE) return t("picture_large");
  const image = new Image();
  image.src = URL.createObjectURL(picture);
  try {
    await image.decode();
    return null;
  } catch {
    return t("picture_bad");
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
