"""A provider in its chain, and one request to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from .breaker import Breaker
from .clock import loop_ms
from .errors import Category, ProviderError
from .estimate import Estimate
from .provider import Preparable, Provider

P = TypeVar("P", bound=Provider)

FIRST_ITEM_MS = 100.0
"""What a provider is taken to need for its first item until it was measured."""


def _nothing() -> None: ...


class Link(Generic[P]):
    """A provider in its chain."""

    def __init__(self, kind: str, provider: P) -> None:
        self.kind, self.provider = kind, provider
        self.breaker = Breaker()
        self.error: ProviderError | None = None
        """The last failure, unless it has served since."""
        self.prepare = provider.prepare if isinstance(provider, Preparable) else _nothing
        """Get ready for a request that is about to come."""
        self.first_item = Estimate(FIRST_ITEM_MS)
        """From a request to its first item, in ms."""
        self.probing = False
        """Whether it is being asked if it would serve."""
        self.running = 0
        """Requests that are being answered, as far as they were begun as such (:meth:`Attempt.begin`)."""
        self.freed: list[Callable[[], None]] = []
        """Called whenever one of them is over."""
        self._opened = False
        self._opening = asyncio.Lock()

    @property
    def name(self) -> str:
        return self.provider.name

    async def open(self, limit_s: float) -> None:
        """Open the provider unless it is. Raises ProviderError; TIMEOUT after ``limit_s``."""
        try:
            async with asyncio.timeout(limit_s), self._opening:
                if not self._opened:
                    await self.provider.open()
                    self._opened = True
        except TimeoutError:
            message = f"was not ready within {limit_s:g} s"
            raise ProviderError(self.kind, self.name, Category.TIMEOUT, message) from None

    async def aclose(self) -> None:
        self._opened = False
        await self.provider.aclose()

    def succeeded(self) -> None:
        self.breaker.succeeded()
        self.error = None

    def failed(self, error: ProviderError) -> None:
        self.breaker.failed(error, loop_ms())
        self.error = error

    def probe_failed(self, error: ProviderError) -> None:
        self.breaker.leave_alone(loop_ms())
        self.error = error


class Attempt(Generic[P]):
    """One request to one provider of the chain, as a context: leaving it with nothing told means it was abandoned."""

    def __init__(self, link: Link[P], *, trial: bool) -> None:
        self._link = link
        self._trial = trial
        """Whether it is the one request that a half-open breaker allowed."""
        self._told = False
        self._begun = False

    @property
    def provider(self) -> P:
        return self._link.provider

    @property
    def name(self) -> str:
        return self._link.name

    async def ready(self) -> P:
        """The provider, opened: one that could not open at the start gets another chance. Raises ProviderError."""
        await self._link.open(self.provider.deadlines.first_s)
        return self.provider

    def begin(self) -> None:
        """Count it among the provider's running requests, until its end is told or it is left."""
        if not self._begun:
            self._begun = True
            self._link.running += 1

    def came_first(self, after_ms: float) -> None:
        """The first item came so long after the request."""
        self._link.first_item.add(after_ms)

    def succeeded(self) -> None:
        self._told = True
        self._link.succeeded()
        self._end()

    def failed(self, error: ProviderError) -> None:
        self._told = True
        self._link.failed(error)
        self._end()

    def refused(self) -> None:
        """The request was wrong, which says nothing about the provider."""
        self._told = True
        if self._trial:
            self._link.breaker.abandoned()
        self._end()

    def _end(self) -> None:
        if self._begun:
            self._begun = False
            self._link.running -= 1
            for freed in self._link.freed:
                freed()

    def __enter__(self) -> Attempt[P]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if self._trial and not self._told:
            self._link.breaker.abandoned()
