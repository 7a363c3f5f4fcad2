/** Whether this browser has a font for a text, or would draw boxes in its place. */

const SIZE = 32;
/** Not assigned to any character, so no font has them. */
const MISSING = ["\u{5AAAA}", "\u{5BBBB}"];

/** @typedef {{width: number, coloured: boolean, pixels: string}} Drawing */

/**
 * Some browsers write a missing character's number into its box, so that two boxes differ; there, only what is coloured or as wide
 * as no box is taken for a character.
 * @param {string} text
 */
export function canDraw(text) {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!context) return false;
  context.canvas.width = context.canvas.height = 2 * SIZE;
  context.font = `${SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = "top";
  const [box, other] = MISSING.map((character) => drawn(context, character));
  const numbered = box.pixels !== other.pixels;
  // Joiners, selectors and marks have no shape of their own.
  return [...text.replace(/[\p{M}\p{Cf}]/gu, "")].every((character) => {
    const shape = drawn(context, character);
    return shape.pixels !== box.pixels && (!numbered || shape.coloured || shape.width !== box.width);
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} character
 * @returns {Drawing}
 */
function drawn(context, character) {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  context.fillText(character, 0, SIZE / 2);
  const { data } = context.getImageData(0, 0, width, height);
  const coloured = data.some((value, index) => index % 4 === 0 && (value !== data[index + 1] || value !== data[index + 2]));
  return { width: context.measureText(character).width, coloured, pixels: data.join() };
}
