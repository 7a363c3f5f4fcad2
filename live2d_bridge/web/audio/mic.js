/**
 * The microphone: asks the browser for it and hands over its sound in pieces of 20 ms. When it is closed the device is free again
 * and its light is off.
 */
import { MIC_RATE } from "./mic_chunks.js";

/** @typedef {import("./mic_chunks.js").Chunk} Chunk */
/** @typedef {{device: string, echo: boolean}} MicChoice `device`: an id, empty for the system's own choice */
/** @typedef {{chunk(chunk: Chunk): void, ended(): void, muted(muted: boolean): void}} MicEvents */
/** @typedef {{close(): void, device: string, label: string, rate: number}} Microphone */

/**
 * @param {MicChoice} choice
 * @param {MicEvents} events
 * @param {AbortSignal} signal the microphone is not wanted any longer, also when the browser gives it later
 * @returns {Promise<Microphone>}
 * @throws {DOMException} as getUserMedia does; AbortError after the signal
 */
export async function openMicrophone(choice, events, signal) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: {
      deviceId: choice.device ? { ideal: choice.device } : undefined,
      channelCount: { ideal: 1 }, echoCancellation: choice.echo, noiseSuppression: true, autoGainControl: true,
    },
  });
  const release = () => stream.getTracks().forEach((track) => track.stop());
  try {
    signal.throwIfAborted();
    return await listenTo(stream, release, events, signal);
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * @param {MediaStream} stream
 * @param {() => void} release
 * @param {MicEvents} events
 * @param {AbortSignal} signal
 * @returns {Promise<Microphone>}
 */
async function listenTo(stream, release, events, signal) {
  const [track] = stream.getAudioTracks();
  const { context, source } = connect(stream);
  try {
    await context.audioWorklet.addModule(new URL("./mic_worklet.js", import.meta.url).href);
    signal.throwIfAborted();
    const node = new AudioWorkletNode(context, "hayakuchi-microphone", { channelCount: 1, channelCountMode: "explicit" });
    node.port.onmessage = ({ data }) => events.chunk(data);
    // Only what leads to the output is rendered; nobody is to hear herself.
    const mute = context.createGain();
    mute.gain.value = 0;
    source.connect(node).connect(mute).connect(context.destination);
    void context.resume();
    track.onended = () => events.ended();
    track.onmute = () => events.muted(true);
    track.onunmute = () => events.muted(false);
    events.muted(track.muted);
    const close = () => {
      node.port.onmessage = track.onended = track.onmute = track.onunmute = null;
      release();
      void context.close();
    };
    return { close, device: track.getSettings().deviceId ?? "", label: track.label, rate: context.sampleRate };
  } catch (error) {
    void context.close();
    throw error;
  }
}

/**
 * A context at the rate that is wanted, or at the device's own where the browser mixes no rates; then the worklet changes it.
 * @param {MediaStream} stream
 */
function connect(stream) {
  const context = new AudioContext({ sampleRate: MIC_RATE });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch (error) {
    void context.close();
    if (!(error instanceof DOMException) || error.name !== "NotSupportedError") throw error;
    const own = new AudioContext();
    return { context: own, source: own.createMediaStreamSource(stream) };
  }
}

/**
 * The microphones there are. Before the person has allowed one, browsers hide their names and ids.
 * @returns {Promise<{id: string, label: string}[]>}
 */
export async function microphones() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId).map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/**
 * Follows what the person decided about the microphone; a browser that does not tell says nothing.
 * @param {(state: PermissionState) => void} changed called at once, and when it changes
 */
export async function watchPermission(changed) {
  if (!navigator.permissions?.query) return;
  try {
    const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ ("microphone") });
    status.onchange = () => changed(status.state);
    changed(status.state);
  } catch (error) {
    // Older browsers do not know this name.
    if (!(error instanceof TypeError)) throw error;
  }
}
