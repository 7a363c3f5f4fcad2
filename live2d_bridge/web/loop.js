/** Calls `tick` once per picture, and four times a second while the page is hidden and draws none. */

const HIDDEN_EVERY_MS = 250;

/** @param {() => void} tick */
export function everyPicture(tick) {
  const draw = () => {
    tick();
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
  setInterval(() => document.hidden && tick(), HIDDEN_EVERY_MS);
}
