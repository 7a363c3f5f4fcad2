/** Volume, mute, and which window plays the sound. */
import { t } from "../i18n.js";
import { h, icon } from "./dom.js";

/** @type {Record<import("../sound_seat.js").SeatState, import("../i18n.js").Word>} */
const WHERE = {
  off: "sound_nobody", nobody: "sound_nobody", blocked: "sound_blocked", here: "sound_here", elsewhere: "sound_elsewhere",
};

/**
 * @param {{button: HTMLElement, panel: HTMLElement, pill: HTMLElement}} elements
 * @param {{volume: number, muted: boolean}} start
 * @param {{changed(volume: number, muted: boolean): void, take(): void}} handlers
 */
export function createSoundPanel({ button, panel, pill }, { volume, muted }, { changed, take }) {
  const slider = h("input", { type: "range", min: "0", max: "100", value: Math.round(volume * 100), "aria-label": t("volume") });
  const mute = h("button", { type: "button", class: "button small" });
  const where = h("p", { class: "where" });
  const here = h("button", { type: "button", class: "button small accent", onclick: () => take() }, t("play_here"));
  panel.append(h("h2", {}, t("sound")), h("div", { class: "volume" }, mute, slider), where, here);
  pill.append(h("span", {}, t("sound_elsewhere")), h("button", { type: "button", class: "link", onclick: () => take() }, t("play_here")));

  const show = () => {
    const silent = muted || volume === 0;
    mute.replaceChildren(icon(silent ? "muted" : "sound"));
    mute.setAttribute("aria-label", t(muted ? "unmute" : "mute"));
    mute.setAttribute("aria-pressed", String(muted));
    button.replaceChildren(icon(silent ? "muted" : "sound"));
    slider.style.setProperty("--filled", `${muted ? 0 : volume * 100}%`);
  };
  mute.addEventListener("click", () => {
    muted = !muted;
    show();
    changed(volume, muted);
  });
  slider.addEventListener("input", () => {
    volume = Number(slider.value) / 100;
    muted = false;
    show();
    changed(volume, muted);
  });
  show();

  return {
    /** @param {import("../sound_seat.js").SeatState} state */
    seat(state) {
      where.textContent = t(WHERE[state]);
      here.hidden = state === "here" || state === "off";
      pill.hidden = state !== "elsewhere";
      button.classList.toggle("away", state !== "here");
    },
  };
}
