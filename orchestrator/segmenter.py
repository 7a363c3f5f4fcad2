"""Cut a reply into pieces to speak, while it is being written.

The policy over :class:`Scanner`'s marks. The first piece goes out at the first clause or sentence end that can stand alone;
afterwards sentences do, short ones joined while enough audio is left to play, and clauses as soon as it runs out.
Invariants: the texts of all cuts, joined, are exactly the text fed; and without ``poll`` the cuts do not depend on how the text
was split into tokens. Times are ms; the clock may start anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from ..core.types import Boundary
from .boundaries import Mark
from .scanner import Scanner

JOIN_SLACK_MS: Final = 400.0
"""With more than this in hand, a short sentence waits for the next one."""
CLAUSE_SLACK_MS: Final = 250.0
"""With no more than this in hand, a clause goes out without its sentence."""
SHORT_CHARS: Final = 25
SHORT_CJK: Final = 8
LONG_CHARS: Final = 240
LONG_CJK: Final = 100
ALONE_WORDS: Final = 2
ALONE_CJK: Final = 4
_EPSILON_MS: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of the reply. ``start`` is its place in all the text fed so far."""

    text: str
    start: int
    boundary: Boundary


class Segmenter:
    """Text in, cuts out.

    ``sentences_only``: clause ends are used in overlong sentences alone. ``whole``: nothing is cut before ``flush``.
    """

    def __init__(self, *, sentences_only: bool = False, whole: bool = False) -> None:
        self._sentences_only, self._whole = sentences_only, whole
        self._tape = _Tape()
        self._start = Mark(0, Boundary.SENTENCE, 0, 0)
        """Where the last cut was made."""
        self._best: dict[Boundary, Mark] = {}
        """The latest mark of each kind since then."""
        self._scanner = Scanner()
        self._first = True
        self._fed_at = 0.0
        self._runs_dry_at: float | None = None
        """When no more audio is in hand than the voice needs for its first byte; None: not told."""

    def feed(self, text: str, now: float) -> list[Cut]:
        """More of the reply; the cuts that it settles."""
        if not text:
            return []
        self._fed_at = now
        self._tape.write(text)
        cuts: list[Cut] = []
        if not self._whole:
            for mark in self._scanner.feed(text):
                self._consider(mark, now, cuts)
        return cuts

    def poll(self, now: float, ahead: float, ttfb: float) -> list[Cut]:
        """The cuts that are due without new text.

        ``ahead``: audio delivered but not played yet, ``ttfb``: the voice's time to its first byte (both ms).
        """
        self._runs_dry_at = now + ahead - ttfb
        cuts: list[Cut] = []
        if self._whole:
            return cuts
        silence = self._scanner.silence()
        if silence is not None and now >= self._fed_at + silence[0] and self._ripe(silence[1], now):
            self._cut(silence[1], cuts)
        for boundary in (Boundary.SENTENCE, Boundary.CLAUSE):
            mark = self._best.get(boundary)
            if mark is not None and self._ripe(mark, now):
                self._cut(mark, cuts)
        return cuts

    def next_poll(self) -> float | None:
        """The time at which ``poll`` may have something without new text; None: never."""
        times = [self._ripe_at(mark) for mark in self._best.values()]
        silence = None if self._whole else self._scanner.silence()
        if silence is not None:
            times.append(max(self._ripe_at(silence[1]), self._fed_at + silence[0]))
        earliest = min(times, default=inf)
        return None if earliest == inf else max(earliest, self._fed_at)

    def flush(self) -> list[Cut]:
        """The text ends here, or is interrupted by something that is not spoken: all that is left."""
        cuts: list[Cut] = []
        if not self._whole:
            for mark in self._scanner.finish():
                self._consider(mark, self._fed_at, cuts)
        words, cjk = self._scanner.counts
        end = Mark(self._tape.end, Boundary.SENTENCE, words, cjk)
        if end.end > self._start.end:
            silent = not self._whole and not _spoken(self._start, end)
            before = cuts.pop() if cuts and silent else None
            self._cut(end, cuts)
            if before is not None:
                cuts[-1] = Cut(before.text + cuts[-1].text, before.start, Boundary.SENTENCE)
        self._scanner = Scanner(self._tape.end)
        self._start = Mark(self._tape.end, Boundary.SENTENCE, 0, 0)
        return cuts

    def _consider(self, mark: Mark, now: float, cuts: list[Cut]) -> None:
        """Cut at ``mark``, or before it if the text grows too long; or keep it in mind."""
        if not _spoken(self._start, mark):
            return
        if self._ripe(mark, now):
            self._cut(mark, cuts)
            return
        while mark.end > self._start.end and self._too_long(mark):
            self._cut(self._best_of_long(mark), cuts)
        if _spoken(self._start, mark):
            self._best[mark.boundary] = mark

    def _too_long(self, mark: Mark) -> bool:
        return mark.end - self._start.end > LONG_CHARS or mark.cjk - self._start.cjk > LONG_CJK

    def _best_of_long(self, latest: Mark) -> Mark:
        """The best boundary of an overlong piece; a poor one is taken where the better one would leave nearly all of it."""
        for boundary in (Boundary.SENTENCE, Boundary.CLAUSE, Boundary.PHRASE, Boundary.WORD):
            mark = self._best.get(boundary)
            if mark is not None and (boundary is Boundary.SENTENCE or self._is_third(mark)):
                return mark
        return latest

    def _is_third(self, mark: Mark) -> bool:
        return mark.end - self._start.end >= LONG_CHARS / 3 or mark.cjk - self._start.cjk >= LONG_CJK / 3

    def _ripe(self, mark: Mark, now: float) -> bool:
        return now >= self._ripe_at(mark) - _EPSILON_MS

    def _ripe_at(self, mark: Mark) -> float:
        """When a cut at ``mark`` is due, if nothing else comes; ``inf``: never."""
        words, cjk = mark.words - self._start.words, mark.cjk - self._start.cjk
        if not words and not cjk:
            return inf
        if mark.boundary is Boundary.SENTENCE:
            short = mark.end - self._start.end < SHORT_CHARS and cjk < SHORT_CJK
            joins = short and not self._first and self._runs_dry_at is not None
            return self._runs_dry_at - JOIN_SLACK_MS if joins and self._runs_dry_at is not None else -inf
        if mark.boundary is Boundary.CLAUSE and not self._sentences_only:
            if words / ALONE_WORDS + cjk / ALONE_CJK < 1:
                return inf
            if self._first:
                return -inf
            return inf if self._runs_dry_at is None else self._runs_dry_at - CLAUSE_SLACK_MS
        return inf

    def _cut(self, mark: Mark, cuts: list[Cut]) -> None:
        cuts.append(Cut(self._tape.take(mark.end), self._start.end, mark.boundary))
        self._first = self._first and not _spoken(self._start, mark)
        self._start = mark
        self._best = {kind: held for kind, held in self._best.items() if _spoken(mark, held)}


def _spoken(start: Mark, end: Mark) -> bool:
    """Whether there is anything to say between two marks."""
    return end.words > start.words or end.cjk > start.cjk


class _Tape:
    """The text that is not cut yet, kept in pieces, so that many small writes cost no more than few large ones."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._start = self.end = 0

    def write(self, text: str) -> None:
        self._pieces.append(text)
        self.end += len(text)

    def take(self, end: int) -> str:
        """Remove and return the text up to the place ``end``."""
        text = "".join(self._pieces)
        count = end - self._start
        self._pieces = [text[count:]] if count < len(text) else []
        self._start = end
        return text[:count]
