"""Models and voices that characters have to themselves: opened when first asked for, closed when nobody uses them any longer.

Equal settings are one chain, whoever has them. One that does not open within its time is not waited for again for a while: the
chain on stage stands in for it, and ``problems`` says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic

from ..core.chain import PROBE_S
from ..core.clock import loop_ms
from ..llm.fallback import FallbackLLM
from ..tts.cache_settings import CacheSettings
from ..tts.fallback import FallbackTTS
from ..tts.phrase_cache import CachedTTS
from .own_chain import C, Loan, OwnChain, Parts

UNUSED_MS = 600_000.0
"""A chain that nobody has used for so long is closed."""
SPARE = 32
"""Models, and voices, that nobody uses and that are kept open for who may come back, at most."""


class _Shelf(Generic[C]):
    """The chains of one kind, those asked for last at the end."""

    def __init__(self, kind: str, make: Callable[[list[Any]], C]) -> None:
        self._kind, self._make = kind, make
        self.known: list[OwnChain[C]] = []
        self._leaving: list[OwnChain[C]] = []

    async def lend(self, parts: Parts, of: str) -> Loan[C]:
        own = next((own for own in self.known if own.parts == parts), None)
        if own is not None:
            self.known.remove(own)
        else:
            own = OwnChain(self._kind, parts, self._make, of)
        self.known.append(own)
        loan = own.lent()
        await self.sweep()
        return await own.ready(loan)

    async def sweep(self) -> None:
        """Close and forget what was not used for long, and of the rest what is too much. Takes ``CLOSE_S`` at most."""
        now = loop_ms()
        unused = [(own, since) for own in self.known if (since := own.unused_ms(now)) is not None]
        surplus = len(unused) - SPARE
        self._leaving += [own for index, (own, ms) in enumerate(unused) if ms >= UNUSED_MS or index < surplus]
        self.known = [own for own in self.known if own not in self._leaving]
        await self._let_go()

    async def aclose(self) -> None:
        self._leaving, self.known = [*self._leaving, *self.known], []
        await self._let_go()

    async def _let_go(self) -> None:
        """Those that a caller who was cancelled did not get to are closed by the next one."""
        leaving = tuple(self._leaving)
        async with asyncio.TaskGroup() as group:
            for own in leaving:
                group.create_task(own.aclose(), name="close a chain that nobody uses")
        self._leaving = [own for own in self._leaving if own not in leaving]


class OwnChains:
    """No method raises; one that asks for a chain waits for ``CLOSE_S`` and :data:`OPEN_S` at most."""

    def __init__(self, sample_rate: int, cache: CacheSettings) -> None:
        """Own voices have the rate of the one on stage: what plays a session goes on when the character changes."""
        self._models = _Shelf[FallbackLLM]("llm", FallbackLLM)
        self._voices = _Shelf[CachedTTS]("tts", lambda made: CachedTTS(FallbackTTS(made, sample_rate), cache))

    async def model(self, parts: Parts, of: str) -> Loan[FallbackLLM]:
        """``of``: the character that asks."""
        return await self._models.lend(parts, of)

    async def voice(self, parts: Parts, of: str) -> Loan[CachedTTS]:
        """``of``: the character that asks."""
        return await self._voices.lend(parts, of)

    @property
    def chains(self) -> Sequence[FallbackLLM | CachedTTS]:
        return [own.chain for own in (*self._models.known, *self._voices.known) if own.chain is not None]

    @property
    def problems(self) -> list[str]:
        """What is wrong at the moment, by character."""
        return [line for own in (*self._models.known, *self._voices.known) for line in own.problems]

    async def probe_all(self, model_s: float, *, failing_only: bool = False) -> None:
        """Close what nobody uses any longer, and ask the others whether they answer; ``model_s``: how long a model may take."""
        await self._models.sweep()
        await self._voices.sweep()
        async with asyncio.TaskGroup() as group:
            for own in self._models.known:
                group.create_task(own.probe_all(model_s, failing_only=failing_only), name="probe models of others")
            for own in self._voices.known:
                group.create_task(own.probe_all(PROBE_S, failing_only=failing_only), name="probe voices of others")

    async def aclose(self) -> None:
        """Close all, whatever closing another one raises; idempotent."""
        await self._models.aclose()
        await self._voices.aclose()
