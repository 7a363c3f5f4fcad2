/** What the person chooses about the microphone: when it listens, which one it is, and whether her voice comes from loudspeakers. */
import { t } from "../i18n.js";
import { h } from "./dom.js";

const MODES = /** @type {const} */ (["open_mic", "push_to_talk", "wake_word"]);

/**
 * @param {HTMLElement} panel
 * @param {import("../mic_seat.js").MicSeat} seat
 * @param {(change: Partial<import("../mic_seat.js").MicWishes>) => void} chosen
 */
export function createMicPanel(panel, seat, chosen) {
  const modes = MODES.map((mode) => {
    const input = h("input", { type: "radio", name: "mic-mode", value: mode, onchange: () => chosen({ mode }) });
    const label = h("span");
    return { mode, input, label, row: h("label", { class: "choice" }, input, label) };
  });
  const power = toggle("mic", (on) => seat.turn(on));
  power.row.classList.add("power");
  const speakers = toggle("half_duplex", (on) => chosen({ halfDuplex: on }));
  const echo = toggle("echo_cancellation", (on) => chosen({ echo: on }));
  const device = h("select", { class: "select", "aria-label": t("mic_device"), onchange: () => chosen({ device: device.value }) });
  const meter = h("div", { class: "meter", "aria-hidden": "true" });
  panel.append(
    power.row, device, meter,
    h("fieldset", {}, h("legend", {}, t("mic_mode")), ...modes.map(({ row }) => row)),
    speakers.row, h("small", {}, t("half_duplex_do")), echo.row,
  );
  let listed = "";

  const list = async () => {
    const found = (await seat.device.list()).filter(({ id }) => id !== "default" && id !== "communications");
    const now = JSON.stringify([found, seat.wishes.device]);
    if (now === listed) return;
    listed = now;
    const options = found.map(({ id, label }, index) => new Option(label || t("device_number", { number: index + 1 }), id));
    device.replaceChildren(new Option(t("device_default"), ""), ...options);
    device.value = found.some(({ id }) => id === seat.wishes.device) ? seat.wishes.device : "";
  };

  return {
    /** @param {string} word what she answers to */
    update(word) {
      for (const { mode, input, label } of modes) {
        input.checked = seat.mode === mode;
        label.textContent = t(`mode_${mode}`, { word });
      }
      power.input.checked = seat.wanted;
      speakers.input.checked = seat.halfDuplex;
      echo.input.checked = seat.wishes.echo;
      void list();
    },
    tick() {
      if (!panel.hidden) meter.style.setProperty("--level", `${seat.device.isOpen ? Math.max(0, 100 + (seat.device.level * 100) / 60) : 0}%`);
    },
  };
}

/**
 * @param {"mic" | "half_duplex" | "echo_cancellation"} word
 * @param {(on: boolean) => void} chosen
 */
function toggle(word, chosen) {
  const input = h("input", { type: "checkbox", role: "switch", onchange: () => chosen(input.checked) });
  return { input, row: h("label", { class: "choice" }, h("span", {}, t(word)), input) };
}
