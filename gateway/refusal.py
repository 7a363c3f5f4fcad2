"""A WebSocket that is refused before it is accepted."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket

from ..core.errors import CapacityError, HayakuchiError


async def refuse(websocket: WebSocket, status: int, error: HayakuchiError) -> None:
    """Answer the handshake with an HTTP error, which says why, and when to come back where it is the server that is full."""
    headers = {"Retry-After": str(max(round(error.retry_after_s), 1))} if isinstance(error, CapacityError) else {}
    await websocket.send_denial_response(PlainTextResponse(f"{error}\n", status, headers))
