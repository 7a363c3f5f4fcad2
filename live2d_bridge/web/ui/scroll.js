/** Where the reader of a list is: at its end, which is kept in sight, or further up, where nothing is to move. */

const NEAR_END_PX = 80;

/** @param {HTMLElement} list whose parent scrolls */
export function createScroll(list) {
  const box = list.parentElement;
  const nearEnd = () => !box || box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX + (list.lastElementChild?.clientHeight ?? 0);
  return {
    /** Keep the end in sight, unless the reader has scrolled up. */
    follow(always = false) {
      if (box && (always || nearEnd())) box.scrollTop = box.scrollHeight;
    },
    /** @returns {() => void} goes back to where the reader is at the moment */
    place() {
      const top = box?.scrollTop ?? 0;
      const atEnd = nearEnd();
      return () => {
        if (box && !atEnd) box.scrollTop = top;
      };
    },
  };
}
