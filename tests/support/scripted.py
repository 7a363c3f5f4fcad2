"""Test doubles for models and voices that do exactly what their script says, and a listener that plays in real time."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

from hayakuchi.agents import AgentConfig
from hayakuchi.core.character import Character
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.events import AudioSent, SessionEvent, TurnStarted
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import (
    Audio,
    Generation,
    LLMDelta,
    Message,
    ReasoningDelta,
    SpeechRequest,
    TextDelta,
    UserInput,
)
from hayakuchi.llm.fallback import FallbackLLM
from hayakuchi.orchestrator.playback import Playback
from hayakuchi.orchestrator.session import Session
from hayakuchi.orchestrator.streaming import Streaming, resolved
from hayakuchi.orchestrator.turn import TurnSettings
from hayakuchi.tts.fallback import FallbackTTS

RATE = 8000


class _Scripted:
    def __init__(self) -> None:
        self.running = 0

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "scripted"

    async def aclose(self) -> None: ...


class ScriptedLLM(_Scripted):
    """Streams ``tokens``; dies before token ``dies_at``. Strings that begin with ``\\0`` are reasoning."""

    name = "scripted_llm"

    def __init__(
        self, tokens: Sequence[str], *, first_ms: float = 100, token_ms: float = 20, dies_at: int | None = None
    ) -> None:
        super().__init__()
        self.tokens, self.first_ms, self.token_ms, self.dies_at = tokens, first_ms, token_ms, dies_at
        self.deadlines = Deadlines(4.0, 5.0)
        self.asked: list[Sequence[Message]] = []
        self.given = 0

    async def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]:
        self.asked.append(messages)
        self.running += 1
        try:
            await asyncio.sleep(self.first_ms / 1000)
            for index, token in enumerate(self.tokens):
                if index == self.dies_at:
                    raise ProviderError("llm", self.name, Category.CONNECTIVITY, "the connection was cut")
                self.given += 1
                yield ReasoningDelta(token[1:]) if token.startswith("\0") else TextDelta(token)
                if self.token_ms:
                    await asyncio.sleep(self.token_ms / 1000)
            if self.dies_at is not None and self.dies_at >= len(self.tokens):
                raise ProviderError("llm", self.name, Category.CONNECTIVITY, "the connection was cut")
        finally:
            self.running -= 1


class ScriptedTTS(_Scripted):
    """Speaks 60 ms of a tone per character; dies after ``dies_after`` chunks of the segments that hold ``dies_on``."""

    def __init__(
        self,
        name: str = "scripted_tts",
        *,
        first_ms: float = 50,
        rtf: float = 0.1,
        dies_after: int | None = None,
        dies_on: str = "",
    ) -> None:
        super().__init__()
        self.name: Any = name
        self.first_ms, self.rtf, self.dies_after, self.dies_on = first_ms, rtf, dies_after, dies_on
        self.deadlines = Deadlines(2.0, 0.5)
        self.sample_rate = RATE
        self.spoken: list[str] = []
        self.most_running = 0

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        self.spoken.append(request.text)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.first_ms / 1000)
            for index in range(max(len(request.text) * 60 // 100, 1)):
                if index == self.dies_after and self.dies_on in request.text:
                    raise ProviderError("tts", self.name, Category.CRASHED, "the voice died")
                yield Audio(tone(100), RATE)
                await asyncio.sleep(0.1 * self.rtf)
        finally:
            self.running -= 1


class EchoAgent:
    """Passes the model's stream on, with what was said as the only message."""

    name = "echo_agent"
    Config: ClassVar[type[AgentConfig]] = AgentConfig

    def __init__(self, config: AgentConfig, llm: Any, character: Character) -> None:
        self.config, self._llm = config, llm

    async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
        stream = self._llm.stream([*history, Message("user", heard.text)])
        try:
            async for delta in stream:
                yield delta
        finally:
            await stream.aclose()


class Listener:
    """Plays what is sent in real time and reports every 50 ms, like a page does; run it as a task."""

    def __init__(self, session: Session) -> None:
        self._playback = session.playback
        self._end_ms = self._played_ms = 0.0
        self._turn = 0
        session.observe(self._observe)

    def _observe(self, event: SessionEvent) -> None:
        if isinstance(event, TurnStarted):
            self._turn, self._end_ms, self._played_ms = event.turn, 0.0, 0.0
        elif isinstance(event, AudioSent):
            self._end_ms = event.position * 1000 / RATE + event.audio.duration_ms

    async def run(self) -> None:
        self._playback.listener_joined()
        before = loop_ms()
        while True:
            await asyncio.sleep(0.05)
            now = loop_ms()
            self._played_ms = min(self._end_ms, self._played_ms + now - before)
            before = now
            self._playback.reported(self._turn, self._played_ms)


def tone(duration_ms: float, rate: int = RATE) -> bytes:
    """A 440 Hz sine at half of full scale."""
    count = int(rate * duration_ms / 1000)
    return struct.pack(f"<{count}h", *(int(16384 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(count)))


def make_session(
    llms: Sequence[Any],
    voices: Sequence[Any],
    *,
    character: Character | None = None,
    agent: AgentConfig | None = None,
    streaming: Streaming | None = None,
    mind: type[EchoAgent] = EchoAgent,
) -> Session:
    """A session around scripted providers, in the same fallback chains as a server's. ``streaming`` wins over ``agent``."""
    character = character or Character(name="Test", opening_line="[joy] Hello, you!")
    agent = agent or AgentConfig()
    streaming = streaming or resolved(agent, None, None)
    voice = FallbackTTS(voices)
    return Session(
        "test",
        agent=mind(agent, FallbackLLM(llms), character),
        voice=voice,
        character=character,
        playback=Playback(voice.sample_rate),
        settings=TurnSettings(thresholds={"first_audio": 500, "streaming": 300, "audio_pipeline": 250}),
        streaming=lambda: streaming,
    )
