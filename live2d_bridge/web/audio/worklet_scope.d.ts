// What exists on the audio thread and not in the page; see https://webaudio.github.io/web-audio-api/#AudioWorkletGlobalScope
declare const sampleRate: number;
declare const currentTime: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
