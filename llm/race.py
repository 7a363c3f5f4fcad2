"""A hedge: when a model keeps its reader waiting, the next one is asked too, and the first word wins.

Whoever loses is closed at once, so that nobody works, or is paid, for a reply that nobody reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field

from ..core.errors import Category, ProviderError
from ..core.link import Attempt
from ..core.types import LLMDelta, TextDelta, ToolCallDelta
from .base import LLM

KIND = "llm"

Read = Callable[[Attempt[LLM]], AsyncGenerator[LLMDelta, None]]


@dataclass(eq=False, slots=True)
class Runner:
    """A model that was asked, and what it gave up to its first word. One that ends without a word has answered, too."""

    attempt: Attempt[LLM]
    deltas: AsyncGenerator[LLMDelta, None]
    held: list[LLMDelta] = field(default_factory=list)
    failure: ProviderError | None = None

    def __post_init__(self) -> None:
        self.attempt.begin()

    async def run(self) -> None:
        """Read up to the first word."""
        try:
            async for delta in self.deltas:
                self.held.append(delta)
                if is_word(delta):
                    return
        except ProviderError as error:
            self.failure = error

    async def abandon(self, winner: Runner | None = None) -> None:
        """Close the connection. One that had not begun to answer when ``winner`` spoke is put down as too slow."""
        with self.attempt:
            await self.deltas.aclose()
            if winner is not None and not self.held:
                message = f"had said nothing when {winner.attempt.name} answered in its place"
                self.attempt.failed(ProviderError(KIND, self.attempt.name, Category.TIMEOUT, message))


def is_word(delta: LLMDelta) -> bool:
    """Whether a delta is something to say, or to call."""
    return isinstance(delta, ToolCallDelta) or (isinstance(delta, TextDelta) and delta.text.strip() != "")


def patience_s(attempt: Attempt[LLM]) -> float | None:
    """How long this model may be silent before the next one is asked too; None: for ever."""
    timeout_ms = getattr(getattr(attempt.provider, "config", None), "first_response_timeout", None)
    return None if timeout_ms is None else timeout_ms / 1000


class Race:
    """``attempts`` are asked in turn: the next when one fails, or has said nothing in its time.

    A model that only stands in for failed ones (``stands_in``) is not asked while another one thinks.
    """

    def __init__(self, first: Attempt[LLM], attempts: Iterator[Attempt[LLM]], read: Read) -> None:
        self._next: Attempt[LLM] | None = first
        self._attempts, self._read = attempts, read
        self._asked_all = False
        self._running: dict[asyncio.Task[None], Runner] = {}
        self.failed: list[Runner] = []
        """Those that failed, in the order in which they did."""

    async def winner(self) -> Runner | None:
        """The first that gives a word or ends well; None when all failed. All others are closed."""
        won: Runner | None = None
        heard: Runner | None = None
        try:
            async with asyncio.TaskGroup() as group:
                while won is None and self._ask(group):
                    won = await self._first_done()
                for task in self._running:
                    task.cancel()
            heard, won = won, None
            return heard
        finally:
            for runner in (*self._running.values(), *([won] if won else [])):
                await runner.abandon(heard)
            if self._next is not None:
                with self._next:  # it was never asked
                    pass

    def _ask(self, group: asyncio.TaskGroup) -> bool:
        """Ask the next model, if one is due; False when nobody is left to wait for."""
        attempt = self._next
        if attempt is not None and not (self._running and getattr(attempt.provider, "stands_in", False)):
            runner = Runner(attempt, self._read(attempt))
            self._running[group.create_task(runner.run(), name=f"ask {attempt.name}")] = runner
            self._next = None
        return bool(self._running)

    async def _first_done(self) -> Runner | None:
        """Wait for a word, a failure, or the time of the next model; the runner that won, if one did."""
        latest = list(self._running.values())[-1]
        limit_s = patience_s(latest.attempt) if self._next is None and not self._asked_all else None
        done, _ = await asyncio.wait(self._running, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in self._running if task in done]:
            runner = self._running.pop(task)
            if runner.failure is None:
                return runner
            self.failed.append(runner)
        if self._next is None:
            self._next = next(self._attempts, None)
            self._asked_all = self._next is None
        return None
