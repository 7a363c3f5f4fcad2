"""``WS /client-ws``: one frontend of Open-LLM-VTuber at a time."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from starlette.websockets import WebSocket, WebSocketDisconnect

from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError, ProtocolError, SessionClosed
from ..access.caller import caller_of
from ..doors import Doors
from ..refusal import refuse
from ..sockets import part, take_more
from .client import Client
from .client_messages import parse_client_message
from .hello import greet
from .measure import MAX_MESSAGE_BYTES, Budget, check_values
from .table import HANDLERS

MAX_MISTAKES = 20
AT_ONCE = 8
"""Messages of one client that are taken before others have their turn."""
GOING_AWAY = 1001
SLOW_S = 30.0
"""Who takes nothing for so long is let go."""


async def serve_client(websocket: WebSocket, doors: Doors) -> None:
    """Serve one frontend until it goes; refuse it before it is accepted when the server is full."""
    with ExitStack() as held:
        try:
            held.enter_context(doors.admission.session())
        except CapacityError as error:
            await refuse(websocket, 503, error)
        else:
            await websocket.accept()
            take_more(websocket, MAX_MESSAGE_BYTES)
            await _Connection(websocket, doors).serve()


class _Goodbye(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class _Connection:
    client: Client

    def __init__(self, websocket: WebSocket, doors: Doors) -> None:
        self._websocket, self._doors = websocket, doors
        self._mistakes = 0
        """In a row."""

    async def serve(self) -> None:
        """Read and write until one side ends; close with the code that tells why."""
        goodbyes: list[_Goodbye] = []
        try:
            async with asyncio.TaskGroup() as group:
                caller, stage = caller_of(self._websocket.scope), self._doors.engine.cast.on_stage
                client = self.client = Client(self._doors, caller, self._doors.look.seen(stage), group)
                group.create_task(self._write(), name=f"client {client.uid}: write")
                group.create_task(self._read(), name=f"client {client.uid}: read")
                group.create_task(self._watch(), name=f"client {client.uid}: watch")
                group.create_task(self._part(), name=f"client {client.uid}: part")
        except* _Goodbye as group:
            goodbyes += [error for error in group.exceptions if isinstance(error, _Goodbye)]
        except* WebSocketDisconnect:
            pass
        for goodbye in goodbyes[:1]:
            outbox = self.client.outbox
            rest = None if outbox.lost.is_set() else outbox.channel
            await part(self._websocket, goodbye.code, goodbye.reason, rest)

    async def _write(self) -> None:
        async for text in self.client.outbox.texts():
            try:
                async with asyncio.timeout(SLOW_S):
                    await self._websocket.send_text(text)
            except TimeoutError:
                raise _Goodbye(1008, "too slow to follow") from None

    async def _watch(self) -> None:
        """A client that does not read is let go when its outbox is full, also while a message to it is stuck."""
        await self.client.outbox.lost.wait()
        raise _Goodbye(1008, "too slow to follow")

    async def _part(self) -> None:
        """The server ends; who has read what was sent knows why."""
        await self._doors.admission.goodbye.wait()
        raise _Goodbye(GOING_AWAY, "the server ends")

    async def _read(self) -> None:
        client, clients = self.client, self._doors.clients
        await client.begin()
        clients.add(client)
        try:
            greet(client)
            await self._listen()
        finally:
            clients.remove(client)
            client.leave()

    async def _listen(self) -> None:
        taken, budget = 0, Budget(loop_ms())
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            text = message.get("text")
            if text is None:
                raise _Goodbye(1003, "binary frames are not understood")
            if not budget.take(len(text), loop_ms()):
                raise _Goodbye(1008, "too much at once")
            try:
                await self._take(text)
            except SessionClosed as error:
                raise _Goodbye(GOING_AWAY, str(error)) from error
            # Messages that came together are received without waiting: whoever sends many must not keep the others from theirs.
            taken += 1
            if taken % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _take(self, text: str) -> None:
        """Do what is asked for. What cannot be done is told; what is not known is let be."""
        request: str | None = None
        try:
            check_values(text)
            parsed = parse_client_message(text)
            if parsed is None:
                return
            message, request = parsed
            if (handler := HANDLERS.get(type(message))) is not None:
                await handler(self.client, message, request)
            self._mistakes = 0
        except SessionClosed:
            raise
        except HayakuchiError as error:
            self.client.complain(error, request)
            if isinstance(error, ProtocolError):
                self._count_mistake()

    def _count_mistake(self) -> None:
        self._mistakes += 1
        if self._mistakes >= MAX_MISTAKES:
            raise _Goodbye(1008, "too many messages that were not understood")
