"""Cut a reply into pieces to speak, while it is being written.

The policy over the ends and breaks of a :class:`Draft`. The first piece goes out at the first clause or sentence end that can
stand alone, and at the deadline, if there is one, at any clause end ("Well,") or else at the best break held. Afterwards
sentences go out, short ones joined while enough sound is left to play; as it runs out clauses do, then phrases and
single words.
Invariants: the texts of all cuts, joined, are exactly the text fed; and without ``poll`` the cuts do not depend on how the text
was split into tokens. Times are ms; the clock may start anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from ..core.types import Boundary
from .boundaries import STOP_MS, Mark
from .charclass import DASHES, SPECIAL
from .draft import Draft, alone
from .pace import Pace

JOIN_SLACK_MS: Final = 400.0
"""With more than this in hand, a short sentence waits for the next one."""
CLAUSE_SLACK_MS: Final = 250.0
"""With no more than this in hand, a clause goes out without its sentence."""
BREAK_SLACK_MS: Final = 100.0
"""With no more than this in hand, a phrase or a few words do."""
SHORT_CHARS: Final = 25
SHORT_CJK: Final = 8
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
    ``deadline``: when the first sound should be heard, None: no hurry; ``grace``: for how long it may be missed where a better
    boundary is likely by then. ``join_ms``: how long a finished sentence waits for the next one at most, None: as long as there
    is slack. ``ttfb``: the voice's time to its first byte, until ``poll`` tells better.
    """

    def __init__(
        self,
        *,
        sentences_only: bool = False,
        whole: bool = False,
        deadline: float | None = None,
        grace: float = 0.0,
        join_ms: float | None = None,
        ttfb: float = 0.0,
    ) -> None:
        self._sentences_only, self._whole = sentences_only, whole
        self._join_ms = inf if join_ms is None else join_ms
        self._pace = Pace(deadline, grace, ttfb)
        self._draft = Draft()
        self._tape = self._draft.tape
        self._fed_at = 0.0
        self._calm_until = -1.0
        """Text without special characters up to here gives nothing."""

    def hurry(self, deadline: float) -> None:
        """From here on the first sound should be heard at ``deadline``."""
        self._pace.deadline = deadline

    def feed(self, text: str, now: float) -> list[Cut]:
        """More of the reply; the cuts that it settles."""
        if not text:
            return []
        self._fed_at = now
        self._tape.write(text)
        if self._tape.end < self._calm_until and SPECIAL.search(text) is None:
            return []
        cuts: list[Cut] = []
        self._pace.begin(now, self._tape.end)
        if not self._whole:
            self._read(now, cuts)
        return cuts

    def poll(self, now: float, ahead: float, ttfb: float) -> list[Cut]:
        """The cuts that are due without new text.

        ``ahead``: audio delivered but not played yet, ``ttfb``: the voice's time to its first byte (both ms).
        """
        self._pace.tell(now, ahead, ttfb)
        cuts: list[Cut] = []
        earliest = self._marks_due()
        if self._whole or (now < earliest - _EPSILON_MS and now < self._hurry_at() - _EPSILON_MS):
            return cuts
        self._read(now, cuts)
        silence = self._silence()
        if silence is not None and now >= silence[0] - _EPSILON_MS:
            self._cut(silence[1], now, cuts)
        for boundary in (Boundary.SENTENCE, Boundary.CLAUSE):
            mark = self._draft.best.get(boundary)
            if mark is not None and now >= self._ripe_at(mark) - _EPSILON_MS:
                self._cut(mark, now, cuts)
        if now >= self._break_due(inf) - _EPSILON_MS:
            mark = self._draft.find_break(self._pace.ttfb + BREAK_SLACK_MS)
            if mark is None:
                self._draft.no_break()
            else:
                self._cut(mark, now, cuts)
        return cuts

    def next_poll(self) -> float | None:
        """The time at which ``poll`` may have something without new text; None: never."""
        if self._whole:
            return None
        earliest = self._marks_due()
        earliest = min(earliest, self._break_due(earliest))
        return None if earliest == inf else max(earliest, self._fed_at)

    def _marks_due(self) -> float:
        """When the first of the marks is due."""
        silence = self._silence()
        due = inf if silence is None else silence[0]
        for mark in self._draft.best.values():
            due = min(due, self._ripe_at(mark))
        return due

    def flush(self) -> list[Cut]:
        """The text ends here, or is interrupted by something that is not spoken: all that is left."""
        cuts: list[Cut] = []
        now, draft = self._fed_at, self._draft
        if not self._whole:
            self._read(now, cuts)
            for mark in draft.scanner.finish():
                self._consider(mark, now, cuts)
        end = draft.end()
        if end.end > draft.start:
            silent = not self._whole and not any(draft.content(end))
            before = cuts.pop() if cuts and silent else None
            self._cut(end, now, cuts)
            if before is not None:
                cuts[-1] = Cut(before.text + cuts[-1].text, before.start, Boundary.SENTENCE)
        draft.restart()
        self._calm_until = -1.0
        return cuts

    def _read(self, now: float, cuts: list[Cut]) -> None:
        """Let the scanner read what it has not; it stops wherever there is something to decide, however the text came."""
        text = self._tape.read()
        draft, scanner, place = self._draft, self._draft.scanner, 0
        while place < len(text):
            room = max(draft.long_at - scanner.position, 1)
            rest = len(text) - place
            count, marks = scanner.feed(text if rest <= room and not place else text[place : place + room])
            place += count
            for mark in marks:
                self._consider(mark, now, cuts)
            while scanner.position >= draft.long_at:
                mark = draft.overlong()
                if mark is not None:
                    self._cut(mark, now, cuts)
        self._calm_until = min(scanner.calm_until, draft.long_at)

    def _consider(self, mark: Mark, now: float, cuts: list[Cut]) -> None:
        """Cut at ``mark``, or keep it in mind."""
        draft = self._draft
        if not any(draft.content(mark)):
            return
        if mark.boundary is Boundary.SENTENCE:
            draft.finished_at = min(draft.finished_at, now)
        held_back = mark.boundary is Boundary.CLAUSE and not alone(*draft.content(mark))
        if now >= self._ripe_at(mark) - _EPSILON_MS and not held_back:
            self._cut(mark, now, cuts)
        else:
            draft.best[mark.boundary] = mark

    def _ripe_at(self, mark: Mark) -> float:
        """When a cut at ``mark`` is due, if nothing else comes; ``inf``: never."""
        words, cjk = self._draft.content(mark)
        if not words and not cjk:
            return inf
        pace = self._pace
        if mark.boundary is Boundary.SENTENCE:
            short = mark.end - self._draft.start < SHORT_CHARS and cjk < SHORT_CJK
            if not short or pace.first or not pace.told:
                return -inf
            return min(pace.due(JOIN_SLACK_MS), min(self._draft.finished_at, self._fed_at) + self._join_ms)
        if self._sentences_only:
            return inf
        if not alone(words, cjk):
            dash = self._tape.held(mark.end).rstrip()[-1:] in DASHES
            return pace.first_due() if pace.first and not dash else inf
        return -inf if pace.first else pace.due(CLAUSE_SLACK_MS)

    def _silence(self) -> tuple[float, Mark] | None:
        """When the mark at the end of the text is due, if nothing else comes, and the mark."""
        found = self._draft.scanner.silence()
        if found is None:
            return None
        wait, mark = found
        ripe = self._ripe_at(mark)
        if ripe == inf:
            return None
        settled = self._fed_at + wait
        if wait == STOP_MS and mark.boundary is Boundary.SENTENCE:
            urgent = self._pace.first_due() if self._pace.first else self._pace.due(CLAUSE_SLACK_MS)
            shortly = self._fed_at + self._pace.short_silence(self._tape.end, self._fed_at)
            settled = min(settled, max(shortly, urgent))
        return max(settled, ripe), mark

    def _hurry_at(self) -> float:
        """When a phrase or word break would be due; grace left out."""
        if self._sentences_only:
            return inf
        return self._pace.first_due() if self._pace.first else self._pace.due(BREAK_SLACK_MS)

    def _break_due(self, before: float) -> float:
        """When a phrase or word break is due, if there is one and it is due ``before`` that; else ``inf``."""
        due = self._hurry_at()
        if due >= before or not self._draft.has_break():
            return inf
        if not self._pace.first:
            return due
        return self._pace.first_due_with_grace(self._draft.sound_ms(), self._tape.end, self._fed_at)

    def _cut(self, mark: Mark, now: float, cuts: list[Cut]) -> None:
        draft, start = self._draft, self._draft.start
        spoken = any(draft.content(mark))
        text = draft.take(mark)
        if spoken:
            self._pace.cut(text, now)
        if Boundary.SENTENCE in draft.best:
            draft.finished_at = self._fed_at
        cuts.append(Cut(text, start, mark.boundary))
