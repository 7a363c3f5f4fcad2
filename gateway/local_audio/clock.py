"""How far a turn was heard, from the marks of its player, and when the stage is told. Pure; times are s of the marks' clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .playout import MARK_EVERY_S, Mark

REPORT_EVERY_S = 0.048
TRUST_S = 3 * MARK_EVERY_S
"""How far the position moves on from a mark without another one: then the device has stopped."""
KEPT_MARKS = 64


@dataclass(frozen=True, slots=True)
class Heard:
    turn: int
    ms: float
    moving: bool


class HeardClock:
    """Knows of one turn, that of the last mark."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._marks: deque[Mark] = deque(maxlen=KEPT_MARKS)

    def mark(self, mark: Mark) -> None:
        if self._marks and self._marks[-1].turn != mark.turn:
            self._marks.clear()
        self._marks.append(mark)

    def at(self, now: float) -> Heard | None:
        """None before anything of the turn was heard."""
        passed = [mark for mark in self._marks if mark.time_s <= now]
        if not passed:
            return None
        mark = passed[-1]
        position = float(mark.position)
        if mark.moving:
            position += min(now - mark.time_s, TRUST_S) * self._rate
        if len(passed) < len(self._marks):
            following = self._marks[len(passed)].position
            position = min(position, max(following, mark.position))
        return Heard(mark.turn, position * 1000 / self._rate, mark.moving)

    def at_rest(self, now: float) -> bool:
        """Whether nothing moves before the next mark comes."""
        if not self._marks:
            return True
        last = self._marks[-1]
        return now - last.time_s > TRUST_S or (not last.moving and last.time_s <= now)


class Reporter:
    """Tells the position every 50 ms while it moves, and once where it stops. It never goes back, and is not told twice."""

    def __init__(self, report: Callable[[int, float], None]) -> None:
        self._report = report
        self._turn = -1
        self._ms = 0.0
        self._at = float("-inf")

    def tick(self, heard: Heard | None, now: float) -> None:
        if heard is None:
            return
        if heard.turn != self._turn:
            self._turn, self._ms, self._at = heard.turn, 0.0, float("-inf")
        due = not heard.moving or now - self._at >= REPORT_EVERY_S
        if due and heard.ms > self._ms:
            self._ms, self._at = heard.ms, now
            self._report(heard.turn, heard.ms)
