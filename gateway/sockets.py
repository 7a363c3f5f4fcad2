"""uvicorn's WebSockets, without its complaint about handshakes that were refused as ASGI has it."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import ASGISendEvent, WebSocketsSansIOProtocol


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn takes ``websocket.http.response`` for a handshake that was forgotten, and writes an error into the log
    for each: when the server is full, that is the most expensive part of the refusal."""

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if self.close_sent and self.initial_response is not None:
            self.handshake_complete = True
