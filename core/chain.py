"""A chain of providers of one kind, first choice first: who may be tried, in which order, and what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, Generic

from .breaker import BreakerState
from .clock import loop_ms
from .errors import AllProvidersFailed, Category, ProviderError
from .link import Answered, Attempt, Link, P
from .provider import Deadlines

log = logging.getLogger(__name__)

OPEN_S = 30.0
"""How long a provider may take to open at the start."""
PROBE_S = 10.0


class Chain(Generic[P]):
    """Providers with their breakers. ``kind`` names them in errors, for example ``tts``. A link of another chain brings its
    breaker along: what one chain learns of it, the other one knows.

    With ``await_probes`` False a provider is not asked while it is being probed, if another one can serve: a request does not
    wait for a connection of which nobody knows whether it will come. For providers that stand in for each other well.
    """

    def __init__(self, kind: str, providers: Sequence[P | Link[P]], *, await_probes: bool = True) -> None:
        if not providers:
            raise ValueError("a chain needs at least one provider")
        self.kind = kind
        self._await_probes = await_probes
        parts: Sequence[Any] = providers
        self.links: list[Link[P]] = [part if isinstance(part, Link) else Link(kind, part) for part in parts]

    @property
    def deadlines(self) -> Deadlines:
        """For whoever reads the chain as one provider: longer than any provider may take, to open again and to answer, so that
        the next one is tried before the reader gives the chain up."""
        first_s = max(link.provider.deadlines.first_s for link in self.links)
        next_s = max(link.provider.deadlines.next_s for link in self.links)
        return Deadlines(2 * first_s + 1, max(2 * first_s, next_s) + 1)

    @property
    def upcoming(self) -> Link[P] | None:
        """Who is asked first by the next request; None when nobody is well enough to count on."""
        closed = (link for link in self.links if link.breaker.state(loop_ms()) is BreakerState.CLOSED)
        return next((link for link in closed if not (link.probing and self._another_serves(link))), None)

    @property
    def in_use(self) -> Link[P] | None:
        """Who is likely to serve the next request: the first that is well, else the first that is asked at all."""
        well = (link for link in self.links if link.breaker.state(loop_ms()) is BreakerState.CLOSED and not link.error)
        return next(well, self.upcoming)

    def prepare(self) -> None:
        """Whoever is asked first by the next request gets ready for it, if it can."""
        link = self.upcoming
        if link is not None:
            link.prepare()

    def attempts(self, only: P | None = None) -> Iterator[Attempt[P]]:
        """Who may be asked, in order, each decided when it is asked for; ``only`` this one, where somebody insists on it.

        A provider whose breaker does not allow a request is passed over; one that is being probed comes last, where its probe
        is not to be awaited. The last one is asked all the same, unless only a change of the configuration can mend it: when
        everything before it failed, trying is better than silence.
        """
        passed_over: list[Link[P]] = []
        for link in [link for link in self.links if only is None or link.provider is only]:
            if only is None and link.probing and self._another_serves(link):
                passed_over.append(link)
            elif attempt := self._attempt(link, last=link is self.links[-1]):
                yield attempt
        for link in passed_over:
            if attempt := self._attempt(link, last=link is self.links[-1]):
                yield attempt

    def _attempt(self, link: Link[P], *, last: bool) -> Attempt[P] | None:
        state = link.breaker.state(loop_ms())
        if link.breaker.allow(loop_ms()):
            return Attempt(link, trial=state is BreakerState.HALF_OPEN)
        if last and (link.error is None or link.error.retryable):
            return Attempt(link, trial=False)
        return None

    def _another_serves(self, link: Link[P]) -> bool:
        if self._await_probes:
            return False
        others = (other for other in self.links if other is not link and not other.probing)
        return any(other.breaker.state(loop_ms()) is BreakerState.CLOSED for other in others)

    def exhausted(self, refusals: Sequence[ProviderError] = (), *, only: P | None = None) -> AllProvidersFailed:
        """What to raise when all attempts failed: the last error of each provider, or of ``only`` this one, then what was wrong
        with the request."""
        asked = [link for link in self.links if only is None or link.provider is only]
        return AllProvidersFailed(self.kind, [*(link.error for link in asked if link.error is not None), *refusals])

    def states(self, now: float) -> list[tuple[str, BreakerState, ProviderError | None]]:
        """Name, breaker and last error of each provider; ``now`` in ms of the loop's clock."""
        return [(link.name, link.breaker.state(now), link.error) for link in self.links]

    async def open(self) -> None:
        """Open all at a time. One that cannot is left alone for a while, and opened when it is tried again.

        Raises AllProvidersFailed when none could be opened.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._open(link)) for link in self.links]
        if not any(task.result() for task in tasks):
            raise self.exhausted()

    async def probe_all(
        self, limit_s: float = PROBE_S, *, failing_only: bool = False
    ) -> list[tuple[str, str | ProviderError]]:
        """Probe the providers one after another, each for ``limit_s`` at most: name, and the probe's answer or its error.

        One that answers may be asked again at once; one that does not is left alone, as after many failures. With
        ``failing_only`` those that served last are not troubled.
        """
        results: list[tuple[str, str | ProviderError]] = []
        for link in self.links:
            if failing_only and link.error is None:
                continue
            try:
                answer = await self._probe(link, limit_s)
            except ProviderError as error:
                link.probe_failed(error)
                results.append((link.name, error))
            else:
                link.succeeded()
                results.append((link.name, answer))
        return results

    async def answered(self, within_ms: float, limit_s: float) -> Answered:
        """The first provider that is well and answered within this time; where there is none, they are probed in order until
        one answers, each for ``limit_s`` at most. One that takes longer may be loading its model, and is not left alone for it.

        Raises AllProvidersFailed.
        """
        for link in self.links:
            if link.answered_at is not None and loop_ms() - link.answered_at <= within_ms and link.error is None:
                return Answered(link.name, link.answered_at)
        failures: list[ProviderError] = []
        for link in self.links:
            if link.probing or link.breaker.state(loop_ms()) is BreakerState.OPEN:
                failures += [link.error] if link.error else []
                continue
            try:
                await self._probe(link, limit_s)
            except ProviderError as error:
                failures.append(error)
                if error.category is not Category.TIMEOUT:
                    link.probe_failed(error)
            else:
                return Answered(link.name, link.succeeded())
        raise AllProvidersFailed(self.kind, failures)

    async def probe(self) -> str:
        """The answer of the first provider that answers. Raises AllProvidersFailed."""
        for name, answer in await self.probe_all():
            if isinstance(answer, str):
                return f"{name}: {answer}"
        raise self.exhausted()

    async def aclose(self) -> None:
        """Close every provider, whatever closing another one raises."""
        async with AsyncExitStack() as stack:
            for link in self.links:
                stack.push_async_callback(link.aclose)

    async def _open(self, link: Link[P]) -> bool:
        try:
            await link.open(OPEN_S)
        except ProviderError as error:
            link.error = error
            link.breaker.trip(error, loop_ms())
            return False
        return True

    async def _probe(self, link: Link[P], limit_s: float) -> str:
        link.probing = True
        try:
            await link.open(limit_s)
            async with asyncio.timeout(limit_s):
                return await link.provider.probe()
        except TimeoutError:
            message = f"did not answer the probe within {limit_s:g} s"
            raise ProviderError(self.kind, link.name, Category.TIMEOUT, message) from None
        except ProviderError:
            raise
        except Exception as error:
            # A provider's bug is its own failure, not the server's: probes run while others speak.
            log.exception("the probe of %s broke", link.name)
            message = "its probe broke; the log has the details"
            raise ProviderError(self.kind, link.name, Category.CRASHED, message) from error
        finally:
            link.probing = False
