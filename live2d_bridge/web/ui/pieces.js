/** A message as it is shown: plain text, and what a model puts between ``` marks as code. */

/** @typedef {{code: boolean, text: string}} Piece */

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;

/**
 * A fence that was not closed yet reaches to the end, as while a reply comes in.
 * @param {string} message
 * @returns {Piece[]}
 */
export function pieces(message) {
  /** @type {Piece[]} */
  const found = [];
  /** @type {string[]} */
  let lines = [];
  let fence = "";
  /** @param {boolean} code */
  const close = (code) => {
    const text = lines.join("\n");
    if (code ? text !== "" : text.trim() !== "") found.push({ code, text: code ? text : trimLines(text) });
    lines = [];
  };
  for (const line of message.split("\n")) {
    const mark = FENCE.exec(line);
    if (fence === "" && mark && !(mark[1].startsWith("`") && mark[2].includes("`"))) {
      close(false);
      fence = mark[1];
    } else if (fence !== "" && mark && mark[1].startsWith(fence) && mark[2].trim() === "") {
      close(true);
      fence = "";
    } else lines.push(line);
  }
  close(fence !== "");
  return found;
}

/** Empty lines around code are its margin. @param {string} text */
function trimLines(text) {
  return text.replace(/^(?:[ \t]*\n)+/, "").replace(/(?:\n[ \t]*)+$/, "");
}
