"""One avatar that many clients share: all of them are told what it is told, and what they write waits for its turn.

An owner has one at most. It is there while any of its viewers is; then its session ends, and the conversation is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...core.errors import CapacityError, HayakuchiError
from ...core.types import UserInput
from ..access.caller import Caller
from .client import Client, ClientEvent, ReplyOver
from .viewer import Viewer

if TYPE_CHECKING:
    from ..doors import Doors

WAITING: Final = 64
"""Messages that wait for their turn, at most."""
WAITING_OF_ONE: Final = 16
READY_S: Final = 10.0
"""How long the avatar's session may take to begin."""
STILL_S: Final = 120.0
"""How long nothing may come of a reply that waits for no tool: more than its sound is sent ahead and a client is waited
for."""
LONGEST_S: Final = 900.0

log = logging.getLogger(__name__)


class _Over(Exception):
    """Nobody is left."""


@dataclass(frozen=True, slots=True)
class _Asked:
    by: Viewer
    heard: UserInput
    request_id: str | None


class Avatar:
    """``run`` lasts until :meth:`close`, or until something breaks: then ``over`` is set, and ``error`` says what. There is a
    ``client`` once ``ready`` is set, unless there is an ``error``."""

    client: Client

    def __init__(self, doors: Doors, caller: Caller) -> None:
        self._doors, self._caller = doors, caller
        self.viewers: list[Viewer] = []
        self.ready, self.over, self._closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.error: HayakuchiError | None = None
        self._asked: deque[_Asked] = deque()
        self._came, self._stirred = asyncio.Event(), asyncio.Event()
        self._ended = 0
        """The last turn of the session that has ended."""

    def ask(self, by: Viewer, heard: UserInput, request_id: str | None) -> None:
        """It is said when all replies before are over. Raises CapacityError."""
        if len(self._asked) >= WAITING or sum(one.by is by for one in self._asked) >= WAITING_OF_ONE:
            raise CapacityError("too many messages wait for an answer", retry_after_s=5.0)
        self._asked.append(_Asked(by, heard, request_id))
        self._came.set()

    def leave(self, viewer: Viewer) -> None:
        """What it wrote and nobody has answered yet loses its place."""
        self.viewers.remove(viewer)
        self._asked = deque(one for one in self._asked if one.by is not viewer)

    @property
    def owner(self) -> str:
        return self._caller.owner

    def close(self) -> None:
        """Nobody is left."""
        self._closed.set()

    def end(self) -> None:
        """It has run: its viewers are told why if something broke, and nobody waits for it."""
        if self.error is not None:
            for viewer in self.viewers:
                viewer.complain(self.error)
        self.ready.set()
        self.over.set()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                stage = self._doors.look.seen(self._doors.engine.cast.on_stage)
                client = self.client = Client(self._doors, self._caller, stage, tasks)
                await client.begin()
                client.watch(self._note)
                tasks.create_task(self._tell(), name=f"proxied {client.uid}: tell")
                tasks.create_task(self._answer(), name=f"proxied {client.uid}: answer")
                self._doors.clients.add(client)
                self.ready.set()
                try:
                    await self._closed.wait()
                finally:
                    self._doors.clients.remove(client)
                    client.leave()
                raise _Over
        except* _Over:
            pass
        except* HayakuchiError as group:
            self.error = next(error for error in group.exceptions if isinstance(error, HayakuchiError))

    async def _tell(self) -> None:
        """Tell all viewers what the avatar's client is told."""
        async for text in self.client.outbox.texts():
            self._stirred.set()
            for viewer in self.viewers:
                viewer.outbox.put(text)

    def _note(self, event: ClientEvent) -> None:
        if isinstance(event, ReplyOver):
            self._ended = event.turn
            self._stirred.set()

    async def _answer(self) -> None:
        """One after another; whatever else is being said is heard out, too."""
        while True:
            await self._came.wait()
            self._came.clear()
            while self._asked:
                await self._until(lambda: not self._speaking)
                if self._asked:
                    await self._say(self._asked.popleft())

    @property
    def _speaking(self) -> bool:
        group = self.client.group
        return self.client.speaking or (group is not None and not group.quiet.is_set())

    async def _say(self, asked: _Asked) -> None:
        """Returns when the reply is over."""
        client = self.client
        session, before, grouped = client.session, client.session.turns, client.group is not None
        self._ended = 0  # what has ended so far may have been another session's

        def over() -> bool:
            return not self._speaking if grouped else client.session is not session or self._ended > before

        try:
            await client.say(asked.heard, asked.by.caller)
        except HayakuchiError as error:
            asked.by.complain(error, asked.request_id)
        else:
            await self._until(over)

    async def _until(self, over: Callable[[], bool]) -> None:
        """Wait for that; what does not come to an end is ended."""
        try:
            async with asyncio.timeout(LONGEST_S):
                while not over():
                    if (group := self.client.group) is not None and not group.quiet.is_set():
                        await group.quiet.wait()
                        continue
                    self._stirred.clear()
                    await self._stir()
        except TimeoutError:
            self.client.interrupt()

    async def _stir(self) -> None:
        """Until something comes. Raises TimeoutError where nothing does, and no tool is waited for: of the end of a call the
        client is told."""
        try:
            async with asyncio.timeout(STILL_S):
                await self._stirred.wait()
        except TimeoutError:
            if not self.client.calls.running:
                raise


class Proxies:
    """``doors.proxies``, by owner. ``run`` holds the avatars; it lasts as long as the server."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._by_owner: dict[str, Avatar] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._by_owner)

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                await asyncio.Event().wait()
            finally:
                self._tasks = None

    @asynccontextmanager
    async def enter(self, caller: Caller) -> AsyncIterator[tuple[Avatar, Viewer]]:
        """The owner's avatar, made where there is none. Raises CapacityError, and what the session cannot be begun for."""
        avatar = self._by_owner.get(caller.owner) or self._made(caller)
        viewer = Viewer(caller)
        avatar.viewers.append(viewer)
        try:
            async with asyncio.timeout(READY_S):
                await avatar.ready.wait()
            if avatar.error is not None:
                raise avatar.error
            yield avatar, viewer
        finally:
            avatar.leave(viewer)
            if not avatar.viewers:
                self._forget(avatar)
                avatar.close()

    def _made(self, caller: Caller) -> Avatar:
        if self._tasks is None:
            raise CapacityError("the server does not run")
        self._doors.admission.begin_session()
        avatar = self._by_owner[caller.owner] = Avatar(self._doors, caller)
        self._tasks.create_task(self._held(avatar), name="proxied avatar")
        return avatar

    async def _held(self, avatar: Avatar) -> None:
        try:
            await avatar.run()
        except Exception:
            # An avatar is a boundary: what breaks in it ends this one, and nobody else's.
            log.exception("a proxied avatar broke")
            avatar.error = HayakuchiError("the avatar broke: an internal error; the log has the details")
        finally:
            self._forget(avatar)
            avatar.end()
            self._doors.admission.end_session()

    def _forget(self, avatar: Avatar) -> None:
        """Whoever comes next has another one; idempotent."""
        if self._by_owner.get(avatar.owner) is avatar:
            del self._by_owner[avatar.owner]
