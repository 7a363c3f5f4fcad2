/** The audio thread's end of the player: messages in, sound out. Loaded by `audioWorklet.addModule`. */
import { Playout } from "./playout.js";

class PlayoutProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    const playout = new Playout(sampleRate, (mark) => this.port.postMessage(mark));
    this.playout = playout;
    /** @param {MessageEvent<import("./player.js").VoiceMessage>} event */
    this.port.onmessage = ({ data }) => {
      if (data.type === "push") playout.push(data.turn, data.position, data.samples);
      else if (data.type === "begin") playout.begin(data.turn, currentTime);
      else if (data.type === "edge") playout.edge(data.position);
      else if (data.type === "finish") playout.finish();
      else if (data.type === "hold") playout.hold(currentTime);
      else if (data.type === "resume") playout.resume();
      else playout.flush(currentTime);
    };
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    this.playout.render(outputs[0][0], currentTime);
    return true;
  }
}

registerProcessor("hayakuchi-playout", PlayoutProcessor);
