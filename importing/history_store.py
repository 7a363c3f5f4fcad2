"""Conversations of others put among ours. What is there already is left as it is, so it may be done again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from ..core.database import Database, StoreError
from ..core.errors import HayakuchiError
from ..orchestrator import conversation_rows as rows
from ..orchestrator.conversation_rows import Identity
from ..orchestrator.file_claim import FileClaim
from ..orchestrator.gateway_settings import SessionsSettings
from ..orchestrator.message_rows import StoredMessage, ancestors
from ..orchestrator.schema import MIGRATIONS
from ..orchestrator.unique_clock import STEP_S
from .folder_files import FolderFiles, Unreadable
from .histories import History, HistoryFile, read_history

ANONYMOUS = ""
"""Owner of the conversations of whoever comes without a key."""
BATCH = 20
"""Conversations that are written together."""
WRITE_S = 120.0
DAY_S = 86_400
_LONGEST = 1 << 40


@dataclass(slots=True)
class Kept:
    """What became of the conversations."""

    new: int = 0
    longer: int = 0
    """They were here, and what was said since then was added."""
    same: int = 0
    gone_on: int = 0
    """They were here and went on here, or were changed: they are left as they are."""
    no_room: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    """What could not be read since it was looked at, by its place in their folder, and why."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The database, and the rules by which the server forgets."""

    path: Path
    settings: SessionsSettings
    now: float
    """Unix time in s."""

    async def keep(
        self, files: FolderFiles, found: Sequence[HistoryFile], cast: Mapping[str, str], tell: Callable[[int], None]
    ) -> Kept:
        """Write the conversations of ``found``, newest first; ``cast``: who the characters are, by what theirs are called.

        ``tell`` is called with how many are done. A conversation is written as a whole or not at all. Raises StoreError,
        and HayakuchiError when a server has the file.
        """
        claim, database = FileClaim(self.path), Database(self.path, MIGRATIONS)
        await database.open()
        try:
            self._take(claim)
            kept = Kept()
            for start in range(0, len(found), BATCH):
                batch = await asyncio.to_thread(_read, files, found[start : start + BATCH], kept)
                kept = await database.write(partial(self._written, batch, cast, kept), limit_s=WRITE_S)
                tell(min(start + BATCH, len(found)))
            return kept
        finally:
            claim.release()
            await database.aclose()

    def _take(self, claim: FileClaim) -> None:
        try:
            claim.take()
        except StoreError as error:
            raise HayakuchiError(
                f"{error}. To bring the conversations, stop the server and run this again; --no-history leaves them out"
            ) from error

    def _written(
        self,
        batch: Sequence[tuple[HistoryFile, History]],
        cast: Mapping[str, str],
        before: Kept,
        connection: sqlite3.Connection,
    ) -> Kept:
        """``before`` with what became of these; it is not changed itself, as this may run twice."""
        kept = replace(before)
        query = "SELECT count(*) FROM sessions WHERE owner = ?"
        room = self.settings.max_stored - connection.execute(query, (ANONYMOUS,)).fetchone()[0]
        for file, history in batch:
            if rows.summary_of(connection, ANONYMOUS, file.name) is not None:
                self._go_on(connection, file, history, kept)
            elif room > 0:
                who = Identity(ANONYMOUS, file.name, uuid4().hex, cast.get(file.conf_uid, file.owner))
                rows.row_of(connection, who, history.created_at)
                rows.appended(connection, who, self._recent(history), self._used_at(history))
                kept.new, room = kept.new + 1, room - 1
            else:
                kept.no_room += 1
        return kept

    def _go_on(self, connection: sqlite3.Connection, file: HistoryFile, history: History, kept: Kept) -> None:
        """Add what was said since it was taken over, if nothing else happened to it."""
        query = "SELECT id, head, uid, character FROM sessions WHERE owner = ? AND name = ?"
        id_, head, uid, character = connection.execute(query, (ANONYMOUS, file.name)).fetchone()
        here = [_said(stored) for stored in ancestors(connection, id_, head, _LONGEST)]
        theirs = self._recent(history)
        if [_said(stored) for stored in theirs[: len(here)]] != here:
            kept.gone_on += 1
        elif len(theirs) == len(here):
            kept.same += 1
        else:
            who = Identity(ANONYMOUS, file.name, uid, character)
            rows.appended(connection, who, theirs[len(here) :], self._used_at(history))
            kept.longer += 1

    def _recent(self, history: History) -> list[StoredMessage]:
        return list(history.messages[-self.settings.max_messages :])

    def _used_at(self, history: History) -> float:
        """When it was used last; never so long ago that the server would forget it soon. Their order stays."""
        if not self.settings.ttl_days:
            return history.used_at
        oldest = self.now - self.settings.ttl_days / 2 * DAY_S
        if history.used_at >= oldest:
            return history.used_at
        return oldest - DAY_S + history.used_at * STEP_S


def _said(stored: StoredMessage) -> tuple[str, str]:
    return stored.message.role, stored.message.content


def _read(files: FolderFiles, found: Sequence[HistoryFile], kept: Kept) -> list[tuple[HistoryFile, History]]:
    read: list[tuple[HistoryFile, History]] = []
    for file in found:
        try:
            history = read_history(files, file)
        except Unreadable as error:
            kept.broken[file.place] = str(error)
            continue
        if history.messages:
            read.append((file, history))
    return read
