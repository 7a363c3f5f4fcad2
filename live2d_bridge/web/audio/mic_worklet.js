/** The audio thread's end of the microphone: sound in, pieces of 20 ms out. Loaded by `audioWorklet.addModule`. */
import { MicChunks } from "./mic_chunks.js";

class MicProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunks = new MicChunks(sampleRate, (chunk) => this.port.postMessage(chunk, [chunk.samples.buffer]));
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const channel = inputs[0]?.[0];
    if (channel) this.chunks.take(channel);
    return true;
  }
}

registerProcessor("hayakuchi-microphone", MicProcessor);
