"""Several streams read at the same time, in the order in which their items come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

from ..core.channel import Channel

T = TypeVar("T")

log = logging.getLogger(__name__)

CLOSING_S = 0.2
"""How long a stream that was given up may delay the one that takes its place."""
CAPACITY = 4
"""Items that wait for the reader, of all streams together: then the streams wait."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A stream is over; ``error`` is what it raised, if it did."""

    error: Exception | None


class Reading:
    """A stream that is being read."""

    def __init__(self) -> None:
        self.stopped = False
        self.task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Close the stream; nothing more of it is heard, not even what was read already. Idempotent."""
        self.stopped = True
        if self.task is not None:
            self.task.cancel()


class Streams(Generic[T]):
    """``async with Streams() as streams``: leaving it closes all that were added, and waits until they are closed.

    It may be entered inside an async generator, which a bare TaskGroup may not: no task here ever fails, so that the group has
    no reason to cancel whoever reads the generator, and the group does not see the GeneratorExit of a reader that leaves early.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._items: Channel[tuple[Reading, T | Ended]] = Channel(CAPACITY)
        self._readings: list[Reading] = []

    async def __aenter__(self) -> Streams[T]:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for reading in self._readings:
            reading.stop()
        await self._group.__aexit__(None, None, None)

    def read(self, stream: AsyncIterator[T], name: str, *, instead_of: Reading | None = None) -> Reading:
        """Begin to read an async generator; it is closed when it is stopped, or ends.

        ``instead_of`` is stopped first, and has a moment to close (``CLOSING_S``): a model that is asked a second time may
        serve one request at a time.
        """
        reading = Reading()
        reading.task = self._group.create_task(self._read(reading, stream, instead_of), name=name)
        if instead_of is not None:
            instead_of.stop()
        self._readings.append(reading)
        return reading

    async def next(self) -> tuple[Reading, T | Ended]:
        """The next item and where it is from; the last one of each stream that was not stopped is an ``Ended``."""
        while True:
            reading, item = await self._items.get()
            if not reading.stopped:
                return reading, item

    async def _read(self, reading: Reading, stream: AsyncIterator[T], before: Reading | None) -> None:
        """Nothing is put once the reading was stopped: nobody may be there to make room, and leaving waits for this task."""
        if before is not None and before.task is not None:
            await asyncio.wait([before.task], timeout=CLOSING_S)
        closing: Any = stream
        outcome = _Outcome()
        with outcome:
            async with aclosing(closing):
                async for item in stream:
                    if reading.stopped:
                        break
                    await self._items.put((reading, item))
        if not reading.stopped:
            await self._items.put((reading, Ended(outcome.error)))
        elif outcome.error is not None:
            log.info("a stream that was given up broke while it was closed", exc_info=outcome.error)


class _Outcome:
    """Keeps the exception that a stream raised, to be handed to its reader; cancellation passes, unless closing raised."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None
