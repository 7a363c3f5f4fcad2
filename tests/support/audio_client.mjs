// OpenAI's JavaScript client at the audio doors: `node audio_client.mjs BASE_URL`. Prints what came as one line of JSON.
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "none", maxRetries: 0 });
const input = "Hello there, my friends.";
const found = {};

const whole = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input, response_format: "wav" });
const wav = Buffer.from(await whole.arrayBuffer());
found.wav = wav.length;

const streamed = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input, response_format: "pcm" });
let parts = 0;
let pcm = 0;
for await (const part of streamed.body) {
  parts += 1;
  pcm += part.length;
}
found.pcm = pcm;
found.streamed = parts > 1;

const left = new AbortController();
const long = await client.audio.speech.create(
  { model: "tts-1", voice: "alloy", input: "This one is never heard to its end.", response_format: "pcm" },
  { signal: left.signal },
);
await long.body.getReader().read();
left.abort();

const file = await toFile(wav, "speech.wav");
found.text = (await client.audio.transcriptions.create({ model: "whisper-1", file, prompt: "Hayakuchi" })).text;

const events = [];
for await (const event of await client.audio.transcriptions.create({ model: "whisper-1", file, stream: true })) {
  events.push(event.type);
}
found.events = events;

try {
  await client.audio.speech.create({ model: "tts-1", voice: "somebody", input });
} catch (error) {
  found.refused = [error instanceof OpenAI.UnprocessableEntityError, error.status, error.param];
}
console.log(JSON.stringify(found));
