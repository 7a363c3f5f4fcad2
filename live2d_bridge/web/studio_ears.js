/** The studio's ears: the microphone, its button and settings, and the words that are understood. */
import { MicSeat } from "./mic_seat.js";
import { byId, popover } from "./ui/dom.js";
import { createEarsLine } from "./ui/ears_line.js";
import { createMicButton } from "./ui/mic_button.js";
import { createMicPanel } from "./ui/mic_panel.js";
import { localAddress, micWords, wakeWord } from "./ui/mic_words.js";

/**
 * @param {import("./client.js").StageClient} client
 * @param {import("./settings.js").Settings} settings
 * @param {(change: Partial<import("./settings.js").Settings>) => void} keep
 */
export function createEars(client, settings, keep) {
  const { micDevice: device, echoCancellation: echo, micMode: mode, halfDuplex } = settings;
  let name = "";
  const seat = new MicSeat(client, { device, echo, mode, halfDuplex }, () => update());
  const button = createMicButton(byId("mic-button"), seat);
  const line = createEarsLine({ box: byId("ears"), state: byId("ears-state"), ghost: byId("ears-ghost") }, {
    again: () => seat.turn(true),
    here: () => seat.turn(true),
    off: () => seat.turn(false),
  });
  const panel = createMicPanel(byId("mic-panel"), seat, (change) => {
    seat.wish(change);
    const { device: micDevice, echo: echoCancellation, mode: micMode, halfDuplex: duplex } = seat.wishes;
    keep({ micDevice, echoCancellation, micMode, halfDuplex: duplex });
  });
  popover(byId("mic-more"), byId("mic-panel"));

  const update = () => {
    const word = wakeWord(seat.ears, name);
    const { state, ears, device: { message } } = seat;
    byId("mic-more").hidden = ears === null;
    button.update();
    panel.update(word);
    line.state(state, micWords(state, { ears, message, word, address: localAddress(location.href) }));
  };
  client.on("session.snapshot", (snapshot) => {
    name = snapshot.character.name;
    line.clear();
    update();
  });
  client.on("words", (words) => line.words(words, wakeWord(seat.ears, name)));
  client.on("turn.started", () => line.clear());
  update();

  return {
    seat,
    tick() {
      seat.device.tick();
      button.tick();
      panel.tick();
    },
  };
}
