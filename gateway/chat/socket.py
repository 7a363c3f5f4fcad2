"""``WS /chat/ws``: one conversation in text, told as it is written."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing
from uuid import uuid4

from starlette.websockets import WebSocket

from ...core.channel import Channel
from ...core.errors import HayakuchiError, ProtocolError
from ...core.types import Message
from ...orchestrator.conversation import Conversation
from ..access.caller import Caller, caller_of
from ..api.problem import Problem
from ..api.serving import problem_of
from ..connection import Connection, connected
from ..doors import Doors
from ..stage.entries import HISTORY
from ..stage.rooms import NAME
from . import protocol
from .models import Mind
from .protocol import Edit, Regenerate, Say, Stop
from .request import ChatRequest, Rewind
from .service import ChatService

OUTBOX = 64
"""Messages that a client may be behind; then the model waits for it."""
SLOW_S = 20.0
"""Who takes nothing for so long is let go."""


async def serve_chat(websocket: WebSocket, doors: Doors, service: ChatService) -> None:
    """Serve one client until it goes; refuse it before it is accepted where the query is wrong or the server is full."""
    with ExitStack() as held:
        await _serve(websocket, doors, service, held)


async def _serve(websocket: WebSocket, doors: Doors, service: ChatService, held: ExitStack) -> None:
    caller = caller_of(websocket.scope)
    name = websocket.query_params.get("session") or uuid4().hex
    try:
        held.enter_context(doors.admission.session())
        if not NAME.fullmatch(name):
            raise Problem(400, "a session's name is 1 to 64 of A-Z a-z 0-9 _ -", "invalid_session", "session")
        mind = await service.models.find(websocket.query_params.get("model", ""))
        async with doors.engine.conversations.hold(caller.owner, name, mind.id) as conversation:
            await websocket.accept()
            async with connected(websocket, doors.admission, "chat") as connection:
                await _Chat(connection, doors, service, caller, mind, conversation).run()
    except HayakuchiError as error:
        await websocket.send_denial_response(problem_of(error).response())


class _Chat:
    def __init__(
        self,
        connection: Connection,
        doors: Doors,
        service: ChatService,
        caller: Caller,
        mind: Mind,
        conversation: Conversation,
    ) -> None:
        self._connection, self._service, self._meter, self._caller = connection, service, doors.meter, caller
        self._mind, self._conversation = mind, conversation
        self._outbox: Channel[str] = Channel(OUTBOX)
        self._changed = asyncio.Event()
        self._telling = asyncio.Lock()
        """The end of a reply is told before the history that it made."""
        self._reply: asyncio.Task[None] | None = None
        self._replies = 0

    async def run(self) -> None:
        """Read and write until one side ends."""
        connection, conversation = self._connection, self._conversation
        connection.write(self._outbox, self._outbox, slow_s=SLOW_S)
        forget = conversation.observe(self._changed.set)
        try:
            connection.begin(self._tell_changes(), "tell of changes")
            await self._outbox.put(protocol.opened(conversation.name, self._mind.id, conversation.recent(HISTORY)))
            await connection.read_texts(self._take)
        finally:
            forget()

    async def _take(self, text: str) -> None:
        try:
            await self._obey(protocol.parse(text))
        except ProtocolError as mistake:
            self._connection.count(mistake)
            await self._outbox.put(protocol.error(mistake))
        else:
            self._connection.understood()

    async def _obey(self, message: protocol.ClientMessage) -> None:
        await self._stop()
        match message:
            case Say():
                asked = self._asked(
                    message.message, speak=message.speak, disable_quick_response=message.disable_quick_response
                )
            case Edit(text=text, message=place):
                asked = self._asked(Message("user", text), rewind=Rewind(place))
            case Regenerate(message=place):
                asked = self._asked(rewind=Rewind(place))
            case Stop():
                return
        self._replies += 1
        self._reply = self._connection.begin(self._answer(self._replies, asked), "reply")

    async def _stop(self) -> None:
        """End the reply that is running, and wait until what was told of it is kept."""
        running = self._reply
        if running is not None and not running.done():
            async with self._telling:
                running.cancel()
                await asyncio.wait([running])
                await self._outbox.put(protocol.stopped(self._replies))

    def _asked(
        self,
        *messages: Message,
        rewind: Rewind | None = None,
        speak: bool = False,
        disable_quick_response: bool = False,
    ) -> ChatRequest:
        return ChatRequest(
            self._mind.id,
            messages,
            session=self._conversation.name,
            disable_quick_response=disable_quick_response,
            speak=speak,
            rewind=rewind,
        )

    async def _answer(self, number: int, asked: ChatRequest) -> None:
        try:
            self._meter.request(self._caller)
            async with aclosing(self._service.reply(asked, self._caller)) as events:
                async for happened in events:
                    if (told := protocol.event(number, happened)) is not None:
                        await self._outbox.put(told)
        except HayakuchiError as error:
            await self._outbox.put(protocol.error(error, number))

    async def _tell_changes(self) -> None:
        """Tell the whole history when it is another one, by whomever; while a reply is written that waits for its end."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if (running := self._reply) is not None and not running.done():
                await asyncio.wait([running])
            async with self._telling:
                await self._outbox.put(protocol.changed(self._conversation.recent(HISTORY)))
