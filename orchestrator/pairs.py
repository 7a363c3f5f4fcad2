"""Brackets, quotes and emphasis that are open, and the boundaries that wait for their end.

A boundary inside a pair is never given out while the pair may still close within its limit of characters: a pair that closes
takes the boundaries inside it away, one that does not was no pair, and lets them go.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final

from .boundaries import Mark
from .charclass import is_cjk, is_emoji

LIMIT: Final = 120
"""Characters between the two ends of a pair."""

_INLINE = frozenset('"*_`')
"""First characters of the pairs that end with their line."""


@dataclass(frozen=True, slots=True)
class Open:
    """The opening end of a pair."""

    kind: str
    at: int
    words: int
    """The counts of words and CJK letters before it."""
    cjk: int
    introduced: bool
    """A colon stands before it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A pair that closed, from its opening end to after its closing one."""

    start: int
    end: int
    silent: bool
    """Its words do not count: they may be left out of speech."""


class OpenPairs:
    """What is open, outermost first, and the marks inside it. Amortised constant time per character and mark."""

    def __init__(self) -> None:
        self._open: list[Open] = []
        self._held: deque[Mark] = deque()

    def __contains__(self, kind: str) -> bool:
        return any(pair.kind == kind for pair in self._open)

    @property
    def outermost(self) -> str:
        """Kind of the outermost open pair; empty if nothing is open."""
        return self._open[0].kind if self._open else ""

    @property
    def begins(self) -> float:
        """Where the outermost open pair begins; ``inf``: nothing is open."""
        return self._open[0].at if self._open else inf

    @property
    def holds(self) -> bool:
        """Whether marks wait for the end of a pair."""
        return bool(self._held)

    def protects(self, end: int) -> bool:
        """Whether a cut after ``end`` characters would fall into an open pair."""
        return bool(self._open) and end > self._open[0].at

    def has_span(self, ch: str) -> bool:
        """Whether a ``*``, ``_`` or backtick span is open, of any number of ``ch``."""
        return any(pair.kind[0] == ch for pair in self._open)

    def open(self, pair: Open) -> None:
        self._open.append(pair)

    def close(self, kind: str) -> Open | None:
        """Close the innermost pair of ``kind``, and what is open inside it. None: no such pair is open."""
        for index in range(len(self._open) - 1, -1, -1):
            pair = self._open[index]
            if pair.kind == kind:
                del self._open[index:]
                while self._held and self._held[-1].end > pair.at:
                    self._held.pop()
                return pair
        return None

    def expire(self, position: int) -> None:
        """Give up the pairs that can no longer close within the limit."""
        while self._open and position - self._open[0].at > LIMIT:
            del self._open[0]

    def end_line(self) -> None:
        """Give up the pairs that end with their line."""
        if self._open:
            self._open = [pair for pair in self._open if pair.kind[0] not in _INLINE]

    def clear(self) -> None:
        """Give up every pair."""
        self._open.clear()

    def hold(self, mark: Mark) -> None:
        self._held.append(mark)

    def release(self) -> list[Mark]:
        """The marks that nothing protects any more, in order."""
        if not self._held:
            return []
        free: list[Mark] = []
        while self._held and not self.protects(self._held[0].end):
            free.append(self._held.popleft())
        return free


@dataclass(slots=True)
class Delimiters:
    """A run of ``*``, ``_`` or backticks whose sense the next character tells."""

    ch: str
    at: int
    before: str
    """The character before the run."""
    count: int = 1


def may_open(before: str, after: str) -> bool:
    """Whether a run of ``*`` or ``_`` between two characters may begin a span."""
    if before.isalnum() and not is_cjk(before):
        return False
    return after.isalnum() or after in "\"'“‘「『（([*_…`" or is_emoji(after)
