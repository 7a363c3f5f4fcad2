"""A WebSocket that is let in, whoever is behind it: what waits for its client is sent, what the client says is read, and in the
end it is closed with the code that tells why.

1001    the server ends, or the session that the connection is for
1003    a kind of frame that is not understood
1008    the client does not follow, sends too much at once, or is not understood again and again
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NoReturn, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from ..core.channel import Channel
from ..core.clock import loop_ms
from ..core.deadline import Patience
from ..core.errors import HayakuchiError, ProtocolError, SessionClosed
from .admission import Admission
from .refusal import refuse
from .sockets import part, send

MAX_MISTAKES = 20
"""Messages in a row, where understanding one makes up for those before."""
AT_ONCE = 8
"""Messages of one client that are taken before others have their turn."""
SLOW_S = 30.0
"""Who takes nothing for so long is let go."""
GOING_AWAY, NOT_UNDERSTOOD, POLICY = 1001, 1003, 1008
TOO_SLOW = "too slow to follow"

T = TypeVar("T")
Waiting = Channel[str] | Channel[str | bytes]


class Goodbye(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class Budget:
    """How much one connection may send, in characters and bytes: so much at once, and so much a second. Times in ms."""

    def __init__(self, at_once: int, per_s: int, now: float) -> None:
        self._most, self._per_s = at_once, per_s
        self._at, self._left = now, float(at_once)

    def take(self, length: int, now: float) -> bool:
        """One more message; False when it is too much."""
        self._left = min(self._left + (now - self._at) / 1000 * self._per_s, self._most) - length
        self._at = now
        return self._left >= 0


class Connection:
    """``tasks`` end with it. A Goodbye that any of them raises, or whoever holds the connection, closes it."""

    def __init__(self, websocket: WebSocket, tasks: asyncio.TaskGroup, name: str) -> None:
        self.websocket, self.tasks, self.name = websocket, tasks, name
        self._mistakes = 0
        self._rest: Waiting | None = None
        self._lost: asyncio.Event | None = None

    @property
    def rest(self) -> Waiting | None:
        """What is still to be sent; None where the client does not follow."""
        return None if self._lost is not None and self._lost.is_set() else self._rest

    def write(
        self,
        messages: AsyncIterable[str | bytes],
        rest: Waiting,
        lost: asyncio.Event | None = None,
        slow_s: float | None = None,
    ) -> None:
        """Send ``messages``, of which ``rest`` holds those that wait. ``lost`` is set when too many do; who takes none for
        ``slow_s`` (None: 30 s) is let go as well."""
        self._rest, self._lost = rest, lost
        self.begin(self._write(messages, SLOW_S if slow_s is None else slow_s), "write")
        if lost is not None:
            self.goodbye(lost, POLICY, TOO_SLOW)

    def goodbye(self, when: asyncio.Event, code: int, reason: str) -> None:
        """Close it so when that is set, also while a message is stuck on its way."""
        self.begin(_goodbye(when, code, reason), "watch")

    def begin(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Do this beside the rest; it ends with the connection."""
        return self.tasks.create_task(work, name=f"{self.name}: {what}")

    async def read(
        self, take: Callable[[str | None, bytes], Awaitable[None]], budget: Budget | None = None
    ) -> NoReturn:
        """Give every frame to ``take``: its text, or None and its bytes. Raises WebSocketDisconnect, and Goodbye."""
        taken = 0
        while True:
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            text, data = message.get("text"), message.get("bytes") or b""
            if budget is not None and not budget.take(len(data) if text is None else len(text), loop_ms()):
                raise Goodbye(POLICY, "too much at once")
            try:
                await take(text, data)
            except SessionClosed as error:
                raise Goodbye(GOING_AWAY, str(error)) from error
            # Messages that came together are received without waiting: whoever sends many must not keep the others from theirs.
            taken += 1
            if taken % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def read_texts(self, take: Callable[[str], Awaitable[None]], budget: Budget | None = None) -> NoReturn:
        """:meth:`read` where there is nothing but text."""

        async def take_text(text: str | None, data: bytes) -> None:
            if text is None:
                raise Goodbye(NOT_UNDERSTOOD, "binary frames are not understood")
            await take(text)

        await self.read(take_text, budget)

    async def _write(self, messages: AsyncIterable[str | bytes], slow_s: float) -> None:
        patience = Patience()
        try:
            async for message in messages:
                patience.begin(slow_s)
                try:
                    await send(self.websocket, message)
                except asyncio.CancelledError:
                    if not patience.is_up():
                        raise
                    raise Goodbye(POLICY, TOO_SLOW) from None
                finally:
                    patience.end()
        finally:
            patience.stop()

    def count(self, error: HayakuchiError) -> None:
        """A message failed. Raises Goodbye where it was one too many that was not understood."""
        if isinstance(error, ProtocolError):
            self._mistakes += 1
            if self._mistakes >= MAX_MISTAKES:
                raise Goodbye(POLICY, "too many messages that were not understood") from error

    def understood(self) -> None:
        """The mistakes so far are forgiven."""
        self._mistakes = 0


@asynccontextmanager
async def connected(websocket: WebSocket, admission: Admission, name: str) -> AsyncIterator[Connection]:
    """The connection, which was accepted, until whoever holds it raises: it ends with the server, and with its client."""
    goodbyes: list[Goodbye] = []
    tasks = asyncio.TaskGroup()
    connection = Connection(websocket, tasks, name)
    try:
        async with tasks:
            connection.goodbye(admission.goodbye, GOING_AWAY, "the server ends")
            yield connection
    except* Goodbye as group:
        goodbyes += [error for error in group.exceptions if isinstance(error, Goodbye)]
    except* WebSocketDisconnect:
        pass
    for goodbye in goodbyes[:1]:
        await part(websocket, goodbye.code, goodbye.reason, connection.rest)


async def serve(
    websocket: WebSocket,
    admission: Admission,
    name: str,
    enter: Callable[[AsyncExitStack], Awaitable[T]],
    hold: Callable[[Connection, T], Awaitable[None]],
) -> None:
    """Accept the connection and ``hold`` it until it is over, with what ``enter`` gives. Where that raises HayakuchiError the
    connection is refused, before it is accepted."""
    async with AsyncExitStack() as held:
        try:
            entered = await enter(held)
        except HayakuchiError as error:
            await refuse(websocket, 400 if isinstance(error, ProtocolError) else 503, error)
        else:
            await websocket.accept()
            async with connected(websocket, admission, name) as connection:
                await hold(connection, entered)


async def serve_session(
    websocket: WebSocket, admission: Admission, name: str, hold: Callable[[Connection], Awaitable[None]]
) -> None:
    """:meth:`serve` what is a session by itself; it is refused where the server is full."""

    async def enter(held: AsyncExitStack) -> None:
        held.enter_context(admission.session())

    async def hold_it(connection: Connection, entered: None) -> None:
        await hold(connection)

    await serve(websocket, admission, name, enter, hold_it)


async def _goodbye(when: asyncio.Event, code: int, reason: str) -> None:
    await when.wait()
    raise Goodbye(code, reason)
