/** The studio: the avatar on her scene, the conversation, and what the person at the desk needs to know. */
import { createAvatar } from "./avatar/driver.js";
import { Backdrop } from "./backdrop.js";
import { StageClient } from "./client.js";
import { followPointer } from "./gaze.js";
import { exposeHook } from "./hook.js";
import { t } from "./i18n.js";
import { createKeyDesk } from "./key_desk.js";
import { stageAddress } from "./link.js";
import { everyPicture } from "./loop.js";
import { loadSettings, saveSettings } from "./settings.js";
import { Show } from "./show.js";
import { SoundSeat } from "./sound_seat.js";
import { createEars } from "./studio_ears.js";
import { createRevisions } from "./studio_history.js";
import { createLinks } from "./studio_links.js";
import { giveNotice } from "./studio_notices.js";
import { createSide } from "./studio_side.js";
import { BESIDE_PX as DRAWER_BESIDE_PX, createTalks } from "./studio_talks.js";
import { ChatLog } from "./ui/chat.js";
import { createComposer } from "./ui/composer.js";
import { byId, h, popover } from "./ui/dom.js";
import { translate } from "./ui/translate.js";
import { KeptFigures } from "./ui/figures.js";
import { createScenePicker } from "./ui/scene_picker.js";
import { createSoundPanel } from "./ui/sound_panel.js";
import { createStatus } from "./ui/status.js";
import { createSubtitle } from "./ui/subtitle.js";
import { createTape } from "./ui/tape.js";
import { createToasts } from "./ui/toasts.js";
import { createVeil } from "./ui/veil.js";
import { drawnTurnOf, turnOf } from "./ui/waterfall_layout.js";

const EXPECT_EVERY_MS = 10_000;
/** A mouse and with it a keyboard: on a touch screen, focus would open the keyboard over the avatar. */
const hovers = matchMedia("(hover: hover)").matches;

const settings = loadSettings();
let name = "";
/** @type {Record<string, number>} */
let thresholds = {};
let greeted = false;
/** Of which conversation the chat is; it may be deleted elsewhere. @type {string | null} */
let conversation = null;
let expectedAt = -EXPECT_EVERY_MS;
let furnished = false;
/** The last turn in which she spoke by herself, without a model. */
let unasked = -1;

const desk = createKeyDesk(() => client);
const client = new StageClient(() => stageAddress(location.href, { session: talks.session, sound: false }), () => desk.key);
const seat = new SoundSeat(client, "free", seatChanged);
const avatar = createAvatar({ container: byId("avatar") });
const show = new Show(client, seat, avatar);
const subtitle = createSubtitle(byId("subtitle"));
const toasts = createToasts(byId("toasts"));
const revisions = createRevisions(client, toasts, (entry) => chat.from(entry));
const chat = new ChatLog(byId("chat-list"), byId("chat-empty"), revisions.handlers);
const talks = createTalks({ client, key: desk.key, toasts, switched, opened: (open) => keep({ talks: open }), used: () => chat.used, keyWanted: () => links.showKey() });
const links = createLinks(desk, talks, toasts);
createSide(chat, settings, keep);
let figures = new KeptFigures(talks.session);
const tape = createTape(byId("tape-panel"));
const status = createStatus({
  root: document.documentElement, name: byId("name"), status: byId("status"), demo: byId("demo-anchor"), demoPanel: byId("demo-panel"),
  latency: byId("latency"), latencyAnchor: byId("latency-anchor"),
});
const veil = createVeil(byId("veil"), { title: byId("veil-title"), hint: byId("veil-hint") }, {
  wake,
  asleep: (asleep) => show.sleep(asleep),
});
const soundPanel = createSoundPanel({ button: byId("sound-button"), panel: byId("sound-panel"), pill: byId("sound-pill") }, settings, {
  changed: (volume, muted) => {
    keep({ volume, muted });
    seat.setVolume(muted ? 0 : volume);
  },
  take: wake,
});
const scenes = createScenePicker(byId("scene-panel"), new Backdrop(byId("scene")), {
  chosen: (scene, color) => keep({ scene, color }), failed: (text) => toasts.show("warn", text),
});
const composer = createComposer(/** @type {HTMLFormElement} */ (byId("composer")), /** @type {HTMLTextAreaElement} */ (byId("box")), {
  send: say,
  writing: (active) => {
    show.listening = active;
    if (active) expect();
  },
});

const ears = createEars(client, settings, keep);

/** @param {Partial<import("./settings.js").Settings>} change */
function keep(change) {
  saveSettings(Object.assign(settings, change));
}

/** Somebody has begun to write: the server gets ready for the message, which is told now and then. */
function expect() {
  const now = performance.now();
  if (now - expectedAt > EXPECT_EVERY_MS && client.send({ type: "input.typing" })) expectedAt = now;
}

/** @param {string} text */
function say(text) {
  const sent = client.send({ type: "input.text", text });
  if (!sent) toasts.show("error", t("not_sent"), "not-sent");
  return sent;
}

/** Another conversation comes on stage. */
function switched() {
  revisions.reset();
  greeted = false;
  conversation = null;
  figures = new KeptFigures(talks.session);
  chat.clear();
  client.reconnect();
  if (hovers) composer.focus();
}

