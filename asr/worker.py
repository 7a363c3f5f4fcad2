"""A thread that does the work of an engine that blocks, one job at a time, so that nothing blocks the event loop."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_S = 5.0
"""How long :meth:`Worker.aclose` waits for a job that runs."""

Job = Callable[[threading.Event], T]
"""It is given an event that is set when nobody wants its result any more, and may end early then."""


@dataclass(order=True, slots=True)
class _Ticket:
    rank: tuple[bool, int]
    job: Job[Any] = field(compare=False)
    result: asyncio.Future[Any] = field(compare=False)
    unwanted: threading.Event = field(compare=False, default_factory=threading.Event)


class Worker:
    """Jobs run in the order in which they come, but those that can wait let the others pass. The thread starts with the first
    job and is a daemon: a job that never ends does not keep the process alive."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: list[_Ticket] = []
        self._numbers = itertools.count()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._running: _Ticket | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Jobs that wait or run."""
        return len(self._waiting) + (self._running is not None)

    async def run(self, job: Job[T], *, can_wait: bool = False) -> T:
        """The result of ``job``, or what it raises. Cancelled, the job is told, and not begun if it was not.

        Raises RuntimeError after :meth:`aclose`.
        """
        ticket = _Ticket((can_wait, next(self._numbers)), job, asyncio.get_running_loop().create_future())
        with self._condition:
            if self._closed:
                raise RuntimeError(f"{self._name} is closed")
            heapq.heappush(self._waiting, ticket)
            self._condition.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        try:
            return await ticket.result
        finally:
            ticket.unwanted.set()

    async def aclose(self) -> None:
        """Drop what waits, tell what runs, and wait a little for it; idempotent."""
        with self._condition:
            self._closed = True
            dropped, self._waiting = self._waiting, []
            thread, running = self._thread, self._running
            self._condition.notify()
        for ticket in dropped:
            ticket.result.cancel()
        if running is not None:
            running.unwanted.set()
        if thread is not None:
            await asyncio.to_thread(thread.join, GRACE_S)

    def _work(self) -> None:
        while (ticket := self._next()) is not None:
            outcome: Any = None
            error: BaseException | None = None
            if not ticket.unwanted.is_set():
                try:
                    outcome = ticket.job(ticket.unwanted)
                except BaseException as raised:  # noqa: BLE001 - whatever it is, it is for who waits for the result
                    error = raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                ticket.result.get_loop().call_soon_threadsafe(_tell, ticket.result, outcome, error)
            del outcome, error

    def _next(self) -> _Ticket | None:
        with self._condition:
            self._running = None
            while not self._waiting and not self._closed:
                self._condition.wait()
            self._running = heapq.heappop(self._waiting) if self._waiting else None
            return self._running


def _tell(result: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    if result.done():
        return
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(outcome)
