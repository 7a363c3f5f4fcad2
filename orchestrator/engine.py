"""Everything that sessions share: the mind and the voice, made from the settings, opened once and closed once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from ..core.clock import loop_ms
from ..llm.fallback import FallbackLLM
from ..tts.fallback import FallbackTTS
from .playback import Playback
from .session import Session
from .settings import Settings
from .turn import TurnSettings

PROBE_EVERY_S = 30.0


class Engine:
    """``async with Engine(settings) as engine`` opens the providers; AllProvidersFailed when no model or no voice opens."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.llm = FallbackLLM([component.create() for component in settings.llm])
        self.voice = FallbackTTS([component.create() for component in settings.tts])
        self.agent = settings.agent.provider(settings.agent.config, self.llm, settings.character)
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Engine:
        async with AsyncExitStack() as exits:
            for chain in (self.llm, self.voice):
                exits.push_async_callback(chain.aclose)
                await chain.open()
            self._exits = exits.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exits.aclose()

    async def warm_up(self) -> None:
        """Ask every provider whether it answers, so that the first turn need not find out."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.llm.probe_all(), name="probe models")
            group.create_task(self.voice.probe_all(), name="probe voices")

    async def keep_warm(self) -> None:
        """Probe at once, and again from time to time, so that a model server that was started later is found. Never ends."""
        while True:
            await self.warm_up()
            await asyncio.sleep(PROBE_EVERY_S)

    def new_session(self, name: str) -> Session:
        settings = self.settings
        return Session(
            name,
            agent=self.agent,
            voice=self.voice,
            character=settings.character,
            playback=Playback(self.voice.sample_rate, settings.playback.max_ahead_ms),
            settings=TurnSettings(
                prefetch=settings.playback.prefetch,
                text_buffer=self.agent.config.stream_buffer_size,
                thresholds=settings.latency.thresholds,
            ),
        )

    @property
    def problems(self) -> list[str]:
        """What is wrong with providers at the moment, a line each."""
        now = loop_ms()
        return [
            str(error) for chain in (self.llm, self.voice) for _, _, error in chain.states(now) if error is not None
        ]
