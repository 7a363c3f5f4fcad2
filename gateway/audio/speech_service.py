"""Texts of the API's callers, spoken by the voices of conf.yaml."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from ...core.types import Audio
from ...orchestrator.aloud import aloud, requests_for
from ...orchestrator.settings import Component
from ...orchestrator.streaming import Streaming, resolved
from ...tts import TTS
from ..access.caller import Caller
from ..api.problem import Problem
from ..doors import Doors
from ..figures.observing import API
from .tempo import Tempo

DEFAULT_VOICE = "default"
OPENAI_VOICES = frozenset(
    "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split()
)  # what its clients send where nobody chose
"""Names that mean the default voice."""
CHARGE_S = 1.0
"""So much sound is given out between two looks at the caller's limit."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """``only``: this one and no other; None: the chain's first that can speak."""

    only: TTS | None
    streaming: Streaming


class SpeechService:
    """What speaks for the HTTP and gRPC APIs. One per server, or as many as you like: it holds nothing."""

    def __init__(self, doors: Doors) -> None:
        self._doors, self._engine = doors, doors.engine

    async def speak(
        self, text: str, caller: Caller, *, voice: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Audio, None]:
        """The text as sound at ``engine.voice.sample_rate``, as it is made; closing it tells the voice to stop.

        ``voice``: one of :meth:`voices`, of OpenAI's or ``default``; ``speed`` from 0.25 to 4. Raises Problem and CapacityError
        before anything is asked of a voice, Problem also when the caller's limit is reached on the way; ProviderError or
        AllProvidersFailed in place of what cannot be said.
        """
        chosen = self._chosen(voice)
        character, pauses = self._engine.settings.character, self._engine.settings.playback.pauses
        async with self._doors.turn(caller, characters=len(text)):
            requests = await asyncio.to_thread(requests_for, text, character, chosen.streaming, pauses)
            prefetch = self._engine.settings.playback.prefetch if chosen.streaming.parallel else 0
            sound = aloud(partial(self._engine.voice.synthesize, only=chosen.only), requests, prefetch)
            if speed != 1.0:
                sound = _faster(sound, speed, self._engine.voice.sample_rate)
            async with aclosing(self._charged(sound, caller)) as charged:
                begun = False
                async for audio in charged:
                    begun = True
                    yield audio
            if not begun:
                raise Problem(422, "there is nothing in it that can be spoken", "nothing_to_say", "input")

    @property
    def voices(self) -> tuple[str, ...]:
        """What may be asked for: the providers of ``tts`` in conf.yaml, and the voices that they are set to."""
        names = [name for component in self._engine.settings.tts for name in _names(component)]
        return tuple(dict.fromkeys(names))

    def _chosen(self, name: str | None) -> _Voice:
        """Raises Problem for a voice that there is not."""
        settings = self._engine.settings
        if name is not None and name != DEFAULT_VOICE:
            for component, provider in zip(settings.tts, self._engine.voice.chain.providers, strict=True):
                if name in _names(component):
                    return _Voice(provider, resolved(settings.agent.config, None, component.config))
            if name not in OPENAI_VOICES:
                known = ", ".join((DEFAULT_VOICE, *self.voices))
                message = f"there is no voice {name[:60]!r} here; take one of {known}, or a name of OpenAI's"
                raise Problem(422, message, "unknown_voice", "voice")
        return _Voice(None, self._engine.streaming())

    async def _charged(self, sound: AsyncGenerator[Audio, None], caller: Caller) -> AsyncGenerator[Audio, None]:
        """The sound, put down to the caller's day before it is given out. Raises Problem."""
        owed_s, begun = 0.0, False
        async with aclosing(sound) as pieces:
            async for audio in pieces:
                owed_s += audio.duration_ms / 1000
                if not begun or owed_s >= CHARGE_S:
                    await self._count(caller, owed_s)
                    owed_s, begun = 0.0, True
                yield audio
        await self._count(caller, owed_s)

    async def _count(self, caller: Caller, seconds: float) -> None:
        self._doors.figures.audio(API, "out", seconds)
        await self._doors.meter.charge(caller, audio_s=seconds)


def _names(component: Component) -> tuple[str, ...]:
    """What a voice goes by."""
    configured = getattr(component.config, "voice", None)
    return (component.name, configured) if isinstance(configured, str) and configured else (component.name,)


async def _faster(sound: AsyncGenerator[Audio, None], speed: float, sample_rate: int) -> AsyncGenerator[Audio, None]:
    async with aclosing(sound) as pieces:
        tempo = await asyncio.to_thread(Tempo, speed, sample_rate)
        async for audio in pieces:
            if (ready := await asyncio.to_thread(tempo.feed, audio)).pcm:
                yield ready
    if (rest := await asyncio.to_thread(tempo.flush)).pcm:
        yield rest
