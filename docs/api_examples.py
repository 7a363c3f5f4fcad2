"""Examples of docs/api.md where the plain ones, made from the OpenAPI document, show too little. By operation and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EXAMPLES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "post_v1_chat_completions": {
        "curl": [
            """curl "$HAYAKUCHI_URL/v1/chat/completions" -H "Authorization: Bearer $HAYAKUCHI_KEY" \\
  --json '{"model": "default", "messages": [{"role": "user", "content": "Hello!"}]}'""",
            """# As a stream, in the studio's conversation. Sent again with this key, it is answered as the first time.
curl -N "$HAYAKUCHI_URL/v1/chat/completions" -H "Authorization: Bearer $HAYAKUCHI_KEY" -H "Idempotency-Key: greeting-1" \\
  --json '{"model": "default", "messages": [{"role": "user", "content": "Hello!"}], "stream": true, "session_id": "main"}'""",
        ],
        "python": [
            """reply = client.chat.completions.create(model="default", messages=[{"role": "user", "content": "Hello!"}])
print(reply.choices[0].message.content)""",
            """# As a stream, in a conversation that the server keeps: only the new message is sent.
stream = client.chat.completions.create(
    model="default",
    messages=[{"role": "user", "content": "Do you remember me?"}],
    stream=True,
    extra_body={"session_id": "main"},
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)""",
        ],
        "javascript": [
            """const messages = [{ role: "user", content: "Hello!" }];
const reply = await client.chat.completions.create({ model: "default", messages });
console.log(reply.choices[0].message.content);""",
            """// As a stream, in a conversation that the server keeps: only the new message is sent.
const stream = await client.chat.completions.create({
  model: "default",
  messages: [{ role: "user", content: "Do you remember me?" }],
  stream: true,
  session_id: "main",
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0].delta.content ?? "");""",
        ],
    },
    "post_v1_completions": {
        "python": [
            """completion = client.completions.create(model="default", prompt="Say hello.", max_tokens=20)
print(completion.choices[0].text)"""
        ],
        "javascript": [
            """const completion = await client.completions.create({ model: "default", prompt: "Say hello.", max_tokens: 20 });
console.log(completion.choices[0].text);"""
        ],
    },
    "post_v1_embeddings": {
        "python": [
            """answer = client.embeddings.create(model="default", input=["The cat sleeps.", "A dog barks."])
print([len(one.embedding) for one in answer.data])"""
        ],
        "javascript": [
            """const answer = await client.embeddings.create({ model: "default", input: ["The cat sleeps.", "A dog barks."] });
console.log(answer.data.map((one) => one.embedding.length));"""
        ],
    },
    "get_v1_models": {
        "python": ["""print([model.id for model in client.models.list()])"""],
        "javascript": ["""for await (const model of client.models.list()) console.log(model.id);"""],
    },
    "get_v1_models_model": {
        "python": ["""print(client.models.retrieve("default"))"""],
        "javascript": ["""console.log(await client.models.retrieve("default"));"""],
    },
    "post_v1_audio_speech": {
        "curl": [
            """curl "$HAYAKUCHI_URL/v1/audio/speech" -H "Authorization: Bearer $HAYAKUCHI_KEY" -o hello.mp3 \\
  --json '{"model": "tts-1", "voice": "default", "input": "Hello there! It is nice to see you."}'"""
        ],
        "python": [
            """# pcm comes soonest: 16 bit, mono, 24 kHz. For a file leave response_format out, and take an .mp3.
with client.audio.speech.with_streaming_response.create(
    model="tts-1", voice="default", input="Hello there! It is nice to see you.", response_format="wav"
) as sound:
    sound.stream_to_file("hello.wav")"""
        ],
        "javascript": [
            """const sound = await client.audio.speech.create({ model: "tts-1", voice: "default", input: "Hello there!" });
writeFileSync("hello.mp3", Buffer.from(await sound.arrayBuffer()));"""
        ],
    },
    "post_v1_audio_transcriptions": {
        "curl": [
            """curl "$HAYAKUCHI_URL/v1/audio/transcriptions" -H "Authorization: Bearer $HAYAKUCHI_KEY" \\
  -F model=whisper-1 -F file=@hello.mp3""",
            """curl "$HAYAKUCHI_URL/v1/audio/transcriptions" -H "Authorization: Bearer $HAYAKUCHI_KEY" \\
  -F model=whisper-1 -F file=@hello.mp3 -F response_format=srt""",
        ],
        "python": [
            """with open("hello.wav", "rb") as file:
    print(client.audio.transcriptions.create(model="whisper-1", file=file).text)"""
        ],
        "javascript": [
            """const file = createReadStream("hello.mp3");
const heard = await client.audio.transcriptions.create({ model: "whisper-1", file });
console.log(heard.text);"""
        ],
    },
    "post_asr": {
        "curl": ["""curl "$HAYAKUCHI_URL/asr" -H "Authorization: Bearer $HAYAKUCHI_KEY" -F file=@hello.mp3"""],
        "python": [
            """with open("hello.wav", "rb") as file:
    print(http.post(f"{URL}/asr", files={"file": file}, timeout=60).json())"""
        ],
        "javascript": [
            """const form = new FormData();
form.append("file", await openAsBlob("hello.mp3"), "hello.mp3");
const said = await fetch(`${server}/asr`, { method: "POST", headers: { Authorization: `Bearer ${key}` }, body: form });
console.log(await said.json());"""
        ],
    },
    "get_metrics": {
        "curl": [
            """curl "$HAYAKUCHI_URL/metrics" -H "Authorization: Bearer $HAYAKUCHI_KEY"
curl "$HAYAKUCHI_URL/metrics" -H "Authorization: Bearer $HAYAKUCHI_KEY" -H "Accept: application/json\""""
        ],
        "python": [
            """figures = http.get(f"{URL}/metrics", headers={"Accept": "application/json"}, timeout=60).json()
print(figures["comparison"], figures["server"])"""
        ],
        "javascript": [
            """const figures = await call("GET", "/metrics");
console.log((await figures.text()).split("\\n").length);"""
        ],
    },
}
