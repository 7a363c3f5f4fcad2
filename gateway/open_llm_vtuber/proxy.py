"""``WS /proxy-ws``: several clients before one avatar. Each speaks as it would on ``/client-ws``, with these differences:

text-input                     waits until all that was written before is answered
heartbeat, request-init-config are answered to whoever asks
create-new-history             from a client that comes where others are: it is told which conversation goes on
sound                          is heard and understood apart from that of the others' microphones
everything else                is done as if the avatar's own client had said it, and all are told
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from starlette.websockets import WebSocket

from ...core.errors import CapacityError, ProtocolError
from ...core.types import UserInput
from ..access.caller import caller_of
from ..connection import Connection, serve
from ..doors import Doors
from ..sockets import take_more
from . import server_messages as told
from .client_messages import (
    AudioStreamWanted,
    CreateNewHistory,
    Heartbeat,
    InterruptSignal,
    MicAudioData,
    MicAudioEnd,
    RawAudioData,
    RequestInitConfig,
    SwitchConfig,
    TextInput,
)
from .configs import switch
from .hello import greetings, part_of
from .measure import MAX_MESSAGE_BYTES
from .pictures import images_of
from .proxied import Avatar
from .reading import read
from .table import HANDLERS
from .viewer import Talker, Viewer

BROKEN = 1011


async def serve_proxy(websocket: WebSocket, doors: Doors) -> None:
    """Serve one client until it goes; refuse it before it is accepted when the server is full."""

    async def enter(held: AsyncExitStack) -> tuple[Avatar, Viewer]:
        held.enter_context(doors.admission.socket())
        try:
            return await held.enter_async_context(doors.proxies.enter(caller_of(websocket.scope)))
        except TimeoutError:
            raise CapacityError("the avatar's session did not begin in time") from None

    async def hold(connection: Connection, entered: tuple[Avatar, Viewer]) -> None:
        avatar, viewer = entered
        take_more(websocket, MAX_MESSAGE_BYTES)
        for message in greetings(avatar.client):
            viewer.send(message)
        connection.write(viewer.outbox.texts(), viewer.outbox.channel, viewer.outbox.lost)
        connection.goodbye(avatar.over, BROKEN, "the avatar's session has ended")
        talker = Talker(viewer, avatar.client, connection.tasks)
        try:
            await read(connection, _Asking(avatar, viewer, talker).obey, viewer.complain)
        finally:
            talker.leave()

    await serve(websocket, doors.admission, "proxy", enter, hold)


class _Asking:
    """What one of the clients asks for."""

    def __init__(self, avatar: Avatar, viewer: Viewer, talker: Talker) -> None:
        self._avatar, self._viewer, self._talker = avatar, viewer, talker
        self._settled = len(avatar.viewers) == 1
        """Whether it may begin a new conversation: their clients do as soon as they come."""

    async def obey(self, message: Any, request: str | None) -> None:
        """Raises HayakuchiError."""
        client, viewer, mic = self._avatar.client, self._viewer, self._talker.mic
        settled, self._settled = self._settled, self._settled or isinstance(message, CreateNewHistory)
        match message:
            case TextInput(text=text, from_name=name, images=images):
                shown = images_of(images)
                if not text.strip() and not shown:
                    raise ProtocolError("text-input: there is nothing in it")
                self._avatar.ask(viewer, UserInput(text, name or None, images=shown), request)
            case MicAudioData() | MicAudioEnd() | RawAudioData():
                await mic.obey(message)
            case Heartbeat():
                viewer.send(told.heartbeat_ack(), request)
            case RequestInitConfig():
                viewer.send(part_of(client), request)
            case CreateNewHistory() if not settled:
                viewer.send(told.new_history_created(client.history_uid), request)
            case SwitchConfig():
                switch(client, message, request, viewer.complain)
            case AudioStreamWanted():
                pass  # the others may not understand it
            case _ if (handler := HANDLERS.get(type(message))) is not None:
                if isinstance(message, InterruptSignal):
                    mic.forget()
                await handler(client, message, request)
            case _:
                pass
