"""The WebSockets that Open-LLM-VTuber's clients know."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from ..doors import Doors
from .proxy import serve_proxy
from .socket import serve_client
from .tts_socket import serve_tts


def sockets_of(doors: Doors) -> list[WebSocketRoute]:
    """Those that conf.yaml asks for."""
    settings = doors.engine.settings.open_llm_vtuber
    if not settings.enabled:
        return []

    async def client(websocket: WebSocket) -> None:
        await serve_client(websocket, doors)

    async def tts(websocket: WebSocket) -> None:
        await serve_tts(websocket, doors)

    async def proxy(websocket: WebSocket) -> None:
        await serve_proxy(websocket, doors)

    found = [WebSocketRoute("/client-ws", client), WebSocketRoute("/tts-ws", tts)]
    return [*found, WebSocketRoute("/proxy-ws", proxy)] if settings.proxy else found
