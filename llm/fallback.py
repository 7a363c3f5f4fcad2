"""Several language models as one: when one fails before it has said anything, the next one answers.

Once something of the reply was said, a failure is the reader's: the spoken part stays, and nothing is said twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from ..core.chain import Fallback
from ..core.deadline import within
from ..core.errors import ProviderError
from ..core.link import Attempt
from ..core.types import LLMDelta, Message, ProviderFailure, TextDelta
from .base import LLM

KIND = "llm"


class FallbackLLM(Fallback[LLM]):
    """A chain of models, first choice first, which is itself a model."""

    name = "fallback_llm"

    def __init__(self, providers: Sequence[LLM]) -> None:
        super().__init__(KIND, providers)

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


async def _read(attempt: Attempt[LLM], messages: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
    model = await attempt.ready()
    async with aclosing(within(model.stream(messages), model.deadlines, kind=KIND, provider=model.name)) as deltas:
        async for delta in deltas:
            yield delta
