"""``WS /chat/ws``: one conversation in text, told as it is written."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from ...core.channel import Channel
from ...core.errors import HayakuchiError, ProtocolError
from ...core.types import Message
from ...orchestrator.conversation import Conversation
from ..access.caller import Caller, caller_of
from ..api.problem import Problem
from ..api.serving import problem_of
from ..doors import Doors
from ..sockets import part
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
MAX_MISTAKES = 20


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
            await _Connection(websocket, doors, service, caller, mind, conversation).serve()
    except HayakuchiError as error:
        await websocket.send_denial_response(problem_of(error).response())


class _Goodbye(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class _Connection:
    def __init__(
        self,
        websocket: WebSocket,
        doors: Doors,
        service: ChatService,
        caller: Caller,
        mind: Mind,
        conversation: Conversation,
    ) -> None:
        self._meter, self._admission = doors.meter, doors.admission
        self._websocket, self._service, self._caller = websocket, service, caller
        self._mind, self._conversation = mind, conversation
        self._outbox: Channel[str] = Channel(OUTBOX)
        self._changed = asyncio.Event()
        self._telling = asyncio.Lock()
        """The end of a reply is told before the history that it made."""
        self._reply: asyncio.Task[None] | None = None
        self._replies = self._mistakes = 0

    async def serve(self) -> None:
        """Read and write until one side ends; close with the code that tells why."""
        await self._websocket.accept()
        goodbyes: list[_Goodbye] = []
        forget = self._conversation.observe(self._changed.set)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(), name="chat: write")
                group.create_task(self._tell_changes(), name="chat: tell of changes")
                group.create_task(self._read(group), name="chat: read")
                group.create_task(self._part(), name="chat: part")
        except* _Goodbye as group:
            goodbyes += [one for one in group.exceptions if isinstance(one, _Goodbye)]
        except* WebSocketDisconnect:
            pass
        finally:
            forget()
        for goodbye in goodbyes[:1]:
            await part(self._websocket, goodbye.code, goodbye.reason, self._outbox)

    async def _part(self) -> None:
        await self._admission.goodbye.wait()
        raise _Goodbye(1001, "the server ends")

    async def _write(self) -> None:
        """Send what waits; a client that does not read is let go."""
        async for message in self._outbox:
            try:
                async with asyncio.timeout(SLOW_S):
                    await self._websocket.send_text(message)
            except TimeoutError:
                raise _Goodbye(1008, "too slow to follow") from None

    async def _read(self, group: asyncio.TaskGroup) -> None:
        history = self._conversation.recent(HISTORY)
        await self._outbox.put(protocol.opened(self._conversation.name, self._mind.id, history))
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            text = message.get("text")
            if text is None:
                raise _Goodbye(1003, "binary frames are not understood")
            try:
                await self._obey(protocol.parse(text), group)
            except ProtocolError as mistake:
                self._mistakes += 1
                if self._mistakes >= MAX_MISTAKES:
                    raise _Goodbye(1008, "too many messages that were not understood") from mistake
                await self._outbox.put(protocol.error(mistake))
            # Messages that came together are received without waiting: whoever sends many must not keep the others from theirs.
            await asyncio.sleep(0)

    async def _obey(self, message: protocol.ClientMessage, group: asyncio.TaskGroup) -> None:
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
        self._reply = group.create_task(self._answer(self._replies, asked), name="chat: reply")

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
