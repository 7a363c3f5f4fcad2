"""A SQLite file on a thread of its own: one writer, and what waits to be written is committed together.

Write-ahead log with ``synchronous=NORMAL``: what was committed survives the end of the process, however it comes; a power
failure may cost the last commits, but never the file (https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from .errors import HayakuchiError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Runs on the database's thread. It may raise HayakuchiError; then nothing of it is written."""

OPEN_S = 10.0
ANSWER_S = 1.0
"""How long a caller waits. What it wanted to write is written all the same."""
BUSY_S = 2.0
"""How long another process that writes is waited for."""


class StoreError(HayakuchiError):
    """The file cannot be opened, read or written; ``str()`` says why and which file."""

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
        self._waiting: deque[tuple[Work[Any], Future[Any]]] = deque()

    async def open(self) -> None:
        """Open the file, made with its folder when there is none, and bring its schema up to date. Raises StoreError."""
        self._thread = ThreadPoolExecutor(1, "database")
        try:
            self._connection = await self._within(OPEN_S, self._thread.submit(self._opened))
        except StoreError:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Write what waits, and close the file; idempotent."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.wrap_future(thread.submit(self._close))
            thread.shutdown(wait=False)

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
        if self._thread is None:
            raise self._error("is not open")
        return await self._within(ANSWER_S, self._thread.submit(self._on_connection, work))

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction; it is committed when this returns. Raises StoreError, and what it raises.

        Whoever is cancelled while it waits has its work written all the same.
        """
        if self._thread is None:
            raise self._error("is not open")
        done: Future[T] = Future()
        self._waiting.append((work, done))
        self._thread.submit(self._commit_waiting)
        return await self._within(ANSWER_S, done)

    async def _within(self, limit_s: float, future: Future[T]) -> T:
        try:
            async with asyncio.timeout(limit_s):
                # Shielded: cancelling who waits must not take the work off the thread's list.
                return await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError:
            raise self._error(f"did not answer within {limit_s:g} s; is the disk full or very slow?") from None
        except (sqlite3.Error, OSError) as error:
            raise self._error(str(error)) from error

    def _error(self, what: str) -> StoreError:
        return StoreError(f"{self.path or 'the database in memory'}: {what}")

    def _opened(self) -> sqlite3.Connection:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=BUSY_S
        )
        for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")
        self._migrate(connection)
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")  # two processes that start together
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            connection.execute("ROLLBACK")
            raise self._error("was written by a later version of Hayakuchi; update, or name another file")
        for script in self._migrations[version:]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(self._migrations)}")
        connection.execute("COMMIT")

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _on_connection(self, work: Work[T]) -> T:
        assert self._connection is not None
        return work(self._connection)

    def _commit_waiting(self) -> None:
        """Write all that waits in one transaction; what fails of it leaves the others alone."""
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not batch or self._connection is None:
            return
        results: list[tuple[Future[Any], Any]] = []
        began = perf_counter()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for work, done in batch:
                if (result := self._savepoint(self._connection, work, done)) is not None:
                    results.append((done, result[0]))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        self.committed(perf_counter() - began)
        for done, value in results:
            done.set_result(value)

    def _savepoint(self, connection: sqlite3.Connection, work: Work[T], done: Future[T]) -> tuple[T] | None:
        connection.execute("SAVEPOINT one")
        try:
            return (work(connection),)
        except (sqlite3.Error, HayakuchiError) as error:
            connection.execute("ROLLBACK TO one")
            done.set_exception(error)
            return None
        finally:
            connection.execute("RELEASE one")
