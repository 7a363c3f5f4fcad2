"""How much each caller has asked for, and whether it may ask for more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...core.database import Database, StoreError
from ..api.problem import Problem
from .caller import Caller
from .day_book import DayBook
from .window import UNLIMITED, Allowance, Windows

FLUSH_S = 2.0
FRAMES_PER_S = 300.0
"""A microphone sends 50 frames a second, and its page a few reports."""
FRAMES_AT_ONCE = 3000.0
"""What was held up on the way comes at once: half a minute of a microphone, and as much again."""
_log = logging.getLogger(__name__)


class Meter:
    """Limits of callers; 0 means none."""

    def __init__(self, database: Callable[[], Database] | None = None, now: Callable[[], float] = time.time) -> None:
        self._turns: Counter[str] = Counter()
        self._keys, self._addresses = Windows(), Windows()
        self._book = DayBook(database, now)

    def count(self, caller: Caller) -> Allowance:
        """Count a request or a new connection of the caller, unless it is one too many."""
        limit = caller.limits.requests_per_minute
        if not limit:
            return UNLIMITED
        # Addresses are many and cost nothing: they must not push the keys out of the table.
        windows = self._addresses if caller.anonymous else self._keys
        return windows.count(caller.id, limit)

    def request(self, caller: Caller) -> None:
        """:meth:`count`; raises Problem (429) when it is one too many."""
        allowance = self.count(caller)
        if allowance.retry_s is not None:
            raise too_many(allowance)

    @contextmanager
    def turn(self, caller: Caller) -> Iterator[None]:
        """A reply is made for the caller within. Raises Problem (429) when it has as many as it may have at a time."""
        most = caller.limits.concurrent_turns
        if most and self._turns[caller.id] >= most:
            message = f"{most} replies are being made for you at a time, which is your limit"
            raise Problem(429, message, "too_many_turns", retry_after_s=1)
        self._turns[caller.id] += 1
        try:
            yield
        finally:
            self._turns[caller.id] -= 1
            if not self._turns[caller.id]:
                del self._turns[caller.id]

    async def charge(self, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> None:
        """Put what is asked for down to the caller's day.

        Raises Problem (429) when it would be more than its limit; then nothing is put down. StoreError when that is not known.
        """
        limits = caller.limits
        if limits.characters_per_day or limits.audio_seconds_per_day:
            used = await self._book.used(caller.id)
            audio_ms = _ms(audio_s)
            self._check("characters", used.characters, characters, limits.characters_per_day)
            self._check("seconds of sound", used.audio_ms, audio_ms, limits.audio_seconds_per_day, 1000)
        self.note(caller, characters=characters, audio_s=audio_s)

    def note(self, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> None:
        """Put down what is done already, whether or not it is more than the limit."""
        limits = caller.limits
        counted = not caller.anonymous or limits.characters_per_day or limits.audio_seconds_per_day
        if counted and (characters or audio_s):
            self._book.add(caller.id, characters, _ms(audio_s))

    def _check(self, what: str, used: int, asked: int, limit: int, unit: int = 1) -> None:
        if limit and asked and used + asked > limit * unit:
            message = f"your limit of {limit} {what} a day (UTC) is reached"
            raise Problem(429, message, "daily_limit", retry_after_s=self._book.seconds_left())

    async def run(self) -> None:
        """Write down what was used, every two seconds and at the end. Never returns."""
        try:
            while True:
                await asyncio.sleep(FLUSH_S)
                await self._flush()
        finally:
            await self._flush()

    async def _flush(self) -> None:
        try:
            await self._book.flush()
        except StoreError as error:
            _log.warning("what callers used is not written down: %s", error)


class SoundMeter:
    """Charges sound that comes in small pieces, a second at a time."""

    def __init__(self, meter: Meter, caller: Caller) -> None:
        self._meter, self._caller = meter, caller
        self._heard_s = 0.0

    async def hear(self, seconds: float) -> None:
        """Raises Problem (429) when the caller's day is used up."""
        self._heard_s += seconds
        if self._heard_s >= 1.0:
            heard, self._heard_s = self._heard_s, 0.0
            await self._meter.charge(self._caller, audio_s=heard)

    def leave(self) -> None:
        """What is left of a second is put down, too."""
        self._meter.note(self._caller, audio_s=self._heard_s)
        self._heard_s = 0.0


class FrameBudget:
    """How many messages one connection may send."""

    def __init__(self, now: float) -> None:
        self._at, self._left = now, FRAMES_AT_ONCE

    def take(self, now: float) -> bool:
        """One more; False when it is one too many. ``now`` in ms."""
        self._left = min(self._left + (now - self._at) / 1000 * FRAMES_PER_S, FRAMES_AT_ONCE) - 1
        self._at = now
        return self._left >= 0


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def too_many(allowance: Allowance) -> Problem:
    message = f"your limit of {allowance.limit} requests a minute is reached"
    return Problem(429, message, "rate_limit_exceeded", retry_after_s=(allowance.retry_s or 0) + 0.5)
