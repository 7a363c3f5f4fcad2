"""Several servers of one model as one: each request goes to the one that has the least to do.

A server takes as many requests at a time as its ``max_concurrent`` says. When all are taken, a request waits for the first
that comes free, in the order of arrival.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence

from ..core.breaker import BreakerState
from ..core.chain import Chain
from ..core.clock import loop_ms
from ..core.errors import CapacityError
from ..core.link import Attempt, Link
from ..core.provider import Deadlines
from .base import LLM
from .fallback import FallbackLLM
from .race import KIND


class BalancedLLM(FallbackLLM):
    """The replicas of the model ``model``. A request goes to the next one when one fails before it has said anything."""

    name = "balanced_llm"

    def __init__(self, model: str, replicas: Sequence[LLM | Link[LLM]]) -> None:
        super().__init__(replicas)
        self.model = model
        self._chain: Chain[LLM] = BalancedChain(KIND, self._chain.links)
        self._patience_s = max(link.provider.deadlines.first_s for link in self._chain.links)
        self.deadlines = Deadlines(self.deadlines.first_s + self._patience_s, self.deadlines.next_s)
        self._waiting: deque[asyncio.Event] = deque()
        for link in self._chain.links:
            link.freed.append(self._wake)

    async def _next(self, attempts: Iterator[Attempt[LLM]]) -> Attempt[LLM] | None:
        """The replica that is asked next, waited for while all are taken. Raises CapacityError after the time that a first
        token may take."""
        assert isinstance(attempts, _Replicas)
        if self._waiting:
            return await self._waited(attempts)
        attempt = next(attempts, None)
        return attempt if attempt or not attempts.busy else await self._waited(attempts)

    async def _waited(self, turns: _Replicas) -> Attempt[LLM] | None:
        limit_s = self._patience_s
        mine = asyncio.Event()
        self._waiting.append(mine)
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    if self._waiting[0] is mine and ((attempt := next(turns, None)) or not turns.busy):
                        return attempt
                    await mine.wait()
                    mine.clear()
        except TimeoutError:
            message = f"all servers of the model {self.model!r} are busy; none was free within {limit_s:g} s"
            raise CapacityError(message, retry_after_s=limit_s) from None
        finally:
            self._waiting.remove(mine)
            self._wake()

    def _wake(self) -> None:
        """Something was freed, or whoever waited longest is gone: the next one looks."""
        if self._waiting:
            self._waiting[0].set()


class BalancedChain(Chain[LLM]):
    """A chain whose order is made for each request."""

    def attempts(self, only: LLM | None = None) -> Iterator[Attempt[LLM]]:
        """Whoever is well and has the fewest running requests, in the order of the settings where these are as many; each is
        asked once. Models that only stand in for others come after them, and one that is left alone for its failures comes
        last of all. An end is not final: :attr:`_Replicas.busy` tells whether somebody who is taken may come free."""
        return _Replicas(self, only)

    def attempt_at(self, link: Link[LLM], *, last: bool) -> Attempt[LLM] | None:
        return self._attempt(link, last=last)


class _Replicas(Iterator[Attempt[LLM]]):
    """Whom one request may ask."""

    def __init__(self, chain: BalancedChain, only: LLM | None) -> None:
        self._chain = chain
        self._left = [link for link in chain.links if only is None or link.provider is only]

    @property
    def busy(self) -> bool:
        """Whether one that was not asked yet, and would be, has no place free."""
        return any(_is_taken(link) and _is_well(link) for link in self._left)

    def __next__(self) -> Attempt[LLM]:
        for link in sorted(self._left, key=_load):
            if _is_taken(link) or (_stands_in(link) and self.busy):
                continue
            # A last resort, as in every chain: trying one that keeps failing is better than silence.
            if attempt := self._chain.attempt_at(link, last=len(self._left) == 1):
                self._left.remove(link)
                return attempt
            if len(self._left) > 1 and not self.busy:
                self._left.remove(link)
        raise StopIteration


def _load(link: Link[LLM]) -> tuple[bool, bool, int]:
    return not _is_well(link), _stands_in(link), link.running


def _is_well(link: Link[LLM]) -> bool:
    return link.breaker.state(loop_ms()) is BreakerState.CLOSED


def _is_taken(link: Link[LLM]) -> bool:
    limit = getattr(getattr(link.provider, "config", None), "max_concurrent", None)
    return limit is not None and link.running >= limit


def _stands_in(link: Link[LLM]) -> bool:
    return getattr(link.provider, "stands_in", False)
