"""What each caller used on a day, UTC: kept in the file, so that a restart gives nobody a second day."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ...core.database import Database, StoreError
from .recent import Recent

MOST_CALLERS = 10_000
KEPT_DAYS = 35
ADDRESSES_KEPT_DAYS = 2

_ADD = """INSERT INTO usage (caller, day, characters, audio_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (caller, day) DO UPDATE SET characters = characters + excluded.characters, audio_ms = audio_ms + excluded.audio_ms
"""


@dataclass(slots=True)
class Used:
    """Of one caller on one day."""

    characters: int = 0
    audio_ms: int = 0

    def add(self, characters: int, audio_ms: int) -> None:
        self.characters += characters
        self.audio_ms += audio_ms


class DayBook:
    """Counts in memory, and writes what came since, in one go, when :meth:`flush` is called."""

    def __init__(self, database: Callable[[], Database] | None, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now
        self._used: Recent[tuple[str, str], Used] = Recent(MOST_CALLERS)
        self._unwritten: dict[tuple[str, str], Used] = {}
        self._swept = ""

    def today(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).date().isoformat()

    def seconds_left(self) -> float:
        """Until the next day begins."""
        now = datetime.fromtimestamp(self._now(), UTC)
        ends = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (ends - now).total_seconds()

    async def used(self, caller: str) -> Used:
        """Of today, as it grows. Raises StoreError."""
        place = (caller, self.today())
        found = self._used.get(place)
        if found is None:
            written = await self._read(place)
            found = self._used.get(place)  # whoever asked at the same time may have been first
            if found is None:
                waiting = self._unwritten.get(place, Used())
                written.add(waiting.characters, waiting.audio_ms)
                found = written
                self._used.put(place, found)
        return found

    def add(self, caller: str, characters: int, audio_ms: int) -> None:
        place = (caller, self.today())
        known = self._used.get(place)
        if known is not None:
            known.add(characters, audio_ms)
        self._unwritten.setdefault(place, Used()).add(characters, audio_ms)

    async def flush(self) -> None:
        """Write what came since the last time. Raises StoreError; what could not be written is kept for the next time."""
        if self._database is None or not self._unwritten:
            return
        batch, self._unwritten = self._unwritten, {}
        day = self.today()
        sweep = self._swept != day

        def write(connection: sqlite3.Connection) -> None:
            rows = [(*place, used.characters, used.audio_ms) for place, used in batch.items()]
            connection.executemany(_ADD, rows)
            if sweep:
                _forget(connection, day)

        try:
            await self._database().write(write)
        except StoreError as error:
            # Without a cause it was only slow, and is written all the same.
            for place, used in batch.items() if error.__cause__ else ():
                self._unwritten.setdefault(place, Used()).add(used.characters, used.audio_ms)
            raise
        self._swept = day

    async def _read(self, place: tuple[str, str]) -> Used:
        if self._database is None:
            return Used()
        return await self._database().read(lambda connection: _used(connection, place))


def used_today(connection: sqlite3.Connection, now: float) -> dict[str, Used]:
    """Of each caller."""
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    rows = connection.execute("SELECT caller, characters, audio_ms FROM usage WHERE day = ?", (day,))
    return {caller: Used(characters, audio_ms) for caller, characters, audio_ms in rows}


def _used(connection: sqlite3.Connection, place: tuple[str, str]) -> Used:
    row = connection.execute("SELECT characters, audio_ms FROM usage WHERE caller = ? AND day = ?", place).fetchone()
    return Used(*row) if row else Used()


def _forget(connection: sqlite3.Connection, day: str) -> None:
    today = datetime.fromisoformat(day).date()
    for days, which in ((KEPT_DAYS, "1"), (ADDRESSES_KEPT_DAYS, "caller LIKE 'ip:%'")):
        connection.execute(f"DELETE FROM usage WHERE day < ? AND {which}", ((today - timedelta(days)).isoformat(),))
