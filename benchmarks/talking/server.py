"""The real server in this process, with a scripted model, a scripted voice and a given recogniser. Times are ms."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from hayakuchi.agents.basic_memory import BasicMemoryAgent
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.cli.run import address, bind
from hayakuchi.core.character import Character
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, Generation, LLMDelta, Message, SpeechRequest, TextDelta
from hayakuchi.gateway import server as gateway
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import GatewaySettings
from hayakuchi.orchestrator.settings import (
    AvatarSettings,
    Component,
    LatencySettings,
    PlaybackSettings,
    ServerSettings,
    Settings,
)
from hayakuchi.tts.cache_settings import CacheSettings

STORY = "Once upon a time a fox lived in a wood, and it knew every path there was. One morning it found a door."


class Scripted:
    name: Any = "scripted"
    deadlines = Deadlines(20.0, 20.0)

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "scripted"

    async def aclose(self) -> None: ...


class Model(Scripted):
    """Says ``reply(what was said last)``, in words."""

    def __init__(self, reply: Callable[[str], str], *, first_ms: float = 20, token_ms: float = 5) -> None:
        self._reply, self._first_s, self._token_s = reply, first_ms / 1000, token_ms / 1000

    async def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]:
        await asyncio.sleep(self._first_s)
        for word in self._reply(messages[-1].content).split(" "):
            yield TextDelta(word + " ")
            await asyncio.sleep(self._token_s)


class Voice(Scripted):
    """55 ms of noise for each character, which no other text has: what is left out or doubled is found."""

    sample_rate = 24_000

    def __init__(self, *, first_ms: float = 20, rtf: float = 0.02) -> None:
        self._first_s, self._rtf = first_ms / 1000, rtf

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        chance = np.random.default_rng(zlib.crc32(request.text.encode()))
        await asyncio.sleep(self._first_s)
        for _ in range(max(len(request.text) * 55 // 100, 1)):
            noise = chance.integers(-3000, 3000, self.sample_rate // 10, np.int16)
            yield Audio(noise.astype("<i2").tobytes(), self.sample_rate)
            await asyncio.sleep(0.1 * self._rtf)


def settings_for(llm: Any, tts: Any, asr: Any, ears: EarsSettings) -> Settings:
    def component(provider: Any) -> tuple[Component]:
        def made(config: None) -> Any:
            return provider

        stands_for_a_class: Any = made
        return (Component("scripted", None, stands_for_a_class),)

    return Settings(
        character=Character(name="Kiyo"),
        character_file=None,
        server=ServerSettings(),
        agent=Component("basic_memory_agent", BasicMemoryAgent.Config(), BasicMemoryAgent),
        llm=component(llm),
        tts=component(tts),
        asr=component(asr),
        avatar=AvatarSettings(),
        latency=LatencySettings(),
        gateway=GatewaySettings(max_sessions=10_000),
        playback=PlaybackSettings(),
        files=(),
        cache=CacheSettings(enabled=False),
        ears=ears,
    )


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[str, Engine]]:
    """The server on a free port, its ears loaded: its URL and its engine."""
    listener = bind("127.0.0.1", 0)
    engine = Engine(settings)
    ready = asyncio.Event()
    server = gateway.make_server(engine, ready.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(gateway.run(engine, server, listener))
        async with asyncio.timeout(30):
            await ready.wait()
            await engine.hearing.ready()
            await engine.hearing.detectors.activity()
        try:
            yield address(listener), engine
        finally:
            server.should_exit = True
            await running
