"""LiveKit Agents as it is measured: runs in an environment of its own, answers one JSON line for each turn it is given.

    .envs/livekit/bin/python livekit_adapter.py http://127.0.0.1:8000/livekit/v1

stdin: {"text": ...}. stdout: {"asked", "first_audio", "ended": monotonic s, "audio_ms"}; the first line says ``ready``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

from livekit import rtc
from livekit.agents import Agent, AgentSession, tokenize, tts
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities
from livekit.plugins import openai

TURN_DEADLINE_S = 60.0
AUDIBLE = 500


class Sink(AudioOutput):
    """A listener that plays what it gets in no time, and notes when it came."""

    def __init__(self) -> None:
        super().__init__(label="sink", capabilities=AudioOutputCapabilities(pause=False), sample_rate=24000)
        self.begin()
        self._segment_s = 0.0

    def begin(self) -> None:
        self.first_audio: float | None = None
        self.audio_ms = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self.first_audio is None and max(frame.data) > AUDIBLE:
            self.first_audio = time.monotonic()
        if not self._segment_s:
            self.on_playback_started(created_at=time.time())
        self._segment_s += frame.duration
        self.audio_ms += frame.duration * 1000

    def flush(self) -> None:
        super().flush()
        self._played(interrupted=False)

    def clear_buffer(self) -> None:
        self._played(interrupted=True)

    def _played(self, *, interrupted: bool) -> None:
        if self._segment_s:
            played, self._segment_s = self._segment_s, 0.0
            self.on_playback_finished(playback_position=played, interrupted=interrupted)


async def turns(session: AgentSession, sink: Sink) -> None:
    """Answer the lines of stdin until it ends."""
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        text = json.loads(line)["text"]
        sink.begin()
        asked = time.monotonic()
        handle = session.generate_reply(user_input=text)
        async with asyncio.timeout(TURN_DEADLINE_S):
            await handle
        failure = handle.exception()
        answer = {
            "asked": asked,
            "first_audio": sink.first_audio,
            "ended": time.monotonic(),
            "audio_ms": sink.audio_ms,
            "errors": [repr(failure)] if failure else [],
        }
        print(json.dumps(answer), flush=True)


async def main(base_url: str) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # The tokenizer that is its default, set to cut at every sentence and to look no further ahead than it must.
    tokenizer = tokenize.blingfire.SentenceTokenizer(retain_format=True, min_sentence_len=1, stream_context_len=1)
    voice = openai.TTS(model="tts-1", voice="alloy", base_url=base_url, api_key="none", response_format="pcm")
    session = AgentSession(
        llm=openai.LLM(model="scripted", base_url=base_url, api_key="none"),
        tts=tts.StreamAdapter(tts=voice, sentence_tokenizer=tokenizer),
        vad=None,
        turn_handling={"turn_detection": None},
        tts_text_transforms=None,
        user_away_timeout=None,
    )
    sink = Sink()
    session.output.audio = sink
    await session.start(Agent(instructions="You answer."), record=False)
    await turns(session, sink)
    await session.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
