"""A chain that is itself a provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from .breaker import BreakerState
from .chain import PROBE_S, Chain
from .errors import ProviderError
from .link import Answered, Link, P


class Fallback(Generic[P]):
    """What a chain that is itself a provider has, whatever its kind."""

    def __init__(self, kind: str, providers: Sequence[P | Link[P]], *, await_probes: bool = True) -> None:
        self._chain = Chain(kind, providers, await_probes=await_probes)
        self.deadlines = self._chain.deadlines

    @property
    def providers(self) -> tuple[P, ...]:
        """First choice first."""
        return tuple(link.provider for link in self._chain.links)

    @property
    def in_use(self) -> P | None:
        """The provider that is likely to serve the next request; None when none can."""
        return self._chain.in_use.provider if self._chain.in_use else None

    @property
    def upcoming(self) -> P | None:
        """The provider that is asked first by the next request; None when none is well enough to count on."""
        return self._chain.upcoming.provider if self._chain.upcoming else None

    def prepare(self) -> None:
        """Whoever is asked first by the next request gets ready for it, if it can."""
        self._chain.prepare()

    def states(self, now: float) -> list[tuple[str, BreakerState, ProviderError | None]]:
        """Name, breaker and last error of each provider; ``now`` in ms of the loop's clock."""
        return self._chain.states(now)

    async def open(self) -> None:
        """Open every provider; one that cannot is left out for a while. Raises AllProvidersFailed when none opens."""
        await self._chain.open()

    async def probe(self) -> str:
        """Probe every provider; the answer of the first one that answers. Raises AllProvidersFailed."""
        return await self._chain.probe()

    async def probe_all(
        self, limit_s: float = PROBE_S, *, failing_only: bool = False
    ) -> list[tuple[str, str | ProviderError]]:
        """:meth:`Chain.probe_all`."""
        return await self._chain.probe_all(limit_s, failing_only=failing_only)

    async def answered(self, within_ms: float, limit_s: float) -> Answered:
        """:meth:`Chain.answered`."""
        return await self._chain.answered(within_ms, limit_s)

    @property
    def open_times(self) -> dict[str, float]:
        """How long each provider took to open last, in s, by name."""
        return {link.name: link.open_s for link in self._chain.links if link.open_s is not None}

    async def aclose(self) -> None:
        await self._chain.aclose()
