"""A WebSocket without a network: a test says what its client sends, and whether it takes what it is sent."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.websockets import WebSocketState


class FakeWebSocket:
    """``sent`` is all that its client took; ``closed`` the code and the reason that it was closed with."""

    def __init__(self, scope: dict[str, Any] | None = None) -> None:
        self.scope = scope or {}
        self.application_state = self.client_state = WebSocketState.CONNECTED
        self.accepted = False
        self.refused: int | None = None
        self.sent: list[str | bytes] = []
        self.closed: tuple[int, str] | None = None
        self.takes = asyncio.Event()
        """Cleared: a message to the client is stuck."""
        self.takes.set()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def says(self, *messages: str | bytes) -> None:
        for message in messages:
            kind = "text" if isinstance(message, str) else "bytes"
            self._said.put_nowait({"type": "websocket.receive", kind: message})

    def goes(self) -> None:
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def accept(self) -> None:
        self.accepted = True

    async def receive(self) -> dict[str, Any]:
        return await self._said.get()

    async def send_text(self, message: str) -> None:
        await self.takes.wait()
        self.sent.append(message)

    async def send_bytes(self, message: bytes) -> None:
        await self.takes.wait()
        self.sent.append(message)

    async def send_denial_response(self, response: Any) -> None:
        self.refused = response.status_code

    async def close(self, code: int, reason: str) -> None:
        self.closed = code, reason
