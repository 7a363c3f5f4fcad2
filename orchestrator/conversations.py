"""All conversations of a server: opened by name, listed, deleted, forgotten when nobody wants them any longer.

They are kept in a SQLite file, which one server at a time writes to: a second one keeps its conversations in memory, because
two could not know of what the other one's say. So does one whose file cannot be had; ``problem`` says why.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from ..core.database import Database, StoreError
from ..core.user_folders import user_data
from . import conversation_rows as rows
from .conversation import Conversation
from .conversation_rows import ConversationSummary, Identity
from .file_claim import FileClaim
from .gateway_settings import SessionsSettings
from .schema import MIGRATIONS
from .unique_clock import UniqueClock

__all__ = ["ConversationSummary", "Conversations", "database_file"]

IN_MEMORY = "conversations are kept in memory and end with the server"
SWEEP_S = 3600.0
RETRY_S = 5.0
"""How often the file is asked to take what it did not take before."""
OPEN_S = 10.0
"""How long a file that is slow is waited for: what is said in a conversation that it did not give is not kept."""
BATCH = 500
"""Messages that are deleted at a time: others are let in between."""
DELETED = "!"
"""Owner of what is deleted: no caller has this one."""

log = logging.getLogger(__name__)
Key = tuple[str, str]


def database_file(settings: SessionsSettings) -> Path | None:
    """Where conversations, keys and their use are kept; None where this user has no place for it."""
    if settings.file is not None:
        return settings.file.expanduser()
    folder = user_data(os.environ, sys.platform)
    return folder / "hayakuchi" / "hayakuchi.sqlite3" if folder else None


class Conversations:
    """Opened and closed with the engine. ``keys``: the file is wanted for the keys, whatever becomes of conversations."""

    def __init__(self, settings: SessionsSettings, *, keys: bool = False) -> None:
        self.settings = settings
        self.problem: str | None = None
        """Why conversations are not kept though they should be."""
        self.database = Database.in_memory(MIGRATIONS)
        """The file if it could be opened: keys and their use are there, too."""
        self._memory = self._shelf = self.database
        self._file_wanted = settings.keep or keys
        self._clock = UniqueClock()
        self._claim: FileClaim | None = None
        self._live: weakref.WeakValueDictionary[Key, Conversation] = weakref.WeakValueDictionary()
        self._locks: weakref.WeakValueDictionary[Key, asyncio.Lock] = weakref.WeakValueDictionary()
        self._unsaved: dict[int, Conversation] = {}
        """Those that must not be forgotten before they are written."""

    async def start(self) -> None:
        """Open the file; without it all goes on in memory. Never raises."""
        if not self._file_wanted:
            return
        path = database_file(self.settings)
        if path is None:
            self._give_up("there is no folder for this user's data; name a file as sessions.file")
            return
        database = Database(path, MIGRATIONS)
        try:
            await database.open()
        except StoreError as error:
            self._give_up(str(error))
            return
        self.database = database
        if self.settings.keep:
            await self._keep_in(database, path)

    async def _keep_in(self, database: Database, path: Path) -> None:
        claim = FileClaim(path)
        try:
            claim.take()
            self._clock.not_before(await database.read(rows.last_use))
        except StoreError as error:
            claim.release()
            self._give_up(str(error))
            return
        self._claim, self._shelf = claim, database

    async def aclose(self) -> None:
        """Write what waits, close the file; idempotent."""
        await self._save()
        await self.database.aclose()
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    async def open(self, owner: str, name: str, character: str, *, lazily: bool = False) -> Conversation:
        """The conversation of that name, made when there is none: the same object for all as long as anybody has it.

        Where the file does not answer it goes on in memory. ``lazily``: the file knows nothing of it until something is said.
        """
        async with self._lock((owner, name)):
            found = self._live.get((owner, name))
            return found if found is not None else await self._opened(owner, name, character, lazily)

    @asynccontextmanager
    async def hold(self, owner: str, name: str, character: str) -> AsyncIterator[Conversation]:
        """The conversation, which is kept in memory within."""
        yield await self.open(owner, name, character)

    async def create(self, owner: str, character: str, title: str = "") -> ConversationSummary:
        """A conversation with a name that cannot be guessed. Raises StoreError."""
        who = Identity(owner, uuid4().hex, uuid4().hex, character, title)
        now = self._clock()
        await self._shelf.write(lambda connection: rows.row_of(connection, who, now))
        return ConversationSummary(who.name, who.uid, title, character, now, now, 0)

    async def find(self, owner: str, name: str) -> ConversationSummary | None:
        """Raises StoreError."""
        return await self._shelf.read(lambda connection: rows.summary_of(connection, owner, name))

    async def list(
        self, owner: str, *, limit: int = 50, before: float | None = None, characters: Sequence[str] = ()
    ) -> list[ConversationSummary]:
        """Those of this owner, used last first; ``before``: only those used before that time; ``characters``: only those with
        one of these. Raises StoreError."""
        return await self._shelf.read(lambda connection: rows.summaries(connection, owner, limit, before, characters))

    async def delete(self, owner: str, name: str) -> bool:
        """Delete a conversation for good; whether there was one. Whoever takes part in it begins anew. Raises StoreError."""
        async with self._lock((owner, name)):
            gone = await self._shelf.write(lambda connection: rows.hide(connection, owner, name, DELETED))
            live = self._live.get((owner, name))
            if gone is not None and live is not None:
                live.begin_anew()
                self._unsaved.pop(id(live), None)
        if gone is not None:
            await self._forget(gone)
        return gone is not None

    async def run(self) -> None:
        """Forget what is too old and what is too much, at once and every hour, and write what waits for it; never ends."""
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                log.warning("old conversations were not deleted: %s", error)
            for _ in range(round(SWEEP_S / RETRY_S)):
                await asyncio.sleep(RETRY_S)
                await self._save()

    async def _save(self) -> None:
        """Try to write what could not be written before."""
        for conversation in tuple(self._unsaved.values()):
            try:
                await conversation.save()
            except StoreError as error:
                self._take_note(conversation, error)
                return

    async def sweep(self) -> None:
        """Forget the conversations that are too old or too many, except those in use, and messages that are too many.
        Raises StoreError."""
        settings, shelf = self.settings, self._shelf
        before = self._clock() - settings.ttl_days * 86_400 if settings.ttl_days else 0.0
        for owner, name in await shelf.read(
            lambda connection: rows.overdue(connection, before, settings.max_stored, DELETED)
        ):
            await self._forget_unused(owner, name)
        for session in await shelf.read(lambda connection: rows.too_long(connection, settings.max_messages)):
            await self._shorten(session)

    async def _forget_unused(self, owner: str, name: str) -> None:
        async with self._lock((owner, name)):
            if (owner, name) in self._live:
                return
            gone = await self._shelf.write(lambda connection: rows.hide(connection, owner, name, DELETED))
        if gone is not None:
            await self._forget(gone)

    async def _forget(self, session: int) -> None:
        await self._in_batches(lambda connection: rows.forget_some(connection, session, BATCH))

    async def _shorten(self, session: int) -> None:
        most = self.settings.max_messages
        await self._in_batches(lambda connection: rows.shorten_some(connection, session, most, BATCH))

    async def _in_batches(self, some: Callable[[sqlite3.Connection], bool]) -> None:
        """Repeat it until there is no more to do, letting others in between."""
        more = True
        while more:
            more = await self._shelf.write(some)
            await asyncio.sleep(0)

    async def _opened(self, owner: str, name: str, character: str, lazily: bool) -> Conversation:
        try:
            made = await self._loaded(self._shelf, owner, name, character, lazily)
        except StoreError as error:
            self._give_up(str(error))
            made = await self._loaded(self._memory, owner, name, character, lazily)
        else:
            if self._shelf is not self._memory and not self._unsaved:
                self.problem = None  # the file answers again
        self._live[owner, name] = made
        return made

    async def _loaded(self, shelf: Database, owner: str, name: str, character: str, lazily: bool) -> Conversation:
        found = await shelf.read(lambda connection: rows.summary_of(connection, owner, name), limit_s=OPEN_S)
        uid, title = (found.uid, found.title) if found else (uuid4().hex, "")
        made = Conversation(shelf, Identity(owner, name, uid, character, title), self._clock)
        if found or not lazily:
            await made.load(OPEN_S)
        reference = weakref.ref(made)

        def told(error: StoreError | None) -> None:
            self._take_note(reference(), error)

        made.on_store = told
        return made

    def _take_note(self, conversation: Conversation | None, error: StoreError | None) -> None:
        if conversation is None:
            return
        if error is not None:
            self._unsaved[id(conversation)] = conversation
            self.problem = f"{IN_MEMORY} until the file takes them: {error}"
            return
        self._unsaved.pop(id(conversation), None)
        if not self._unsaved:
            self.problem = None

    def _give_up(self, why: str) -> None:
        self.problem = f"{IN_MEMORY}: {why}"
        log.warning("%s", self.problem)

    def _lock(self, key: Key) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())
