"""Several language models as one: when one fails before it has said anything, the next one answers.

Once something of the reply was said, a failure is the reader's: the spoken part stays, and nothing is said twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from ..core.deadline import within
from ..core.errors import Category, ProviderError
from ..core.fallback import Fallback
from ..core.link import Attempt, Link
from ..core.types import Generation, LLMDelta, Message, ProviderFailure
from .base import LLM
from .calls import refuses_tools
from .race import KIND, Race, Runner, is_word, patience_s


class FallbackLLM(Fallback[LLM]):
    """A chain of models, first choice first, which is itself a model."""

    name = "fallback_llm"

    def __init__(self, providers: Sequence[LLM | Link[LLM]]) -> None:
        super().__init__(KIND, providers)

    @property
    def links(self) -> Sequence[Link[LLM]]:
        """The models with their breakers, for another chain that asks some of them, too."""
        return self._chain.links

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        """The reply of the first model that gives one; a ProviderFailure for each that failed before.

        An answer without text is an answer. Raises ProviderError when a model fails after it gave a tool's call, or text that
        is not just space; AllProvidersFailed when none was left. Each model is held to its own deadlines; one with a
        ``first_response_timeout`` races against the next when it is silent for so long. A caller's request that a model refuses
        is tried with the next one, and not held against the model.
        """
        failures: list[ProviderError] = []
        refusals: list[ProviderError] = []
        attempts = self._chain.attempts()
        while attempt := await self._next(attempts):
            runner = await self._asked(attempt, attempts, messages, options, failures)
            async with aclosing(_followed(runner, failures)) as deltas:
                said = False
                try:
                    async for delta in deltas:
                        said = said or is_word(delta)
                        yield delta
                    if runner is not None:
                        return
                except ProviderError as error:
                    if said:
                        raise
                    failures = [error]
            refusals += [error for error in failures if _is_of_request(error, options) and error not in refusals]
        for failure in failures:
            yield ProviderFailure(failure, None)
        raise self._chain.exhausted(refusals)

    async def _next(self, attempts: Iterator[Attempt[LLM]]) -> Attempt[LLM] | None:
        """Who is asked next; None: nobody is left."""
        return next(attempts, None)

    async def _asked(
        self,
        attempt: Attempt[LLM],
        attempts: Iterator[Attempt[LLM]],
        messages: Sequence[Message],
        options: Generation | None,
        failures: list[ProviderError],
    ) -> Runner | None:
        """Who is to be heard: this model, or the winner of its race against the next ones. The failures of a race are added."""
        if patience_s(attempt) is None:
            return Runner(attempt, _read(attempt, messages, options))
        race = Race(attempt, attempts, lambda asked: _read(asked, messages, options))
        winner = await race.winner()
        failures += [runner.failure for runner in race.failed if runner.failure is not None]
        return winner


def _is_of_request(error: ProviderError, options: Generation | None) -> bool:
    """Whether a failure is due to what a caller of the API asked for, or to the tools that were offered."""
    if options is None:
        return False
    return refuses_tools(error) if options.tools else error.category is Category.INVALID_REQUEST


async def _read(
    attempt: Attempt[LLM], messages: Sequence[Message], options: Generation | None
) -> AsyncGenerator[LLMDelta, None]:
    """What a model says, within its deadlines. A failure is put down to it, unless the request is to blame."""
    try:
        model = await attempt.ready()
        limited = within(model.stream(messages, options), model.deadlines, kind=KIND, provider=model.name)
        async with aclosing(limited) as deltas:
            async for delta in deltas:
                yield delta
    except ProviderError as error:
        if _is_of_request(error, options):
            attempt.refused()
        else:
            attempt.failed(error)
        raise
    attempt.succeeded()


async def _followed(runner: Runner | None, failures: Sequence[ProviderError]) -> AsyncGenerator[LLMDelta, None]:
    """The failures before it, what was held of the one that is heard, then the rest of its reply."""
    if runner is None:
        return
    with runner.attempt:
        async with aclosing(runner.deltas) as deltas:
            for failure in failures:
                yield ProviderFailure(failure, runner.attempt.name)
            for delta in runner.held:
                yield delta
            async for delta in deltas:
                yield delta
