/** The text box: Enter sends, Shift+Enter breaks the line, ↑ brings back what was said; an input method's Enter stays its own. */

const MOST_REMEMBERED = 50;

/**
 * @param {HTMLFormElement} form
 * @param {HTMLTextAreaElement} box
 * @param {{send(text: string): boolean, writing(active: boolean): void}} handlers `send` says whether it was sent
 */
export function createComposer(form, box, { send, writing }) {
  /** @type {string[]} */
  const said = [];
  let recalled = 0;

  const resize = () => {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    form.classList.toggle("filled", box.value.trim() !== "");
    writing(box.value.trim() !== "");
  };

  /** @param {string} text */
  const fill = (text) => {
    box.value = text;
    resize();
    box.setSelectionRange(text.length, text.length);
  };

  /** @param {string} text */
  const submit = (text) => {
    if (text === "" || !send(text)) return;
    said.push(text);
    if (said.length > MOST_REMEMBERED) said.shift();
    recalled = said.length;
    fill("");
  };

  /** @param {number} step */
  const recall = (step) => {
    const next = Math.min(said.length, Math.max(0, recalled + step));
    if (next === recalled) return false;
    recalled = next;
    fill(said[recalled] ?? "");
    return true;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(box.value.trim());
    box.focus();
  });
  box.addEventListener("input", resize);
  box.addEventListener("keydown", (event) => {
    // Key code 229 is how older WebKit says that an input method is at work.
    if (event.isComposing || event.keyCode === 229) return;
    const untouched = box.value === "" || box.value === said[recalled];
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit(box.value.trim());
    } else if (event.key === "ArrowUp" && untouched && recall(-1)) event.preventDefault();
    else if (event.key === "ArrowDown" && untouched && recall(1)) event.preventDefault();
  });
  resize();
  return { submit, focus: () => box.focus() };
}