/** A person wants to hear the avatar here. */
async function wake() {
  const running = await seat.take();
  if (running) greet();
  if (hovers) composer.focus();
  return running;
}

function greet() {
  if (!greeted) greeted = client.send({ type: "greet" });
}

/** @param {import("./audio/player.js").Player | null} player */
function seatChanged(player) {
  if (player) player.onProgress = () => show.report();
  if (seat.state === "here") greet();
  soundPanel.seat(seat.state);
  veil.update(seat.state === "blocked" && client.link.state === "open", name);
}

/** @param {import("./protocol.js").Snapshot} snapshot */
function enter(snapshot) {
  name = snapshot.character.name;
  thresholds = snapshot.latency;
  // Who has spoken before needs no greeting.
  greeted ||= snapshot.history.length > 0 || snapshot.turn !== null;
  status.cast(snapshot);
  conversation = snapshot.conversation;
  figures.open(snapshot.conversation);
  chat.reset(snapshot, figures.of(snapshot.history));
  unasked = snapshot.turn?.heard === null ? snapshot.turn.turn : -1;
  tape.recount(snapshot.turn?.turn);
  avatar.setLook(snapshot.character.look);
  subtitle.setLanguage(snapshot.character.language);
  const accent = snapshot.character.look.accent ?? snapshot.character.look.hair;
  if (accent && CSS.supports("color", accent)) document.documentElement.style.setProperty("--accent", accent);
  byId("box").setAttribute("placeholder", t("say", { name }));
  byId("box").setAttribute("aria-label", t("say", { name }));
  if (!furnished) void scenes.restore(settings.scene ?? snapshot.character.scene ?? "", settings.color);
  furnished = true;
  seatChanged(seat.player);
}

/** @param {import("./protocol.js").Latency} latency */
function measured(latency) {
  const threshold = thresholds.first_audio_ms;
  const turn = turnOf(latency, threshold);
  const drawn = drawnTurnOf(latency, thresholds);
  if (!turn || !drawn) return;
  chat.measured(latency.turn, drawn.turn, drawn.threshold);
  figures.note(latency.turn, { latency });
  if (latency.turn === unasked) return;
  tape.add(latency.turn, turn, threshold);
  status.firstAudio(turn.total, threshold);
}

/** @param {import("./protocol.js").HistoryChange} change */
function changed(change) {
  const deleted = conversation !== null && change.conversation !== conversation;
  conversation = change.conversation;
  if (deleted) toasts.show("info", t("talk_gone"), "gone");
  figures.open(conversation);
  chat.replace(change, figures.of(change.history));
}

function listen() {
  giveNotice(client, toasts);
  client.on("error", () => chat.refused());
  client.on("session.snapshot", enter);
  client.on("models", (models) => status.models(models));
  client.on("link", (link) => {
    status.link(link);
    desk.link(link);
    if (link.state === "open") byId("link-pill").hidden = true;
    else veil.update(false, name);
    links.update();
  });
  client.on("session.closing", () => {
    status.closing();
    byId("link-pill").textContent = t("restarting_line", { name });
    byId("link-pill").hidden = false;
  });
  client.on("history", changed);
  client.on("turn.started", ({ turn, heard, viewer }) => {
    if (heard === null || heard === undefined) unasked = turn;
    else chat.heard(turn, heard, viewer);
  });
  client.on("turn.ended", (end) => {
    chat.ended(end);
    const said = end.status === "completed" ? end.reply : end.heard_reply;
    figures.note(end.turn, { text: (said ?? "").trim(), cut: end.status === "interrupted" });
    if (end.status === "failed") toasts.show("error", end.message ?? t("failed"), "failed");
  });
  client.on("latency", measured);
  show.events.on("caption", (caption) => subtitle.show(caption));
  show.events.on("spoken", ({ turn, text }) => chat.spoken(turn, text));
  show.events.on("paused", (paused) => status.paused(paused));
  show.events.on("phase", (phase) => {
    status.phase(phase);
    byId("stop").hidden = phase !== "speaking" && phase !== "thinking";
  });
}

function stopSpeaking() {
  if (show.phase === "speaking" || show.phase === "thinking") client.send({ type: "interrupt" });
}

function furnish() {
  translate();
  for (const word of /** @type {const} */ (["try_1", "try_2", "try_3"])) {
    byId("chat-tries").append(h("button", { type: "button", class: "try", onclick: () => composer.submit(t(word)) }, t(word)));
  }
  popover(byId("sound-button"), byId("sound-panel"));
  popover(byId("scene-button"), byId("scene-panel"));
  popover(byId("demo"), byId("demo-panel"));
  popover(byId("latency"), byId("tape-panel"));
  byId("stop").addEventListener("click", stopSpeaking);
  document.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && stopSpeaking());
  talks.open(innerWidth >= DRAWER_BESIDE_PX && settings.talks);
}

furnish();
listen();
seat.setVolume(settings.muted ? 0 : settings.volume);
avatar.start();
followPointer(byId("studio"), avatar);
everyPicture(() => {
  show.tick();
  ears.tick();
});
exposeHook({ client, seat, show, mic: ears.seat });
client.connect();
if (hovers) composer.focus();
