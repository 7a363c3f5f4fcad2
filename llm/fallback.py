"""Several language models as one: when one fails before it has said anything, the next one answers.

Once something of the reply was said, a failure is the reader's: the spoken part stays, and nothing is said twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from ..core.breaker import BreakerState
from ..core.chain import PROBE_S, Attempt, Chain
from ..core.deadline import within
from ..core.errors import ProviderError
from ..core.types import LLMDelta, Message, ProviderFailure, TextDelta
from .base import LLM

KIND = "llm"


class FallbackLLM:
    """A chain of models, first choice first, which is itself a model."""

    name = "fallback_llm"

    def __init__(self, providers: Sequence[LLM]) -> None:
        self._chain = Chain(KIND, providers)
        self.deadlines = self._chain.deadlines

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
        """The reply of the first model that gives one; a ProviderFailure for each that failed before.

        An answer without text is an answer. Raises ProviderError when a model fails after it gave text that is not just
        space, AllProvidersFailed when none was left. Each model is held to its own deadlines.
        """
        failure: ProviderError | None = None
        for attempt in self._chain.attempts():
            with attempt:
                if failure is not None:
                    yield ProviderFailure(failure, attempt.name)
                said = False
                try:
                    async with aclosing(_read(attempt, messages)) as deltas:
                        async for delta in deltas:
                            said = said or (isinstance(delta, TextDelta) and delta.text.strip() != "")
                            yield delta
                except ProviderError as error:
                    attempt.failed(error)
                    if said:
                        raise
                    failure = error
                else:
                    attempt.succeeded()
                    return
        if failure is not None:
            yield ProviderFailure(failure, None)
        raise self._chain.exhausted()

    def states(self, now: float) -> list[tuple[str, BreakerState, ProviderError | None]]:
        """Name, breaker and last error of each model; ``now`` in ms of the loop's clock."""
        return self._chain.states(now)

    async def open(self) -> None:
        """Open every model; one that cannot open is left out for a while. Raises AllProvidersFailed when none opens."""
        await self._chain.open()

    async def probe(self) -> str:
        """Probe every model; the answer of the first one that answers. Raises AllProvidersFailed."""
        return await self._chain.probe()

    async def probe_all(
        self, limit_s: float = PROBE_S, *, failing_only: bool = False
    ) -> list[tuple[str, str | ProviderError]]:
        """Probe the models one after another, ``limit_s`` each, or those that failed last."""
        return await self._chain.probe_all(limit_s, failing_only=failing_only)

    async def aclose(self) -> None:
        await self._chain.aclose()


async def _read(attempt: Attempt[LLM], messages: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
    model = await attempt.ready()
    async with aclosing(within(model.stream(messages), model.deadlines, kind=KIND, provider=model.name)) as deltas:
        async for delta in deltas:
            yield delta
