"""Reading a provider's stream without ever waiting for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from math import inf
from typing import Any, TypeVar

from .errors import Category, ProviderError
from .provider import Deadlines

T = TypeVar("T")


class Patience:
    """One timer for many waits, one after another. It is moved only when it rings: a wait sets a number, and no timer.

    Between :meth:`begin` and :meth:`end` the task that waits is cancelled when its time is up; at other times nothing happens.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = inf
        """When the wait is to end; infinite: nobody waits."""
        self._timer: asyncio.TimerHandle | None = None
        self._rings = inf
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._up = False

    def begin(self, limit_s: float) -> None:
        """The current task waits, for at most so long."""
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling, self._up = task, task.cancelling(), False
        self.extend(limit_s)

    def extend(self, limit_s: float) -> None:
        """It waits for so long from here on."""
        if not self._up:
            self._ends = self._loop.time() + limit_s
            if self._ends < self._rings:
                self._set()

    def end(self) -> None:
        """It waits no longer, whatever became of what it was cancelled for."""
        self._ends = inf
        if self._up:
            self.is_up()

    def is_up(self) -> bool:
        """Whether the task was cancelled because its time was up, and by nobody else; to be asked once."""
        up, self._up = self._up, False
        return up and self._task is not None and self._task.uncancel() <= self._cancelling

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self._ends, self._rings, self._task = inf, inf, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings = self._ends
        self._timer = self._loop.call_at(self._rings, self._ring)

    def _ring(self) -> None:
        self._timer, self._rings = None, inf
        if self._ends == inf:
            return
        if self._loop.time() < self._ends:
            self._set()
        elif self._task is not None:
            self._ends, self._up = inf, True
            self._task.cancel()


async def within(
    stream: AsyncIterator[T], deadlines: Deadlines, *, kind: str, provider: str
) -> AsyncGenerator[T, None]:
    """Pass on a stream's items; ProviderError(TIMEOUT) when one does not come in time.

    Only the stream's own silence counts: a slow reader breaks no deadline. Leaving early closes the stream.
    """
    closing: Any = stream
    patience = Patience()
    limit_s, what = deadlines.first_s, "no first answer"
    async with aclosing(closing):
        try:
            while True:
                patience.begin(limit_s)
                try:
                    item = await anext(stream)
                except StopAsyncIteration:
                    return
                except asyncio.CancelledError:
                    if not patience.is_up():
                        raise
                    raise ProviderError(kind, provider, Category.TIMEOUT, f"{what} within {limit_s:g} s") from None
                finally:
                    patience.end()
                yield item
                limit_s, what = deadlines.next_s, "the answer stopped, nothing more came"
        finally:
            patience.stop()
