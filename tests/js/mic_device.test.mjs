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

/** @type {WorkletNode} the last one that was made */
let worklet;

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
  /** @type {{onmessage: ((event: {data: any}) => void) | null}} */
  port = { onmessage: null };
  constructor() { worklet = this; }
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

/** Turns the clock and lets the microphone send what it hears. @param {any} t @param {MicDevice} made */
function timeOf(t, made) {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  return (/** @type {number} */ seconds, /** @type {number | null} */ sample) => {
    for (const end = now + 1000 * seconds; now < end; ) {
      now += 20;
      if (sample !== null) worklet.port.onmessage?.({ data: { position: 0, samples: new Int16Array(320).fill(sample), rms: 0 } });
    }
    made.tick();
    return made.silent;
  };
}

test("a microphone from which nothing comes is told, one that is quiet between words is not", async (t) => {
  const { made } = await device();
  const pass = timeOf(t, made);
  made.open(CHOICE);
  const given = stream();
  questions[0].resolve(given);
  await settle();
  assert.equal(pass(5, 0), false);
  assert.equal(pass(2, 0), true, "zeros from the start");
  assert.equal(pass(0.1, 1), false, "something comes");
  assert.equal(pass(50, 0), false);
  assert.equal(pass(11, 0), true);
  assert.equal(pass(1, 1), false);
  assert.equal(pass(3, null), true, "the sound has stopped coming");
  assert.equal(pass(0.1, 1), false);
  /** @type {any} */ (given.track).onmute();
  assert.equal(pass(0.1, 1), true, "the system mutes it");
  /** @type {any} */ (given.track).onunmute();
  assert.equal(pass(0.1, 1), false);
});

test("a device that is taken away is opened again at once, unless it ends again and again", async (t) => {
  const { made, opened } = await device();
  const pass = timeOf(t, made);
  made.open(CHOICE);
  for (const [lived, problem, asked] of /** @type {[number, string | null, number][]} */ ([[2, null, 2], [1, "lost", 2]])) {
    const given = stream();
    questions[questions.length - 1].resolve(given);
    await settle();
    pass(lived, 1);
    given.track.onended?.();
    assert.deepEqual([made.problem, questions.length, made.isOpen], [problem, asked, false]);
  }
  devices.dispatchEvent(new Event("devicechange"));
  questions[2].resolve(stream());
  await settle();
  assert.deepEqual([made.problem, opened()], [null, 3]);
});
