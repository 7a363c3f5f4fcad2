"""``WS /proxy-ws``: several clients before one avatar. Each speaks as it would on ``/client-ws``, with these differences:

text-input                     waits until all that was written before is answered
heartbeat, request-init-config are answered to whoever asks
create-new-history             from a client that comes where others are: it is told which conversation goes on
everything else                is done as if the avatar's own client had said it, and all are told
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError, ProtocolError, SessionClosed
from ...core.types import UserInput
from ..access.caller import caller_of
from ..doors import Doors
from ..refusal import refuse
from ..sockets import part, take_more
from . import server_messages as told
from .client_messages import (
    AudioStreamWanted,
    CreateNewHistory,
    Heartbeat,
    RequestInitConfig,
    TextInput,
    parse_client_message,
)
from .hello import greetings, part_of
from .measure import MAX_MESSAGE_BYTES, Budget, check_values
from .pictures import images_of
from .proxied import Avatar, Viewer
from .socket import AT_ONCE, GOING_AWAY, MAX_MISTAKES, SLOW_S
from .table import HANDLERS


async def serve_proxy(websocket: WebSocket, doors: Doors) -> None:
    """Serve one client until it goes; refuse it before it is accepted when the server is full."""
    async with AsyncExitStack() as held:
        try:
            held.enter_context(doors.admission.socket())
            avatar, viewer = await held.enter_async_context(doors.proxies.enter(caller_of(websocket.scope)))
        except TimeoutError:
            await refuse(websocket, 503, CapacityError("the avatar's session did not begin in time"))
        except HayakuchiError as error:
            await refuse(websocket, 503, error)
        else:
            await websocket.accept()
            take_more(websocket, MAX_MESSAGE_BYTES)
            await _Connection(websocket, doors, avatar, viewer).serve()


class _Goodbye(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class _Connection:
    def __init__(self, websocket: WebSocket, doors: Doors, avatar: Avatar, viewer: Viewer) -> None:
        self._websocket, self._doors, self._avatar, self._viewer = websocket, doors, avatar, viewer
        self._mistakes = 0
        self._settled = len(avatar.viewers) == 1
        """Whether it may begin a new conversation: their clients do as soon as they come."""

    async def serve(self) -> None:
        """Read and write until one side ends; close with the code that tells why."""
        goodbyes: list[_Goodbye] = []
        outbox = self._viewer.outbox
        try:
            async with asyncio.TaskGroup() as group:
                for message in greetings(self._avatar.client):
                    self._viewer.send(message)
                for work in (self._write(), self._read(), self._watch(), self._part()):
                    group.create_task(work, name=f"proxy: {work.__name__.strip('_')}")
        except* _Goodbye as group:
            goodbyes += [error for error in group.exceptions if isinstance(error, _Goodbye)]
        except* WebSocketDisconnect:
            pass
        for goodbye in goodbyes[:1]:
            rest = None if outbox.lost.is_set() else outbox.channel
            await part(self._websocket, goodbye.code, goodbye.reason, rest)

    async def _write(self) -> None:
        async for text in self._viewer.outbox.texts():
            try:
                async with asyncio.timeout(SLOW_S):
                    await self._websocket.send_text(text)
            except TimeoutError:
                raise _Goodbye(1008, "too slow to follow") from None

    async def _watch(self) -> None:
        """A client that does not read is let go; the others need not wait for it."""
        await self._viewer.outbox.lost.wait()
        raise _Goodbye(1008, "too slow to follow")

    async def _part(self) -> None:
        """The server ends; who has read what was sent knows why."""
        await self._doors.admission.goodbye.wait()
        raise _Goodbye(GOING_AWAY, "the server ends")

    async def _read(self) -> None:
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
            taken += 1
            if taken % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _take(self, text: str) -> None:
        request: str | None = None
        try:
            check_values(text)
            parsed = parse_client_message(text)
            if parsed is not None:
                message, request = parsed
                await self._obey(message, request)
                self._mistakes = 0
        except SessionClosed:
            raise
        except HayakuchiError as error:
            self._viewer.complain(error, request)
            if isinstance(error, ProtocolError):
                self._mistakes += 1
                if self._mistakes >= MAX_MISTAKES:
                    raise _Goodbye(1008, "too many messages that were not understood") from error

    async def _obey(self, message: Any, request: str | None) -> None:
        client, viewer = self._avatar.client, self._viewer
        settled, self._settled = self._settled, self._settled or isinstance(message, CreateNewHistory)
        match message:
            case TextInput(text=text, from_name=name, images=images):
                shown = images_of(images)
                if not text.strip() and not shown:
                    raise ProtocolError("text-input: there is nothing in it")
                self._avatar.ask(viewer, UserInput(text, name or None, images=shown), request)
            case Heartbeat():
                viewer.send(told.heartbeat_ack(), request)
            case RequestInitConfig():
                viewer.send(part_of(client), request)
            case CreateNewHistory() if not settled:
                viewer.send(told.new_history_created(client.history_uid), request)
            case AudioStreamWanted():
                pass  # the others may not understand it
            case _ if (handler := HANDLERS.get(type(message))) is not None:
                await handler(client, message, request)
            case _:
                pass
