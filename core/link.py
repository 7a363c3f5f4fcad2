"""A provider in its chain: opened when it is needed, with its breaker and its last error."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from .breaker import Breaker
from .clock import loop_ms
from .errors import Category, ProviderError
from .provider import Provider

P = TypeVar("P", bound=Provider)


class Link(Generic[P]):
    """A provider in its chain."""

    def __init__(self, kind: str, provider: P) -> None:
        self.kind, self.provider = kind, provider
        self.breaker = Breaker()
        self.error: ProviderError | None = None
        """The last failure, unless it has served since."""
        self.probing = False
        """Whether it is being asked if it would serve."""
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
