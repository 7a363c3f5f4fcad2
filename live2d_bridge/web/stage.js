/**
 * The stage: the avatar alone on a transparent page, for OBS.
 *
 * In the address: `session`, `audio=1` (plays the sound), `subtitle=0`, `scene=NAME`, `color=CSS colour`, `scale` (0.2 … 4),
 * `name` (a name plate: `1` for the character's own name, or any text); behind the `#`: `key=…`, which is taken out of it and kept.
 */
import { createAvatar } from "./avatar/driver.js";
import { Backdrop } from "./backdrop.js";
import { StageClient } from "./client.js";
import { exposeHook } from "./hook.js";
import { createKeyDesk } from "./key_desk.js";
import { stageAddress } from "./link.js";
import { everyPicture } from "./loop.js";
import { Show } from "./show.js";
import { SoundSeat } from "./sound_seat.js";
import { byId } from "./ui/dom.js";
import { createSubtitle } from "./ui/subtitle.js";
import { createVeil } from "./ui/veil.js";

const query = new URLSearchParams(location.search);
const audible = query.get("audio") === "1";
const inObs = "obsstudio" in window;

let name = "";

// On the air nobody is asked for a key, unless she was never there: the studio asks.
const desk = createKeyDesk(() => client, () => inObs && name !== "");
const client = new StageClient(() => stageAddress(location.href, { session: query.get("session") ?? "main", sound: false }), () => desk.key);
const seat = new SoundSeat(client, audible ? "always" : "never", seatChanged);
const avatar = createAvatar({ container: byId("avatar") });
const show = new Show(client, seat, avatar);
const subtitle = createSubtitle(byId("subtitle"));
const veil = createVeil(byId("veil"), { title: byId("veil-title"), hint: byId("veil-hint") }, {
  wake: () => seat.take(),
  asleep: (asleep) => show.sleep(asleep),
});

/** @param {import("./audio/player.js").Player | null} player */
function seatChanged(player) {
  if (player) player.onProgress = () => show.report();
  veil.update(seat.state === "blocked" && !inObs, name);
}

function furnish() {
  const backdrop = new Backdrop(byId("scene"));
  const [scene, color, scale] = ["scene", "color", "scale"].map((key) => query.get(key));
  if (color && CSS.supports("color", color)) backdrop.showColor(color);
  else if (scene) backdrop.showScene(scene);
  const factor = Number(scale);
  if (factor >= 0.2 && factor <= 4) document.documentElement.style.setProperty("--scale", String(factor));
  byId("subtitle").hidden = query.get("subtitle") === "0";
}

/** @param {import("./protocol.js").Snapshot} snapshot */
function enter({ character }) {
  name = character.name;
  avatar.setLook(character.look);
  subtitle.setLanguage(character.language);
  document.title = `${name} · stage`;
  const plate = query.get("name");
  byId("plate").hidden = !plate || plate === "0";
  byId("plate").textContent = plate === "1" ? name : plate;
  seatChanged(seat.player);
}

furnish();
client.on("session.snapshot", enter);
client.on("link", desk.link);
client.on("malformed", (message) => console.warn("not understood:", message));
show.events.on("caption", (caption) => subtitle.show(caption));
avatar.start();
everyPicture(() => show.tick());
exposeHook({ client, seat, show });
client.connect();
