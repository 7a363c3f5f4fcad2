"""A SQLite file on a thread of its own: one writer, and what waits to be written is committed together.

Write-ahead log with ``synchronous=NORMAL``: what was committed survives the end of the process, however it comes; a power
failure may cost the last commits, but never the file (https://www.sqlite.org/wal.html).

A database in memory has no thread: what is asked of it is done at once.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from .errors import HayakuchiError
from .group_commit import Job, commit
from .steadfast import until_done

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Runs on the database's thread. What it raises is raised where it was asked for, and then nothing of it is written.

It may run twice: when what was to be committed together with it could not be, each is tried by itself.
"""

OPEN_S = 10.0
ANSWER_S = 1.0
"""How long a caller waits. What it wanted to write is written all the same."""
BUSY_S = 2.0
"""How long another process that writes is waited for."""


class StoreError(HayakuchiError):
    """The file cannot be opened, read or written; ``str()`` says why, which file, and what to do about it."""

    code = "store"


class Database:
    """Opened once, used by many, closed once. ``path`` None: in memory.

    ``migrations`` are scripts that make the schema, the first one for an empty file; their number is its ``user_version``.
    """

    def __init__(self, path: Path | None, migrations: Sequence[str]) -> None:
        self.path = path
        self._migrations = tuple(migrations)
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self.committed: Callable[[float], None] = lambda seconds: None
        """Told on the database's thread how long each commit took."""
        self._waiting: deque[Job] = deque()
        self._process = 0

    @classmethod
    def in_memory(cls, migrations: Sequence[str]) -> Database:
        """One that is open already, and needs not be closed."""
        made = cls(None, migrations)
        made._opened()
        return made

    async def open(self) -> None:
        """Open the file, made with its folder when there is none, and bring its schema up to date. Raises StoreError."""
        if self.path is None:
            self._opened()
            return
        self._process = os.getpid()
        self._thread = ThreadPoolExecutor(1, "database")
        opened = False
        try:
            await self._answer(self._thread.submit(self._opened), OPEN_S)
            opened = True
        finally:
            if not opened:
                self._let_go()

    async def aclose(self) -> None:
        """Write what waits, and close the file; idempotent. A file that does not answer is waited for 10 s."""
        if self.path is None:
            self._close()
        elif (closed := self._let_go()) is not None:
            await asyncio.wait([asyncio.wrap_future(closed)], timeout=OPEN_S)

    @property
    def waiting(self) -> int:
        """What is to be written and is not yet."""
        return len(self._waiting)

    async def check(self) -> None:
        """Write something that changes nothing. Raises StoreError when the file cannot be written to."""
        version = len(self._migrations)
        await self.write(lambda connection: connection.execute(f"PRAGMA user_version={version}") and None)

    async def read(self, work: Work[T]) -> T:
        """What ``work`` finds. Raises StoreError, and what it raises."""
        if self.path is None:
            return await self._answer(_inline(lambda: self._on_connection(work)), ANSWER_S)
        return await self._answer(self._open_thread().submit(self._on_connection, work), ANSWER_S)

    async def write(self, work: Work[T], *, limit_s: float = ANSWER_S, steadfast: bool = False) -> T:
        """Run ``work`` in a transaction; it is committed when this returns. Raises StoreError, and what it raises.

        Whoever is cancelled while it waits has its work written all the same; ``steadfast``: it waits on, and is cancelled
        after this has returned.
        """
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()  # from here on it cannot be cancelled
        if self.path is None:
            self._commit([Job(work, done)])
        else:
            thread = self._open_thread()
            self._waiting.append(Job(work, done))
            thread.submit(self._commit_waiting)
        return await self._answer(done, limit_s, steadfast=steadfast)

    def _open_thread(self) -> ThreadPoolExecutor:
        if self._thread is None:
            raise self._error("is not open")
        if self._process != os.getpid():
            raise self._error("was opened by the process that this one was forked from; open it anew")
        return self._thread

    async def _answer(self, future: Future[T], limit_s: float, *, steadfast: bool = False) -> T:
        if not future.done():
            await until_done(future, limit_s, steadfast=steadfast)
        if not future.done():
            raise self._error(f"did not answer within {limit_s:g} s; is the disk full, very slow, or in others' use?")
        try:
            return future.result()
        except (sqlite3.Error, OSError) as error:
            told = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise self._error(f"{told}{_remedy(told)}") from error

    def _error(self, what: str) -> StoreError:
        return StoreError(f"{self.path or 'the database in memory'}: {what}")

    def _opened(self) -> None:
        if self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # What is said is nobody else's; SQLite gives its other files the same rights.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=BUSY_S
        )
        # Also closes one that nobody closes, and one whose schema cannot be brought up to date.
        closing = weakref.finalize(self, connection.close)
        try:
            for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {setting}")
            self._migrate(connection)
            self._connection = connection
        finally:
            if self._connection is None:
                closing()

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")  # two processes that start together
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            raise self._error("was written by a later version of Hayakuchi; update, or name another file")
        for script in self._migrations[version:]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(self._migrations)}")
        connection.execute("COMMIT")

    def _let_go(self) -> Future[None] | None:
        """Have the thread close the file after all that was asked of it, and end."""
        thread, self._thread = self._thread, None
        if thread is None:
            return None
        closed = thread.submit(self._close)
        thread.shutdown(wait=False)
        return closed

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _on_connection(self, work: Work[T]) -> T:
        if self._connection is None:
            raise self._error("is not open")
        return work(self._connection)

    def _commit_waiting(self) -> None:
        jobs = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if jobs:
            self._commit(jobs)

    def _commit(self, jobs: list[Job]) -> None:
        if self._connection is not None:
            began = perf_counter()
            commit(self._connection, jobs)
            self.committed(perf_counter() - began)
            return
        for job in jobs:
            job.done.set_exception(self._error("is not open"))


def _inline(ask: Callable[[], T]) -> Future[T]:
    """What it gives, or raises, as a future that is done."""
    future: Future[T] = Future()
    try:
        future.set_result(ask())
    except (sqlite3.Error, HayakuchiError) as error:
        future.set_exception(error)
    return future


def _remedy(text: str) -> str:
    """What to do about it, as the end of a sentence."""
    return next((remedy for sign, remedy in _REMEDIES.items() if sign in text), "")


_DAMAGED = "; the file is damaged: move it away (nothing here deletes it), or name another one"
_REMEDIES = {
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "readonly": "; this user may not write to it: change that, or name another file",
    "unable to open": "; may this user read and write there? Change that, or name another file",
    "Is a directory": "; name a file",
    "Not a directory": "; name another file",
    "File exists": "; name another file",
    "Permission denied": "; change that, or name another file",
    "disk is full": "; make room for it",
    "locked": "; another program is writing to it",
}
"""By a part of SQLite's, or the system's, message."""
