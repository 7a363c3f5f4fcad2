/**
 * The veil over the stage while the browser wants a gesture before it plays sound. A click on it or a key wakes the avatar.
 */
import { t } from "../i18n.js";

const PATIENCE_MS = 350;
const NO_GESTURE = new Set(["Escape", "Tab", "Shift", "Control", "Alt", "Meta", "CapsLock"]);

/**
 * @param {HTMLElement} veil
 * @param {{title: HTMLElement, hint: HTMLElement}} words
 * @param {{wake(): Promise<boolean>, asleep(asleep: boolean): void}} handlers `wake` is called inside the gesture and says whether
 *   sound may play
 */
export function createVeil(veil, { title, hint }, { wake, asleep }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let wanted = false;
  const show = () => {
    if (veil.hidden === !wanted) return;
    veil.hidden = !wanted;
    asleep(wanted);
  };

  const gesture = async () => {
    if (!wanted || veil.hidden) return;
    if (await wake()) {
      wanted = false;
      show();
    }
  };
  veil.addEventListener("click", gesture);
  document.addEventListener("keydown", (event) => {
    if (!NO_GESTURE.has(event.key)) void gesture();
  });

  return {
    /**
     * @param {boolean} blocked whether the browser holds the sound back
     * @param {string} name of the avatar
     */
    update(blocked, name) {
      title.textContent = t("wake", { name });
      hint.textContent = t("wake_hint");
      wanted = blocked;
      clearTimeout(timer);
      // A context that may run begins suspended for a moment: no veil for that.
      if (blocked && veil.hidden) timer = setTimeout(show, PATIENCE_MS);
      else show();
    },
  };
}
