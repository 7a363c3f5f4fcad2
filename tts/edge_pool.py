"""Sockets to the service. It takes one request on each, so the next one is opened before it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from websockets.protocol import State

from ..core.background import Background
from ..core.errors import ProviderError
from .edge_socket import drop

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

IDLE_S = 15.0
"""An unused socket is dropped after this."""


class Sockets:
    """Opens sockets by ``connect``, which raises ProviderError. At most one waits to be used."""

    def __init__(self, connect: Callable[[], Awaitable[ClientConnection]], background: Background) -> None:
        self._connect = connect
        self._background = background
        self._spare: _Spare | None = None

    def prepare(self) -> None:
        """Have a socket ready soon; costs nothing when there is one. Never waits, never raises."""
        if self._background.running and (self._spare is None or self._spare.failed):
            self.clear()
            self._spare = _Spare(self._background.start(self._outcome(), "edge_tts: open a socket"), self._expire)

    async def take(self) -> tuple[ClientConnection, bool]:
        """A socket, and whether it was opened early: then the service may have closed it since. Raises ProviderError."""
        spare, self._spare = self._spare, None
        if spare is None or spare.failed:
            return await self._connect(), False
        try:
            outcome = await spare.outcome()
        except asyncio.CancelledError:
            self._put_back(spare)
            raise
        if isinstance(outcome, ProviderError):
            raise outcome
        return outcome, True

    def clear(self) -> None:
        """Drop the socket that waits."""
        if self._spare is not None:
            self._spare.drop()
            self._spare = None

    def _put_back(self, spare: _Spare) -> None:
        if self._spare is None and self._background.running:
            self._spare = spare
            spare.expire_later()
        else:
            spare.drop()

    def _expire(self, spare: _Spare) -> None:
        spare.drop()
        if self._spare is spare:
            self._spare = None

    async def _outcome(self) -> ClientConnection | ProviderError:
        try:
            return await self._connect()
        except ProviderError as error:
            return error


class _Spare:
    """A socket that is being opened, or waits to be used until ``expire`` is called with it."""

    def __init__(
        self, opening: asyncio.Task[ClientConnection | ProviderError], expire: Callable[[_Spare], None]
    ) -> None:
        self._opening = opening
        self._expire = expire
        self._timer: asyncio.TimerHandle | None = None
        opening.add_done_callback(lambda _: None if opening.cancelled() else self.expire_later())

    @property
    def failed(self) -> bool:
        """It could not be opened, or was closed since."""
        if not self._opening.done():
            return False
        connection = _connection(self._opening)
        return connection is None or connection.state is not State.OPEN

    async def outcome(self) -> ClientConnection | ProviderError:
        """The socket, which is the caller's from here on. Cancelling the caller does not stop the opening."""
        self._stop_timer()
        await asyncio.wait([self._opening])
        self._stop_timer()
        return self._opening.result()

    def expire_later(self) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._expire, self)

    def drop(self) -> None:
        self._stop_timer()
        if not self._opening.cancel() and (connection := _connection(self._opening)) is not None:
            drop(connection)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _connection(opening: asyncio.Task[ClientConnection | ProviderError]) -> ClientConnection | None:
    if opening.cancelled() or isinstance(outcome := opening.result(), ProviderError):
        return None
    return outcome
