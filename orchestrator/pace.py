"""When the next words are due: before the first ones a deadline, afterwards the sound that is left to play.

``ahead``, as it is told, counts what the voice has delivered. What it was given and has not delivered yet is estimated, with a
fast talker in mind, for as long as its delivery can take; otherwise all would look dry while the voice is at work.
All times are ms of one clock, which may start anywhere.
"""

from __future__ import annotations

import re
from math import inf
from typing import Final

from .boundaries import ATTACHED_MS, STOP_MS
from .words import CJK

CHAR_MS: Final = 45.0
"""Sound of a character, at the least."""
CJK_MS: Final = 120.0
"""The same for a Chinese or Japanese letter."""
HANGUL_MS: Final = 2.2 * CHAR_MS
"""The same for a Korean syllable."""
CLAUSE_CHARS: Final = 30.0
"""A usual clause; a CJK letter counts as ``CJK_MS / CHAR_MS`` characters."""
TOKEN_CHARS: Final = 4.0
"""A usual token."""
_HANGUL = re.compile("[\uac00-\ud7a3]")
_SLOWEST_RTF: Final = 0.7
_LEAST_TTFB_MS: Final = 150.0
"""An answer of the voice is not missed sooner than after twice this."""


def sound_ms(text: str) -> float:
    """How long ``text`` sounds at the least."""
    if text.isascii():
        return len(text) * CHAR_MS
    cjk, hangul = len(CJK.findall(text)), len(_HANGUL.findall(text))
    return (len(text) - cjk - hangul) * CHAR_MS + cjk * CJK_MS + hangul * HANGUL_MS


class Pace:
    """``deadline``: when the first sound should be heard; ``grace``: how much later it may be for a better boundary."""

    def __init__(self, deadline: float | None, grace: float, ttfb: float) -> None:
        self.deadline = deadline
        self.ttfb = ttfb
        self.first = True
        """Nothing was said yet."""
        self._grace = grace
        self._began: tuple[float, int] | None = None
        """When the text began, and with how many characters."""
        self._told_dry: float | None = None
        """When no more delivered sound is in hand than the voice needs for its first byte; None: not told."""
        self._sure_dry = -inf
        """The same with what the voice is at work on."""
        self._sure_until = self._answer_by = self._silent_at = -inf

    @property
    def told(self) -> bool:
        return self._told_dry is not None

    def begin(self, now: float, characters: int) -> None:
        """The first text came."""
        if self._began is None:
            self._began = (now, characters)

    def tell(self, now: float, ahead: float, ttfb: float) -> None:
        self.ttfb = ttfb
        self._silent_at = now + ahead
        self._told_dry = self._silent_at - ttfb

    def cut(self, text: str, now: float) -> None:
        """``text`` goes to the voice."""
        self.first = False
        sound = sound_ms(text)
        told = now if self._told_dry is None else self._told_dry
        self._sure_dry = max(now, told, self._sure_dry if now < self._until() else now) + sound
        answer = 2 * max(self.ttfb, _LEAST_TTFB_MS)
        self._sure_until = now + answer + _SLOWEST_RTF * sound
        self._answer_by = now + answer

    def _until(self) -> float:
        """How long what the voice is at work on counts: until it is late, and less long if nothing of it comes."""
        return min(self._sure_until, max(self._silent_at, self._answer_by))

    def due(self, slack: float) -> float:
        """When there is no more than ``slack`` beyond the voice's first byte; ``inf``: never, for all that was told."""
        if self._told_dry is None:
            return inf
        late, until = max(self._told_dry, self._sure_dry) - slack, self._until()
        return late if late <= until else max(self._told_dry - slack, until)

    def first_due(self) -> float:
        """When the first words have to go to the voice."""
        return inf if self.deadline is None else self.deadline - self.ttfb

    def short_silence(self, end: int, now: float) -> float:
        """How long the model must have been silent to be more than between two tokens.

        ``end``: characters so far, ``now``: when the last of them came.
        """
        began, characters = self._began or (now, end)
        usual = (now - began) / (end - characters) if end > characters else 0.0
        return min(max(2 * TOKEN_CHARS * usual, ATTACHED_MS), STOP_MS)

    def first_due_with_grace(self, held: float, end: int, now: float) -> float:
        """The same, later if the usual clause may then be complete.

        ``held``: sound of the text held, ``end``: characters so far, ``now``: when the last of them came.
        """
        due = self.first_due()
        began, characters = self._began or (now, end)
        if due == inf or not self._grace or now <= began or end <= characters:
            return due
        missing = max(CLAUSE_CHARS - held / CHAR_MS, CLAUSE_CHARS / 5)
        likely = now + missing * (now - began) / (end - characters)
        return max(due, likely) if likely <= due + self._grace else due
