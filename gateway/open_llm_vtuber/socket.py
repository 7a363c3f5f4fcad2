"""``WS /client-ws``: one frontend of Open-LLM-VTuber at a time."""

from __future__ import annotations

from typing import Any

from starlette.websockets import WebSocket

from ..access.caller import caller_of
from ..connection import Connection, serve_session
from ..doors import Doors
from ..sockets import take_more
from .client import Client
from .hello import greet
from .measure import MAX_MESSAGE_BYTES
from .reading import read
from .table import HANDLERS


async def serve_client(websocket: WebSocket, doors: Doors) -> None:
    """Serve one frontend until it goes; refuse it before it is accepted when the server is full."""

    async def hold(connection: Connection) -> None:
        take_more(websocket, MAX_MESSAGE_BYTES)
        stage = doors.look.seen(doors.engine.cast.on_stage)
        client = Client(doors, caller_of(websocket.scope), stage, connection.tasks)
        connection.name = f"client {client.uid}"
        connection.write(client.outbox.texts(), client.outbox.channel, client.outbox.lost)
        await _serve(client, connection)

    await serve_session(websocket, doors.admission, "client", hold)


async def _serve(client: Client, connection: Connection) -> None:
    async def obey(message: Any, request: str | None) -> None:
        if (handler := HANDLERS.get(type(message))) is not None:
            await handler(client, message, request)

    clients = client.doors.clients
    await client.begin()
    clients.add(client)
    try:
        greet(client)
        await read(connection, obey, client.complain)
    finally:
        clients.remove(client)
        client.leave()
