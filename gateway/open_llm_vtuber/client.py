"""One connected frontend: who it is, the session that speaks to it, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError, SessionClosed
from ...core.events import TurnStatus
from ...core.place import Place, at
from ...core.types import UserInput
from ...live2d_bridge.stage import to_json
from ...orchestrator.cast import Part
from ...orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from ...orchestrator.session import Session
from ..access.caller import Caller
from ..access.meter import SoundMeter
from ..figures.observers import observers
from ..outbox import Outbox
from . import server_messages as told
from .calls import Calls
from .initiative import Initiative
from .lasting import lasting
from .microphone import Microphone
from .server_messages import Message
from .switching import Switching
from .turn_order import TurnOrder

if TYPE_CHECKING:
    from ..doors import Doors
    from .group import Group

AHEAD_MS = 30_000.0
"""Their clients keep a queue of items, so that much of a reply is sent as soon as it is there."""


@dataclass(frozen=True, slots=True)
class ItemSent:
    """An item of sound or words, or a piece of a stream of sound, was put into this client's outbox."""

    message: Message


@dataclass(frozen=True, slots=True)
class ReplyOver:
    """A reply has ended, and the client was told."""

    turn: int
    status: TurnStatus
    reply: str
    heard_reply: str


ClientEvent = ItemSent | ReplyOver


