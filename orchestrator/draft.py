"""What is written and not cut yet, and where it may be cut."""

from __future__ import annotations

from itertools import takewhile
from math import inf
from typing import Final

from ..core.types import Boundary
from .boundaries import Mark
from .breaks import STABLE, Break, find_breaks
from .pace import sound_ms
from .pairs import LIMIT
from .phrases import Cling
from .scanner import Scanner
from .tape import Tape
from .words import CJK

LONG_CHARS: Final = 240
LONG_CJK: Final = 100
ALONE_WORDS: Final = 2
ALONE_CJK: Final = 4
_LEAST_CHARS: Final = 3
"""Two words with the space between them."""
_HELD: Final = {Cling.LOOSE: 1.0, Cling.LEANING: 2.0, Cling.FIRM: 3.0}
"""So many times what can be said alone is held before a word is parted from the one it belongs to."""
_HELD_FOR_OPENER: Final = 1.5


class Draft:
    """The text since the last cut. Places are counted from the first text that was ever written."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.scanner = Scanner()
        self.begin(Mark(0, Boundary.SENTENCE, 0, 0))

    def begin(self, start: Mark) -> None:
        """The next piece begins at ``start``."""
        self._start = start
        self.best: dict[Boundary, Mark] = {}
        """The latest mark of each kind since then."""
        self.finished_at = inf
        """When the first sentence since then was known to be complete."""
        self.long_at = start.end + LONG_CJK
        """Where it is to be checked next whether the text is too long."""
        self._has_break = False
        self._sought = -1
        """How far breaks were looked for, and none found."""

    @property
    def start(self) -> int:
        return self._start.end

    def restart(self) -> None:
        """All is cut; what comes next has nothing to do with it."""
        self.scanner = Scanner(self.tape.end)
        self.begin(Mark(self.tape.end, Boundary.SENTENCE, 0, 0))

    def take(self, mark: Mark) -> str:
        """Remove and return the text up to ``mark``; better marks behind it stay in mind."""
        held = self.best
        text = self.tape.take(mark.end)
        self.begin(mark)
        for kind, later in held.items():
            if later.words > mark.words or later.cjk > mark.cjk:
                self.best[kind] = later
        self.scanner.spans = [span for span in self.scanner.spans if span.end > mark.end]
        return text

    def end(self) -> Mark:
        """A mark at the end of all text that was read."""
        return Mark(self.tape.end, Boundary.SENTENCE, *self.scanner.counts)

    def content(self, mark: Mark) -> tuple[int, int]:
        """The words and CJK letters to say before ``mark``."""
        return mark.words - self._start.words, mark.cjk - self._start.cjk

    def sound_ms(self, end: int | None = None) -> float:
        """How long the text up to ``end``, or all of it, sounds at the least."""
        return sound_ms(self.tape.held(self.tape.end if end is None else end))

    def find_break(self, covers: float) -> Mark | None:
        """The latest phrase that sounds for at least ``covers``, or else the latest break.

        No word is left dangling if there is another way.
        """
        breaks = self._breaks(min(self.tape.end, self._start.end + 2 * LONG_CHARS), 1)
        words, cjk = (breaks[-1].words, len(CJK.findall(self.tape.held(self.tape.end)))) if breaks else (0, 0)
        able = [at for at in breaks if alone(at.words, at.cjk)]
        loose = [at for at in able if at.cling is Cling.LOOSE]
        for at in reversed(loose):
            if at.boundary is Boundary.PHRASE and self.sound_ms(at.end) >= covers:
                return self._mark(at)
        if loose:
            return self._mark(loose[-1])
        if breaks and breaks[0].boundary is Boundary.CLAUSE and alone(words, cjk, _HELD_FOR_OPENER):
            return self._mark(breaks[0])
        for close in (Cling.LEANING, Cling.FIRM):
            found = [at for at in able if at.cling is close]
            if found and alone(words, cjk, _HELD[close]):
                return self._mark(found[-1])
        return None

    def has_break(self) -> bool:
        """Whether there is a break; one that more text cannot move is not looked for twice."""
        end = self.tape.end
        if self._has_break or self._sought == end or end - self._start.end <= _LEAST_CHARS:
            return self._has_break
        found = self.find_break(0.0)
        if found is None:
            self._sought = end
        else:
            self._has_break = found.end <= end - STABLE
        return found is not None

    def no_break(self) -> None:
        """There is none before more text comes."""
        self._has_break, self._sought = False, self.tape.end

    def overlong(self) -> Mark | None:
        """Where to cut the text read if it is too long; None: it is not, or has no break. Says when to ask again."""
        place = self.scanner.position
        words, cjk = self.content(Mark(place, Boundary.WORD, *self.scanner.counts))
        held = place - self._start.end
        spare = LONG_CHARS - held - cjk * (LONG_CHARS / LONG_CJK - 1)
        mark = self._best_of_long(place) if spare < 0 and (words or cjk) else None
        if mark is None:
            self.long_at = place + int(max(spare * LONG_CJK / LONG_CHARS, held / 2 if spare < 0 else 0)) + 1
        return mark

    def _best_of_long(self, place: int) -> Mark | None:
        """A poor boundary is taken where the better one would leave nearly all of it."""
        sentence, clause = self.best.get(Boundary.SENTENCE), self.best.get(Boundary.CLAUSE)
        if sentence is not None:
            return sentence
        marks = [self._mark(found) for found in self._breaks(place, STABLE)]
        marks = [mark for mark in [*marks, *([clause] if clause else [])] if self._is_third(mark)]
        return max(marks, key=lambda mark: (mark.boundary, mark.end), default=None)

    def _is_third(self, mark: Mark) -> bool:
        return mark.end - self._start.end >= LONG_CHARS / 3 or mark.cjk - self._start.cjk >= LONG_CJK / 3

    def _breaks(self, end: int, lookahead: int) -> list[Break]:
        text = self.tape.held(end)
        near = list(takewhile(lambda span: span.start < end + LIMIT, self.scanner.spans))
        return find_breaks(text, self._start.end, near, self.scanner.open_at, lookahead)

    def _mark(self, at: Break) -> Mark:
        return Mark(at.end, at.boundary, self._start.words + at.words, self._start.cjk + at.cjk)


def alone(words: int, cjk: int, times: float = 1) -> bool:
    """Whether so much can be said alone."""
    return words / ALONE_WORDS + cjk / ALONE_CJK >= times
