"""One conversation: what was said in it, as it was heard, shared by all who take part in it.

Its messages are a tree: what is said anew after a rollback, or in place of a message, is another branch beside the old one, and
nothing is deleted. The history is the way from the first message to the last one of the chosen branch.

Whatever becomes of the file, the conversation goes on: what cannot be written is kept here, and written with what comes next.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

from ..core.database import ANSWER_S, Database, StoreError
from ..core.types import Message, UserInput
from . import conversation_rows as rows
from . import conversation_work as work
from .conversation_rows import Identity
from .conversation_work import WINDOW, NoSuchMessage
from .message_rows import StoredMessage
from .schema import MIGRATIONS
from .unique_clock import UniqueClock

__all__ = ["Conversation", "NoSuchMessage", "StoredMessage"]

T = TypeVar("T")

BEHIND_S = 0.05
"""How long a file that has not answered before is waited for."""

log = logging.getLogger(__name__)


class Conversation:
    """Made by ``Conversations``. ``load`` reads what is there of it; nothing but the methods with ``async`` waits."""

    def __init__(self, database: Database, who: Identity, clock: UniqueClock) -> None:
        self.turn_lock = asyncio.Lock()
        """Held while a text turn is made: those of one conversation come one after another."""
        self.version = 0
        """Grows whenever the history changes."""
        self._database, self._who, self._clock = database, who, clock
        self._window: list[StoredMessage] = []
        self._unsaved: list[StoredMessage] = []
        self._stale = False
        """The file did not say whether the history ends elsewhere: it is to be read again."""
        self._observers: dict[Callable[[], None], object] = {}
        self.on_store: Callable[[StoreError | None], None] = lambda error: None
        """Told when the file does not take what is to be written, and when it does again (None)."""

    @classmethod
    def in_memory(cls, name: str, character: str) -> Conversation:
        """One that ends with its object."""
        return cls(Database.in_memory(MIGRATIONS), Identity("", name, uuid4().hex, character), UniqueClock())

    @property
    def owner(self) -> str:
        return self._who.owner

    @property
    def name(self) -> str:
        return self._who.name

    @property
    def uid(self) -> str:
        """Another one when the conversation was deleted and begins anew."""
        return self._who.uid

    def __len__(self) -> int:
        return len(self._window)

    @property
    def messages(self) -> Sequence[Message]:
        """The newest of the history, oldest first: 200 at most."""
        return tuple(stored.message for stored in self._window)

    def recent(self, limit: int) -> Sequence[StoredMessage]:
        """The newest of the history with their places, as far as they are at hand, oldest first."""
        return tuple(self._window[-limit:]) if limit > 0 else ()

    def with_exchange(self, heard: UserInput | None, reply: str) -> Sequence[Message]:
        """The messages as they would be after :meth:`add`."""
        return (*self.messages, *_exchange(heard, reply, None))

    def observe(self, changed: Callable[[], None], of: object = None) -> Callable[[], None]:
        """Tell ``changed`` when the history is another one, but not of what is added by ``of``. It must neither wait nor raise.
        Call what is returned to stop that."""
        self._observers[changed] = of

        def stop() -> None:
            self._observers.pop(changed, None)

        return stop

    async def load(self, limit_s: float = ANSWER_S) -> None:
        """Read the newest messages. Raises StoreError."""
        who, now = self._who, self._clock()
        self._window = await self._database.write(lambda connection: work.loaded(connection, who, now), limit_s=limit_s)

    async def entries(self, limit: int, before: int | None = None) -> list[StoredMessage]:
        """Messages of the history with their places, oldest first; ``before``: only those before this one.

        Raises StoreError, and NoSuchMessage for a ``before`` that is not in this conversation.
        """
        if before is None and (limit <= len(self._window) or len(self._window) < WINDOW):
            return list(self.recent(limit))
        who = self._who
        return await self._database.read(lambda connection: work.entries_of(connection, who, limit, before))

    async def add(
        self,
        heard: UserInput | None,
        reply: str,
        status: str = "completed",
        *,
        reply_message: Message | None = None,
        by: object = None,
    ) -> tuple[int | None, int | None]:
        """Put an exchange at the end of the history, committed when this returns; the ids of what was said and of the reply.

        A reply is kept as far as it was heard; one that nobody heard leaves nothing. An id is None for what leaves nothing,
        and for what could not be written within 1 s: that is kept here, and written later. Being cancelled does not hurry
        this. ``by`` is not told of it, see :meth:`observe`.
        """
        fresh = [
            StoredMessage(None, None, message, status if message.role == "assistant" else None, self._clock())
            for message in _exchange(heard, reply, reply_message)
        ]
        saved = await self._append(fresh) if fresh else []
        if saved:
            self._tell(by)
        ids = {stored.message.role: stored.id for stored in saved}
        return ids.get("user"), ids.get("assistant")

    async def rollback(self, count: int) -> int:
        """Take the newest messages off the history; how many went. Raises StoreError."""
        return await self._move(lambda connection, row: work.before_last(count, connection, row))

    async def rewind_to(self, message_id: int | None = None) -> UserInput:
        """End the history before this message of a user's, or before the one that this reply answers; what was said there.
        None: the newest message. Raises NoSuchMessage, StoreError."""
        return await self._move(lambda connection, row: work.before_question(message_id, connection, row))

    async def select(self, message_id: int, *, last: bool = False) -> None:
        """Go to the branch of this message, to the newest that was said there; ``last``: the history ends with the message
        itself. Raises NoSuchMessage, StoreError."""
        step = work.ending_with if last else work.newest_after
        await self._move(lambda connection, row: step(message_id, connection, row))

    async def check(self, message_id: int) -> None:
        """Raises NoSuchMessage when there is none of that id, and StoreError."""
        who = self._who
        await self._database.read(lambda connection: work.checked(connection, who, message_id))

    async def rename(self, title: str) -> None:
        """Raises StoreError."""
        self._who = who = replace(self._who, title=title)
        now = self._clock()
        await self._database.write(lambda connection: rows.rename(connection, who, title, now))

    async def save(self) -> None:
        """Write what could not be written before. Raises StoreError."""
        if self._unsaved:
            await self._write([], ANSWER_S)

    def begin_anew(self) -> None:
        """The conversation was deleted: whoever takes part in it goes on in one of the same name in which nothing was said."""
        self._who = replace(self._who, uid=uuid4().hex, title="")
        self._window, self._unsaved, self._stale = [], [], False
        self._tell(None)

    async def _append(self, fresh: list[StoredMessage]) -> list[StoredMessage]:
        """What became of the messages; nothing if the conversation was deleted meanwhile."""
        who, late = self._who, tuple(self._unsaved)
        try:
            saved = await self._write(fresh, BEHIND_S if late else ANSWER_S)
        except StoreError as error:
            if who.uid != self.uid:
                return []
            if not late:
                log.warning("conversation %s goes on in memory: %s", self.name, error)
            self._unsaved += fresh
            self._put(fresh)
            self.on_store(error)
            return fresh
        return saved[len(saved) - len(fresh) :] if who.uid == self.uid else []

    async def _write(self, fresh: list[StoredMessage], limit_s: float) -> list[StoredMessage]:
        """Write what waits to be written and what is fresh, and take it into the window. Raises StoreError."""
        who, messages, now, stale = self._who, [*self._unsaved, *fresh], self._clock(), self._stale
        saved, window = await self._database.write(
            lambda connection: work.added(connection, who, messages, now, stale), limit_s=limit_s, steadfast=True
        )
        if who.uid != self.uid:
            return saved
        if window is not None:
            self._window, self._stale = window, False
        self._put(saved)
        times = {stored.created_at for stored in saved}
        was_behind = bool(self._unsaved)
        self._unsaved = [stored for stored in self._unsaved if stored.created_at not in times]
        if was_behind and not self._unsaved:
            self.on_store(None)
        return saved

    def _put(self, messages: list[StoredMessage]) -> None:
        """Add messages to the window, in the order of their times, or their ids to those that are in it."""
        known = {stored.created_at: index for index, stored in enumerate(self._window)}
        for stored in messages:
            if (index := known.get(stored.created_at)) is not None:
                self._window[index] = stored
            else:
                insort(self._window, stored, key=lambda one: one.created_at)
        del self._window[:-WINDOW]

    async def _move(self, step: work.Step[T]) -> T:
        """Let the history end elsewhere. After a StoreError it may yet come to that: the file is asked again."""
        await self.save()
        who, now = self._who, self._clock()
        try:
            said, window = await self._database.write(
                lambda connection: work.moved(connection, who, step, now), steadfast=True
            )
        except StoreError:
            self._stale = True
            raise
        if who.uid == self.uid:
            self._window, self._stale = window, False
            self._tell(None)
        return said

    def _tell(self, by: object) -> None:
        self.version += 1
        for changed, of in tuple(self._observers.items()):
            if of is None or of is not by:
                changed()


def _exchange(heard: UserInput | None, reply: str, reply_message: Message | None) -> Iterator[Message]:
    if heard is not None:
        yield Message("user", heard.text, heard.viewer, images=heard.images)
    if reply_message is not None:
        yield reply_message
    elif reply:
        yield Message("assistant", reply)