class Client:
    """One per connection. :meth:`begin` comes first; ``tasks`` is the connection's group, and ends with it."""

    session: Session
    """The one that runs; :meth:`begin` replaces it."""

    def __init__(self, doors: Doors, caller: Caller, part: Part, tasks: asyncio.TaskGroup) -> None:
        self.uid = str(uuid4())
        self.doors, self.caller, self.part, self.tasks = doors, caller, part, tasks
        self.sound = SoundMeter(doors.meter, caller)
        self.group: Group | None = None
        """The group that it is in; None: it is by itself."""
        self.initiative, self.calls = Initiative(), Calls()
        self.streams = False
        """It asked for its sound as ``audio-stream-*``."""
        self.outbox = Outbox()
        self.gone = False
        self._order: TurnOrder | None = None
        self._running: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self.choosing = asyncio.Lock()
        """Held while it is decided which conversation goes on, and with which character: an avatar may have many viewers."""
        self._watchers: list[Callable[[ClientEvent], None]] = []
        self._at_end: list[Callable[[], None]] = []
        self.switching = Switching(self)
        self.mic = Microphone(self)
        self.mics = [self.mic]
        """All that speak to it: where it is shared, each of those who share it has one."""

    @property
    def settings(self) -> OpenLlmVtuberSettings:
        """Those of the character that is on stage for it."""
        return self.part.look

    @property
    def history_uid(self) -> str:
        """Its conversation's name among those of ``caller.owner``."""
        return self.session.history.name

    @property
    def speaking(self) -> bool:
        """Whether a turn has the floor."""
        return self._running is not None and self.session.turn is not None

    def send(self, message: Message, request_id: str | None = None) -> None:
        """Put it into the outbox; never waits. ``request_id``: what the message answers."""
        self.outbox.put(to_json(message if request_id is None else {**message, "request_id": request_id}))

    def send_item(self, message: Message) -> None:
        """:meth:`send`, and tell whoever watches."""
        self.send(message)
        self._tell(ItemSent(message))

    def complain(self, error: HayakuchiError, request_id: str | None = None) -> None:
        """Tell the client what went wrong."""
        self.send(told.error(str(error)), request_id)

    def watch(self, observer: Callable[[ClientEvent], None]) -> Callable[[], None]:
        """Tell ``observer`` of everything from here on, at once; it must neither wait nor raise. Call what is returned to stop
        that."""
        self._watchers.append(observer)
        return lambda: self._watchers.remove(observer)

    def at_end(self, callback: Callable[[], None]) -> None:
        """To be called once, when the connection is over; it must neither wait nor raise."""
        self._at_end.append(callback)

    async def begin(self, history_uid: str | None = None, part: Part | None = None) -> None:
        """End what is being said, which is kept as far as it was heard, and go on with that conversation (None: a fresh one) as
        that part (None: the same)."""
        async with self._beginning:
            engine, name, part = self.doors.engine, history_uid or uuid4().hex, part or self.part
            history = await engine.conversations.open(self.caller.owner, name, part.character.name, lazily=True)
            session = engine.new_session(name, history, part, AHEAD_MS)
            await self._end()
            self.part, self.session = part, session
            self._order = TurnOrder(self, session, self._over)
            session.observe(self.calls.observe)
            session.observe(self._order.observe)
            session.observe(lambda event: self.initiative.observe(event, loop_ms()))
            for observer in observers(session, self.doors.figures, self.doors.traces, partial(_model, part)):
                session.observe(observer)
            with at(Place(session=name)):
                self._running = self.tasks.create_task(lasting(session), name=f"client {self.uid}: session")

    async def say(
        self, heard: UserInput, by: Caller | None = None, *, unless: Callable[[], bool] = lambda: False
    ) -> bool:
        """Somebody said this to the avatar, or to the group that it is in: what is being spoken stops, and it is answered,
        unless by then that is true. ``by`` is counted for it; None: who is connected.

        Raises CapacityError, SessionClosed, and Problem where it is more than the caller may ask for.
        """
        if self.group is None:
            return await self.answer(heard, by=by, unless=unless)
        self.group.said(self, heard, by)
        return True

    async def answer(
        self, heard: UserInput, *, by: Caller | None = None, unless: Callable[[], bool] = lambda: False
    ) -> bool:
        """This avatar answers, unless by then that is true: whether it does. Raises what :meth:`say` does."""
        caller = by or self.caller
        async with self._beginning:
            lost = self._running is not None and self._running.done()
        if lost and not self.gone:  # whoever began another conversation did not get to its end
            await self.begin(self.history_uid)
        if unless():
            return False
        self.doors.meter.request(caller)
        await self.doors.meter.charge(caller, characters=len(heard.text))
        self.doors.admission.check()
        if unless():
            return False
        self.note_heard()
        self.session.say(heard)
        return True

    def interrupt(self, heard: str | None = None) -> None:
        """Whoever speaks to this client stops. ``heard``: what the client says was heard of it; None: it does not say."""
        self.mic.forget()
        if self.group is not None:
            self.group.interrupt(self, heard)
        else:
            self.hush(heard)

    def cut_in(self) -> None:
        """Somebody speaks into a microphone: :meth:`interrupt`, of which clients are told."""
        self.send(told.control("interrupt"))
        self.interrupt()

    def hush(self, heard: str | None = None) -> None:
        """This avatar stops speaking."""
        self.note_heard(heard)
        with suppress(CapacityError, SessionClosed):
            self.session.interrupt()

    def note_heard(self, words: str | None = None) -> None:
        """Bring the play clock up to this moment."""
        if self._order is not None:
            self._order.note_heard(words)

    def play_started(self, text: str | None) -> None:
        """The client begins to play the item with this text."""
        if self._order is not None:
            self._order.play_started(text)

    def play_completed(self) -> None:
        """The client has played all items."""
        if self._order is not None:
            self._order.play_completed()

    def leave(self) -> None:
        """The connection is over; idempotent."""
        if self.gone:
            return
        self.gone = True
        self.note_heard()
        self.sound.leave()
        for callback in self._at_end:
            callback()

    async def _end(self) -> None:
        """End the session that runs, and wait until what it said is written down."""
        if self._running is None or self._order is None:
            return
        self.note_heard()
        for mic in self.mics:
            mic.close()
        self.session.close()
        await asyncio.wait([self._running])
        self._order.close()

    def _over(self, turn: int, status: TurnStatus, reply: str, heard_reply: str) -> None:
        self._tell(ReplyOver(turn, status, reply, heard_reply))

    def _tell(self, event: ClientEvent) -> None:
        for watcher in tuple(self._watchers):
            watcher(event)


Handler = Callable[[Client, Any, str | None], Awaitable[None]]
"""What is done about a message: the client, the message, its ``request_id``."""


def _model(part: Part) -> str | None:
    """The name of the model that answers for this character."""
    return part.llm.in_use.name if part.llm.in_use else None
