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
from ..core.types import LLMDelta, Message, ProviderFailure
from .base import LLM
from .race import Race, Runner, is_word, patience_s

KIND = "llm"


class FallbackLLM(Fallback[LLM]):
    """A chain of models, first choice first, which is itself a model."""

    name = "fallback_llm"

    def __init__(self, providers: Sequence[LLM]) -> None:
        super().__init__(KIND, providers)

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
        """The reply of the first model that gives one; a ProviderFailure for each that failed before.

        An answer without text is an answer. Raises ProviderError when a model fails after it gave text that is not just
        space, AllProvidersFailed when none was left. Each model is held to its own deadlines; one with a
        ``first_response_timeout`` races against the next when it is silent for so long.
        """
        failure: ProviderError | None = None
        attempts = self._chain.attempts()
        for attempt in attempts:
            if failure is not None:
                yield ProviderFailure(failure, attempt.name)
            if patience_s(attempt) is not None:
                race = Race(attempt, attempts, lambda asked: _read(asked, messages))
                runner = await race.winner()
                failures = _told(race, runner)
            else:
                runner, failures = Runner(attempt, _read(attempt, messages)), []
            for told in failures:
                yield told
            if runner is None:
                raise self._chain.exhausted()
            said = False
            try:
                async with aclosing(_followed(runner)) as deltas:
                    async for delta in deltas:
                        said = said or is_word(delta)
                        yield delta
            except ProviderError as error:
                if said:
                    raise
                failure = error
            else:
                return
        if failure is not None:
            yield ProviderFailure(failure, None)
        raise self._chain.exhausted()


def _told(race: Race, winner: Runner | None) -> list[ProviderFailure]:
    """The failures of a race: each with the name of who was heard in its place."""
    return [
        ProviderFailure(runner.failure, winner.attempt.name if winner else None)
        for runner in race.failed
        if runner.failure is not None
    ]


async def _read(attempt: Attempt[LLM], messages: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
    """What a model says, within its deadlines. A failure is put down to it."""
    try:
        model = await attempt.ready()
        limited = within(model.stream(messages), model.deadlines, kind=KIND, provider=model.name)
        async with aclosing(limited) as deltas:
            async for delta in deltas:
                yield delta
    except ProviderError as error:
        attempt.failed(error)
        raise
    attempt.succeeded()


async def _followed(runner: Runner) -> AsyncGenerator[LLMDelta, None]:
    """What was held of the one that is heard, then the rest of its reply."""
    with runner.attempt:
        async with aclosing(runner.deltas) as deltas:
            for delta in runner.held:
                yield delta
            async for delta in deltas:
                yield delta
