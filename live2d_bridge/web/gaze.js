/** The avatar's eyes follow the pointer over the stage, and wander again when it rests or leaves. */

const RESTS_AFTER_MS = 3500;
const FACE_HEIGHT = 0.42;

/**
 * @param {HTMLElement} area
 * @param {Pick<import("./avatar/driver.js").Avatar, "lookAt">} avatar
 */
export function followPointer(area, avatar) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const wander = () => {
    clearTimeout(timer);
    avatar.lookAt(null);
  };
  area.addEventListener("pointermove", (event) => {
    const { left, top, width, height } = area.getBoundingClientRect();
    avatar.lookAt(limited((2 * (event.clientX - left)) / width - 1), limited((2 * (top + FACE_HEIGHT * height - event.clientY)) / height));
    clearTimeout(timer);
    timer = setTimeout(wander, RESTS_AFTER_MS);
  });
  area.addEventListener("pointerleave", wander);
}

/** @param {number} value */
const limited = (value) => Math.min(1, Math.max(-1, value));
