"""Models and voices that a character has to itself: opened when it is first asked for, closed with the engine.

Equal settings are one chain, whoever has them. One that does not open within its time is not waited for again for a while: the
chain on stage stands in for it, and ``problems`` says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Generic, TypeVar

from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed
from ..llm.fallback import FallbackLLM
from ..tts.cache_settings import CacheSettings
from ..tts.fallback import FallbackTTS
from ..tts.phrase_cache import CachedTTS
from .settings import Component

OPEN_S = 10.0
"""How long somebody who asks for a character waits for its voice."""
RETRY_MS = 30_000.0

C = TypeVar("C", FallbackLLM, CachedTTS)
Parts = tuple[Component, ...]

log = logging.getLogger(__name__)


class _Own(Generic[C]):
    """A chain, and whether it can be used."""

    def __init__(self, parts: Parts, chain: C, of: str) -> None:
        self.parts, self.chain = parts, chain
        self.problem: str | None = None
        self._of = of
        self._opened = False
        self._again_at = 0.0
        self._lock = asyncio.Lock()

    async def ready(self) -> bool:
        """Open it unless it is, or was tried a moment ago; whether it is open."""
        async with self._lock:
            if not self._opened and loop_ms() >= self._again_at:
                await self._open()
            return self._opened

    async def _open(self) -> None:
        why = f"nobody of it was ready within {OPEN_S:g} s"
        try:
            async with asyncio.timeout(OPEN_S):
                await self.chain.open()
            self._opened = True
        except AllProvidersFailed as error:
            why = str(error)
        except TimeoutError:
            self._opened = bool(_fallback(self.chain).open_times)  # the others are opened when they are asked
        if self._opened:
            self.problem = None
            self.chain.prepare()
            return
        self._again_at = loop_ms() + RETRY_MS
        names = ", ".join(part.name for part in self.parts)
        self.problem = f"{self._of} goes on with the one on stage, because its own ({names}) does not open: {why}"
        log.warning("%s", self.problem)


class OwnChains:
    """``ready`` methods never raise; they wait for :data:`OPEN_S` at most."""

    def __init__(self, sample_rate: int, cache: CacheSettings) -> None:
        self._rate, self._cache = sample_rate, cache
        """Own voices have the rate of the one on stage: what plays a session goes on when the character changes."""
        self._models: list[_Own[FallbackLLM]] = []
        self._voices: list[_Own[CachedTTS]] = []

    async def model(self, parts: Parts, of: str) -> FallbackLLM | None:
        """None: it does not open. ``of``: the character that asks."""
        own = _found(self._models, parts, of, FallbackLLM)
        return own.chain if await own.ready() else None

    async def voice(self, parts: Parts, of: str) -> CachedTTS | None:
        """None: it does not open. ``of``: the character that asks."""
        own = _found(self._voices, parts, of, lambda made: CachedTTS(FallbackTTS(made, self._rate), self._cache))
        return own.chain if await own.ready() else None

    @property
    def chains(self) -> Sequence[FallbackLLM | CachedTTS]:
        return [own.chain for own in (*self._models, *self._voices)]

    @property
    def problems(self) -> list[str]:
        """Who does without an own model or voice at the moment, and why."""
        return [own.problem for own in (*self._models, *self._voices) if own.problem]

    async def aclose(self) -> None:
        """Close all, whatever closing another one raises; idempotent."""
        async with AsyncExitStack() as stack:
            for chain in self.chains:
                stack.push_async_callback(chain.aclose)


def _found(known: list[_Own[C]], parts: Parts, of: str, make: Callable[[list[Any]], C]) -> _Own[C]:
    for own in known:
        if own.parts == parts:
            return own
    known.append(_Own(parts, make([part.create() for part in parts]), of))
    return known[-1]


def _fallback(chain: FallbackLLM | CachedTTS) -> FallbackLLM | FallbackTTS:
    return chain.chain if isinstance(chain, CachedTTS) else chain
