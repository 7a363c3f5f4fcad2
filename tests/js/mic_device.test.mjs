import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { MicDevice } from "../../live2d_bridge/web/mic_device.js";

const CHOICE = { device: "", echo: true };

/** @type {{resolve(stream: any): void, reject(error: unknown): void}[]} what the browser was asked for and has not answered */
let questions = [];
/** @type {{state: PermissionState, onchange: (() => void) | null}} */
let permission;
/** @type {{closed: boolean, resume(): Promise<void>}[]} */
let contexts = [];
let devices = new EventTarget();
const asked = () => Object.assign(new EventTarget(), {
  getUserMedia: () => new Promise((resolve, reject) => questions.push({ resolve, reject })),
  enumerateDevices: async () => [{ kind: "audioinput", deviceId: "a", label: "A" }, { kind: "videoinput", deviceId: "b", label: "B" }],
});

class Context {
  sampleRate = 16000;
  closed = false;
  destination = {};
  audioWorklet = { addModule: async () => {} };
  constructor() { contexts.push(this); }
  createMediaStreamSource() { return { connect: (/** @type {any} */ node) => node }; }
  createGain() { return { gain: { value: 1 }, connect: (/** @type {any} */ node) => node }; }
  async resume() {}
  async close() { this.closed = true; }
}
class WorkletNode {
  port = { onmessage: null };
  connect(/** @type {any} */ node) { return node; }
}
Object.assign(globalThis, { AudioContext: Context, AudioWorkletNode: WorkletNode });

/** A stream as the browser gives it. */
function stream() {
  const track = { readyState: "live", muted: false, label: "A", onended: /** @type {(() => void) | null} */ (null), getSettings: () => ({ deviceId: "a" }), stop() { track.readyState = "ended"; } };
  return { track, getTracks: () => [track], getAudioTracks: () => [track] };
}

/** Lets everything that is ready happen. */
const settle = async () => { for (let i = 0; i < 20; i++) await Promise.resolve(); };

/** @param {PermissionState} state */
async function device(state = "granted") {
  permission = { state, onchange: null };
  let opened = 0;
  const made = new MicDevice({ changed: () => {}, opened: () => void opened++, chunk: () => {} });
  await settle();
  return { made, opened: () => opened };
}

beforeEach(() => {
  questions = [];
  contexts = [];
  devices = asked();
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: devices, permissions: { query: async () => permission } }, configurable: true });
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

test("a device that does not answer is busy after ten seconds, and what it gives later is let go", async () => {
  const { made, opened } = await device();
  made.open(CHOICE);
  mock.timers.tick(9999);
  assert.deepEqual([made.opening, made.problem], [true, null]);
  mock.timers.tick(1);
  assert.deepEqual([made.opening, made.problem], [false, "busy"]);
  const late = stream();
  questions[0].resolve(late);
  await settle();
  assert.deepEqual([late.track.readyState, made.isOpen, opened()], ["ended", false, 0]);
});

test("a question to the person has no deadline, but can be called off", async () => {
  const { made, opened } = await device("prompt");
  made.open(CHOICE);
  mock.timers.tick(600_000);
  assert.deepEqual([made.opening, made.problem], [true, null]);
  made.close();
  const late = stream();
  questions[0].resolve(late);
  await settle();
  assert.deepEqual([late.track.readyState, made.isOpen, made.opening, opened()], ["ended", false, false, 0]);
});

test("closing frees the device and all that was made for it", async () => {
  const { made, opened } = await device();
  made.open(CHOICE);
  made.open(CHOICE);
  assert.equal(questions.length, 1, "it is asked for once");
  const given = stream();
  questions[0].resolve(given);
  await settle();
  assert.deepEqual([made.isOpen, opened(), made.id, given.track.readyState], [true, 1, "a", "live"]);
  made.close();
  assert.deepEqual([made.isOpen, given.track.readyState, contexts.map(({ closed }) => closed)], [false, "ended", [true]]);
});

test("a refusal is told, and what is allowed later is opened without another press", async () => {
  const { made, opened } = await device("prompt");
  made.open(CHOICE);
  permission.state = "denied";
  permission.onchange?.();
  questions[0].reject(new DOMException("no", "NotAllowedError"));
  await settle();
  assert.deepEqual([made.problem, made.message], ["denied", "no"]);
  permission.state = "granted";
  permission.onchange?.();
  assert.deepEqual([made.problem, questions.length], [null, 2]);
  questions[1].resolve(stream());
  await settle();
  assert.equal(opened(), 1);
});

test("nothing is asked for again after it was closed, whatever is plugged in or allowed", async () => {
  const { made } = await device("prompt");
  made.open(CHOICE);
  questions[0].reject(new DOMException("none", "NotFoundError"));
  await settle();
  assert.equal(made.problem, "no_device");
  made.close();
  devices.dispatchEvent(new Event("devicechange"));
  permission.state = "granted";
  permission.onchange?.();
  assert.deepEqual([questions.length, made.problem], [1, null]);
});

test("only microphones are listed", async () => {
  const { made } = await device();
  assert.deepEqual(await made.list(), [{ id: "a", label: "A" }]);
});
