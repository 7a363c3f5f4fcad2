"""LiveKit Agents' plugin for OpenAI, told nothing but where and with which key. Runs in an environment of its own.

python livekit_client.py http://127.0.0.1:8000/v1
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from commands import obey, sound, tone
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, APIStatusError, RunContext, function_tool, llm
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities
from livekit.plugins import openai

BASE_URL = sys.argv[1]
MICROPHONE = 48000
ONCE = APIConnectOptions(max_retry=0)


def model(key: str, name: str = "default") -> openai.LLM:
    return openai.LLM(model=name, base_url=BASE_URL, api_key=key)


def voice(key: str, **options: Any) -> openai.TTS:
    return openai.TTS(base_url=BASE_URL, api_key=key, **options)


def ears(key: str, **options: Any) -> openai.STT:
    return openai.STT(base_url=BASE_URL, api_key=key, **options)


async def refused(work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """What the work gives, or what the server says against it."""
    try:
        return await work
    except APIStatusError as error:
        return {"status": error.status_code, "message": error.message, "retryable": error.retryable}


async def chat(key: str, text: str, name: str = "default", retries: int = 0) -> dict[str, Any]:
    """One reply."""

    async def reply() -> dict[str, Any]:
        context = llm.ChatContext()
        context.add_message(role="user", content=text)
        texts, tokens = [], []
        options = APIConnectOptions(max_retry=retries, retry_interval=0.1)
        async with model(key, name) as mind, mind.chat(chat_ctx=context, conn_options=options) as chunks:
            async for chunk in chunks:
                if chunk.delta and chunk.delta.content:
                    texts.append(chunk.delta.content)
                if chunk.usage:
                    tokens.append([chunk.usage.prompt_tokens, chunk.usage.completion_tokens, chunk.usage.total_tokens])
        return {"texts": texts, "tokens": tokens}

    return await refused(reply())


async def leave(key: str, text: str, then: str) -> dict[str, Any]:
    """A reply that is left after its first words, and another one of the same plugin."""
    texts = []
    async with model(key) as mind:
        for said in (text, then):
            context = llm.ChatContext()
            context.add_message(role="user", content=said)
            chunks = mind.chat(chat_ctx=context, conn_options=ONCE)
            async for chunk in chunks:
                texts.append(chunk.delta.content if chunk.delta else "")
                break
            await chunks.aclose()
    return {"texts": texts}


async def prewarm(key: str) -> dict[str, Any]:
    """What the plugin asks for before there is anything to ask."""
    async with model(key) as mind:
        await mind._prewarm_impl()
        listed = [one.id async for one in mind._client.models.list()]
    async with voice(key) as speaker:
        speaker.prewarm()
        await speaker._prewarm_task
        frame = await speaker.synthesize("Hi.", conn_options=ONCE).collect()
    return {"models": listed, "ms": frame.duration * 1000}


async def speak(key: str, text: str, **options: Any) -> dict[str, Any]:
    """A text, spoken. Options as of the plugin; without any it asks for MP3 in events. ``took_s``: from the first sound to the
    last."""

    async def reply() -> dict[str, Any]:
        came, frames = [], []
        async with voice(key, **options) as speaker:
            async for event in speaker.synthesize(text, conn_options=ONCE):
                frames.append(event.frame)
                came.append(time.monotonic())
        rate = frames[0].sample_rate
        pcm = b"".join(bytes(frame.data) for frame in frames)
        return {"rate": rate, "took_s": came[-1] - came[0], **sound(pcm, rate)}

    return await refused(reply())


async def listen(key: str, ms: float, **options: Any) -> dict[str, Any]:
    """Sound, understood."""

    async def reply() -> dict[str, Any]:
        pcm = tone(ms, MICROPHONE)
        frame = rtc.AudioFrame(pcm, MICROPHONE, 1, len(pcm) // 2)
        event = await ears(key, **options).recognize(frame, conn_options=ONCE)
        return {"heard": [one.text for one in event.alternatives], "language": str(event.alternatives[0].language)}

    return await refused(reply())


class Sink(AudioOutput):
    """A listener that keeps what it is played, and is done with it at once."""

    def __init__(self) -> None:
        super().__init__(label="sink", capabilities=AudioOutputCapabilities(pause=False), sample_rate=24000)
        self.pcm = bytearray()
        self.heard = asyncio.Event()
        self.rate = 24000
        self._segment_s = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._segment_s:
            self.on_playback_started(created_at=time.time())
        self._segment_s += frame.duration
        self.rate = frame.sample_rate
        self.pcm += bytes(frame.data)
        self.heard.set()

    def flush(self) -> None:
        super().flush()
        self._played(interrupted=False)

    def clear_buffer(self) -> None:
        self._played(interrupted=True)

    def _played(self, *, interrupted: bool) -> None:
        if self._segment_s:
            played, self._segment_s = self._segment_s, 0.0
            self.on_playback_finished(playback_position=played, interrupted=interrupted)


class Looking(Agent):
    """An agent with a function."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
        self.asked: list[str] = []

    @function_tool
    async def look(self, context: RunContext, at: str) -> str:
        """Look at something.

        Args:
            at: What to look at.
        """
        self.asked.append(at)
        return "blue"


@asynccontextmanager
async def talking(key: str) -> AsyncIterator[tuple[AgentSession, Looking, Sink]]:
    session: AgentSession = AgentSession(
        llm=model(key),
        tts=voice(key, response_format="pcm"),
        vad=None,
        turn_handling={"turn_detection": None},
        user_away_timeout=None,
    )
    agent, sink = Looking(), Sink()
    session.output.audio = sink
    await session.start(agent, record=False)
    try:
        yield session, agent, sink
    finally:
        await session.aclose()


async def talk(key: str, texts: list[str]) -> dict[str, Any]:
    """A conversation that LiveKit remembers, with a function and a voice."""
    async with talking(key) as (session, agent, sink):
        for text in texts:
            await session.generate_reply(user_input=text)
        items = [[item.role, item.text_content] for item in session.history.items if item.type == "message"]
    return {"items": items, "asked": agent.asked, **sound(bytes(sink.pcm), sink.rate)}


async def interrupt(key: str, text: str, then: str) -> dict[str, Any]:
    """A spoken reply that is interrupted, and another one in the same session."""
    async with talking(key) as (session, _, sink):
        handle = session.generate_reply(user_input=text)
        await sink.heard.wait()
        await handle.interrupt()
        heard = sound(bytes(sink.pcm), sink.rate)
        await session.generate_reply(user_input=then)
        items = [[item.role, item.text_content] for item in session.history.items if item.type == "message"]
    return {"items": items, "interrupted": handle.interrupted, **heard}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    known = (chat, leave, prewarm, speak, listen, talk, interrupt)
    asyncio.run(obey({command.__name__: command for command in known}))
