"""WebSockets as this server needs them: uvicorn's, and how they end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from ..core.channel import Channel

CLOSE_DEADLINE_S = 1.0
LINGER_S = 6.0
"""How long a connection that was left may take to be gone: then what it did not take is dropped."""
NOT_UTF8 = 1007
SWITCHING = 101
_MOST = "hayakuchi.message_size"
"""In the scope's extensions."""


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's, where a client that does not behave costs neither a line in the log nor a connection that stays for ever."""

    _linger: asyncio.TimerHandle | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == SWITCHING:
            self.scope.setdefault("extensions", {})[_MOST] = {"set": self._take_more}

    def _take_more(self, most_bytes: int) -> None:
        self.conn.max_message_size = most_bytes

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            # Closing a transport waits for what is still to be sent, and who reads nothing would keep it open.
            self._linger = self.loop.call_later(LINGER_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._linger is not None:
            self._linger.cancel()

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            # The goodbye is short and the last that is sent: it need not wait for who does not read.
            self.writable.set()
        await self.writable.wait()
        if self.close_sent and self.initial_response is None:
            raise ClientDisconnected  # it was closed for what the client sent, which the sender could not know yet
        await super().send(message)
        if self.close_sent and self.initial_response is not None:
            # Else uvicorn takes the refusal for a handshake that was forgotten, and writes an error into the log for each.
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._refuse_text()
                return
        super().send_receive_event_to_app()

    def _refuse_text(self) -> None:
        self.frames = []
        # The client's own goodbye may have come with it.
        if self.conn.state is State.OPEN:
            self.conn.send_close(NOT_UTF8, "text that is not UTF-8")
            self.handle_parser_exception()


def take_more(websocket: WebSocket, most_bytes: int) -> None:
    """Take messages of this size from here on, from somebody who was let in; nothing happens on another server than ours."""
    found = websocket.scope.get("extensions", {}).get(_MOST)
    if found is not None:
        found["set"](most_bytes)


async def part(websocket: WebSocket, code: int, reason: str, rest: Channel[str | bytes] | Channel[str] | None) -> None:
    """Close the connection with this code, after the ``rest`` of what was to be sent, if that does not take long."""
    with suppress(TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_DEADLINE_S):
            while rest is not None and _is_open(websocket) and (message := rest.get_nowait()) is not None:
                await send(websocket, message)
    with suppress(TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_DEADLINE_S):
            if _is_open(websocket):
                await websocket.close(code, reason)


async def send(websocket: WebSocket, message: str | bytes) -> None:
    """Send a text frame or a binary one. Raises WebSocketDisconnect."""
    if isinstance(message, str):
        await websocket.send_text(message)
    else:
        await websocket.send_bytes(message)


def _is_open(websocket: WebSocket) -> bool:
    return WebSocketState.DISCONNECTED not in (websocket.application_state, websocket.client_state)
