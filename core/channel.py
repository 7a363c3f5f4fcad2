"""A bounded queue that can be closed: the only thing that couples two stages of a turn.

A full channel makes its writer wait, so a stuck listener stops the voice and a stuck voice stops the model. A closed channel
lets its reader take what is left and then ends the reader's ``async for``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class ChannelClosed(Exception):
    """The channel was closed: nothing more can be put in, or nothing is left to take."""


class Channel(Generic[T]):
    """FIFO of at most ``capacity`` items between tasks of one event loop."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self._items: deque[T] = deque()
        self._getters: deque[asyncio.Future[None]] = deque()
        self._putters: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def full(self) -> bool:
        return len(self._items) >= self.capacity

    def put_nowait(self, item: T) -> bool:
        """Put without waiting; False when the channel is full."""
        if self._closed:
            raise ChannelClosed
        if self.full:
            return False
        self._items.append(item)
        _wake_one(self._getters)
        return True

    async def put(self, item: T) -> None:
        """Put, waiting for room."""
        while not self.put_nowait(item):
            await self._wait(self._putters)

    async def get(self) -> T:
        """Take the oldest item, waiting for one; raises ChannelClosed when the channel is closed and empty."""
        while not self._items:
            if self._closed:
                raise ChannelClosed
            await self._wait(self._getters)
        return self._take()

    def get_nowait(self) -> T | None:
        """Take the oldest item, or None when there is none now."""
        return self._take() if self._items else None

    def close(self) -> None:
        """End the channel; idempotent. What is in it can still be taken."""
        self._closed = True
        for waiters in (self._getters, self._putters):
            while waiters:
                _wake_one(waiters)

    def __aiter__(self) -> Channel[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.get()
        except ChannelClosed:
            raise StopAsyncIteration from None

    def _take(self) -> T:
        item = self._items.popleft()
        _wake_one(self._putters)
        return item

    async def _wait(self, waiters: deque[asyncio.Future[None]]) -> None:
        waiter = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            # A cancelled waiter must not swallow the wake-up meant for the next one.
            if waiter.done() and not waiter.cancelled():
                _wake_one(waiters)
            else:
                waiter.cancel()
                if waiter in waiters:
                    waiters.remove(waiter)
            raise


def _wake_one(waiters: deque[asyncio.Future[None]]) -> None:
    while waiters:
        waiter = waiters.popleft()
        if not waiter.done():
            waiter.set_result(None)
            return
