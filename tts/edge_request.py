"""One request on its socket: read as fast as the service sends, held until it is asked for."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from ..core.errors import Category, ProviderError
from .edge_pool import Sockets
from .edge_protocol import End, Event, Garbled, Sound, events
from .edge_service import failure
from .edge_settings import EdgeConfig
from .edge_socket import drop, lost

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

PATIENCE_S = 0.5
"""A listener who does not take what is held for so long gives up the place of its request: the service is waiting for it, not
working on it."""

_GOODBYES = (1000, 1001)
"""Close codes of a service that is tired of waiting (RFC 6455, section 7.4.1)."""


class Held:
    """Events between the socket and whoever speaks them: at most ``limit`` bytes of sound, or one message."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[Event | ProviderError] = deque()
        self._size = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    def put(self, event: Event | ProviderError) -> None:
        self._events.append(event)
        self._size += len(event.mp3) if isinstance(event, Sound) else 0
        if self._size >= self._limit:
            self._room.clear()
        self._news.set()

    async def room(self) -> None:
        """Wait until there is less than the limit."""
        await self._room.wait()

    def get_nowait(self) -> Event | None:
        """The next event if it is there. Raises ProviderError where that came instead."""
        if not self._events:
            self._news.clear()
            return None
        event = self._events.popleft()
        if isinstance(event, ProviderError):
            raise event
        if isinstance(event, Sound):
            self._size -= len(event.mp3)
            if self._size < self._limit:
                self._room.set()
        return event

    async def get(self) -> Event:
        while (event := self.get_nowait()) is None:
            await self._news.wait()
        return event


class Request:
    """Runs once, as a task of its own: :meth:`run` ends when the clip is held whole, and then holds neither socket nor place.

    Cancelling it closes the socket at once.
    """

    def __init__(self, ssml: str, sockets: Sockets, places: asyncio.Semaphore, config: EdgeConfig) -> None:
        self.held = Held(config.stream_buffer_size)
        self._ssml = ssml
        self._sockets, self._places, self._config = sockets, places, config
        self._has_place = False
        self._answered = False
        """Whether the service has said anything to it."""
        self._begun = False
        """Whether any sound has come."""

    async def run(self) -> None:
        try:
            await self._places.acquire()
            self._has_place = True
            await self._ask()
        except ProviderError as error:
            self.held.put(error)
        finally:
            self._leave_place()

    async def _ask(self) -> None:
        """A socket opened early may be closed by the service unnoticed: the request is made once more then, on a fresh one."""
        connection, early = await self._sockets.take()
        try:
            await self._speak(connection)
        except ConnectionClosed as error:
            dismissed = error.rcvd is not None and error.rcvd.code not in _GOODBYES
            if not early or self._answered or dismissed:
                raise lost(error, begun=self._begun) from error
        else:
            return
        connection, _ = await self._sockets.take()
        try:
            await self._speak(connection)
        except ConnectionClosed as error:
            raise lost(error, begun=self._begun) from error

    async def _speak(self, connection: ClientConnection) -> None:
        try:
            await connection.send(self._ssml)
            self._sockets.prepare()
            while not await self._read(connection):
                await self._make_room()
        finally:
            drop(connection)

    async def _read(self, connection: ClientConnection) -> bool:
        """Hold what the next message says; whether it was the last one."""
        limit_s = self._config.chunk_timeout if self._begun else self._config.first_chunk_timeout
        try:
            async with asyncio.timeout(limit_s):
                message = await connection.recv()
        except TimeoutError:
            what = "the service fell silent, nothing more came" if self._begun else "the service did not answer"
            raise failure(Category.TIMEOUT, f"{what} within {limit_s:g} s") from None
        except UnicodeDecodeError as error:
            raise failure(Category.BAD_OUTPUT, "the service sent text that is no UTF-8") from error
        self._answered = True
        try:
            told = events(message)
        except Garbled as error:
            raise failure(Category.BAD_OUTPUT, f"the service sent {error}") from error
        for event in told:
            self._begun = self._begun or isinstance(event, Sound)
            self.held.put(event)
        return any(isinstance(event, End) for event in told)

    async def _make_room(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S if self._has_place else None):
                await self.held.room()
        except TimeoutError:
            self._leave_place()
            await self.held.room()

    def _leave_place(self) -> None:
        if self._has_place:
            self._has_place = False
            self._places.release()
