"""HTTP with deadlines for whoever sends or reads slowly on purpose: uvicorn itself waits for ever for the end of a request's
head, and for whoever takes nothing of an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0
"""How long a request's head may take, the first one's from the connection on."""
REST_S = 60.0
"""How long the rest of a body may take that nobody reads, since the request was answered before it was there."""

READ_S = 40.0
"""How long nothing more of an answer may be taken: longer than those wait that are given up by whoever makes them."""


class DeadlineProtocol(HttpToolsProtocol):
    """uvicorn's own, which closes what takes too long. Bodies that are read have their deadline where they are read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._in_body = self._upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._upgraded = True
        self._unwatch()
        self._moves()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Closing would wait for what is still to be sent.
        self._stalled = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._moves()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_headers_complete(self) -> None:
        self._unwatch()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._unwatch()
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body:
            self._watch()

    def handle_websocket_upgrade(self) -> None:
        self._upgraded = True
        self._unwatch()
        self._moves()
        super().handle_websocket_upgrade()

    def _watch(self) -> None:
        """Something is awaited of the client that no application waits for."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if self._timer is None and not answering and not self._upgraded and not self.transport.is_closing():
            self._timer = self.loop.call_later(REST_S if self._in_body else HEAD_S, self._close)

    def _moves(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
