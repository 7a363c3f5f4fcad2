"""How much the server takes on: so many sessions, connections and replies; nothing while it is late, nor before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ..core.errors import CapacityError
from ..orchestrator.gateway_settings import GatewaySettings
from .loop_lag import LoopLag

SOCKETS_PER_SESSION = 8
"""On average, for the viewers of a session."""
SHED_FROM = 16
"""Sessions and replies that there must be before lateness refuses one more: with fewer it is others' work that makes the
server late, and refusing the streamer's own page would help nobody."""
LATE_RETRY_S, ENDING_RETRY_S = 2.0, 10.0


class Admission:
    """Counts what runs, and refuses with CapacityError what would be too much, before it begins. Nothing here waits."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self.lag = LoopLag(settings.shed_lag_ms)
        self.turns = 0
        """Replies that are being made for callers of the API."""
        self.sessions = 0
        """Rooms, and WebSockets and streams that have none."""
        self.sockets = 0
        """Connections that are told when the server ends."""
        self.draining = False
        """The server is about to end: what runs may end in peace, nothing is begun."""
        self.goodbye = asyncio.Event()
        """The time of peace is over: whoever holds a connection closes it (WebSockets with 1001)."""

    @property
    def full(self) -> bool:
        """Whether there are as many sessions as there may be."""
        return self.sessions >= self._settings.max_sessions

    def check(self) -> None:
        """Raises CapacityError when the server is about to end. For what is begun within a session that runs."""
        if self.draining:
            raise CapacityError("the server is about to end and begins nothing more", ENDING_RETRY_S)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A reply is made within."""
        self._check_lag()
        if self.turns >= self._settings.max_turns:
            raise CapacityError(f"the server makes {self.turns} replies at a time, which is its limit")
        self.turns += 1
        try:
            yield
        finally:
            self.turns -= 1

    @contextmanager
    def session(self) -> Iterator[None]:
        """A connection that is a session by itself is held within."""
        self.begin_session()
        try:
            with self.socket():
                yield
        finally:
            self.end_session()

    @contextmanager
    def socket(self) -> Iterator[None]:
        """A connection is held within; its session is counted elsewhere."""
        self.check()
        most = self._settings.max_sessions * SOCKETS_PER_SESSION
        if self.sockets >= most:
            raise CapacityError(f"the server has {most} connections, which is its limit")
        self.sockets += 1
        try:
            yield
        finally:
            self.sockets -= 1

    def begin_session(self) -> None:
        """One more session; :meth:`end_session` when it is over."""
        self.check_session()
        self.sessions += 1

    def check_session(self) -> None:
        """Raises CapacityError where one more session would be too much."""
        self._check_lag()
        if self.full:
            raise CapacityError(f"the server has {self._settings.max_sessions} sessions, which is its limit")

    def end_session(self) -> None:
        self.sessions -= 1

    def _check_lag(self) -> None:
        self.check()
        if self.lag.late and self.sessions + self.turns >= SHED_FROM:
            raise CapacityError("the server is too busy to take on more", LATE_RETRY_S)
