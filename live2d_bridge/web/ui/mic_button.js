/** The button of the microphone: a switch, or with push-to-talk a button to hold; the space bar and M do the same. */
import { t } from "../i18n.js";
import { HEARS, TROUBLE } from "../mic_state.js";
import { icon } from "./dom.js";

const QUIETEST_DB = -55;
const LOUDEST_DB = -12;

/**
 * @param {HTMLElement} button
 * @param {import("../mic_seat.js").MicSeat} seat
 */
export function createMicButton(button, seat) {
  const press = () => seat.talk(true);
  const release = () => seat.talk(false);
  /** A press that began as push-to-talk is no click. */
  let held = false;

  button.addEventListener("pointerdown", (event) => {
    held = seat.byButton && event.button === 0;
    if (!held) return;
    button.setPointerCapture(event.pointerId);
    press();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(end, release);
  button.addEventListener("contextmenu", (event) => held && event.preventDefault());
  button.addEventListener("click", (event) => {
    if (held && event.detail > 0) return;
    seat.turn(!seat.wanted);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event)) return;
    if (event.key === " " && seat.byButton && free(event.target, button)) {
      event.preventDefault();
      if (!event.repeat) press();
    } else if (event.key.toLowerCase() === "m" && !event.repeat) seat.turn(!seat.wanted);
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== " " || !seat.byButton) return;
    // A button that has the focus would take the key for a click.
    if (free(event.target, button)) event.preventDefault();
    release();
  });
  addEventListener("blur", release);
  document.addEventListener("visibilitychange", () => document.hidden && release());

  return {
    update() {
      const { state, wanted } = seat;
      button.hidden = seat.ears === null;
      button.dataset.state = TROUBLE.has(state) ? "trouble" : HEARS.has(state) ? "on" : wanted ? "waiting" : "off";
      button.dataset.loud = String(state === "hearing" || state === "talking");
      button.setAttribute("aria-pressed", String(seat.byButton ? seat.talking : wanted));
      const label = seat.byButton ? t("mic_hold") : t(wanted ? "mic_off" : "mic_on");
      button.setAttribute("aria-label", label);
      button.title = label;
      const name = wanted ? "mic" : "mic-off";
      if (button.dataset.icon !== name) button.replaceChildren(icon(name));
      button.dataset.icon = name;
    },
    /** The ring shows how loud it is; call it once per picture. */
    tick() {
      const part = (seat.device.level - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB);
      const level = seat.device.isOpen ? Math.min(1, Math.max(0, part)).toFixed(2) : "0";
      if (button.style.getPropertyValue("--level") !== level) button.style.setProperty("--level", level);
    },
  };
}

/** @param {KeyboardEvent} event */
function typing({ target, isComposing }) {
  const field = target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range])"));
  return isComposing || field;
}

/**
 * Whether the space bar is not another button's.
 * @param {EventTarget | null} target
 * @param {HTMLElement} button
 */
function free(target, button) {
  return target === document.body || target === document.documentElement || target === button;
}
