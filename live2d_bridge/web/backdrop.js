/** What is behind the avatar: a drawn scene, a plain colour, the person's own picture, or nothing. */
import { createScene, sceneNames } from "./scenes/scenes.js";

/** Scenes that need something of their own: a colour, a picture, or a page that is looked through. */
export const COLOR = "plain";
export const PICTURE = "picture";
const TRANSPARENT = "transparent";

/** Names of the scenes that are drawn. */
export const drawnScenes = sceneNames.filter((name) => ![COLOR, PICTURE, TRANSPARENT].includes(name));

export class Backdrop {
  #scene;
  #pictureAddress = "";

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#scene = createScene({ container: box, name: TRANSPARENT });
  }

  get name() {
    return this.#scene.name();
  }

  /** @param {string} name a drawn scene; an unknown one becomes the usual one */
  showScene(name) {
    this.#set(name, {});
  }

  /** @param {string} color CSS colour */
  showColor(color) {
    this.#set(COLOR, { color });
  }

  /** @param {Blob} picture */
  showPicture(picture) {
    const address = URL.createObjectURL(picture);
    this.#set(PICTURE, { url: address });
    this.#pictureAddress = address;
  }

  /**
   * @param {string} name
   * @param {{color?: string, url?: string}} options
   */
  #set(name, options) {
    this.#scene.set(name, options);
    if (this.#pictureAddress) URL.revokeObjectURL(this.#pictureAddress);
    this.#pictureAddress = "";
  }
}
