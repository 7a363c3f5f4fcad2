"""From phoneme marks to the shape of the mouth at a time: closures that are seen, diphthongs that move, neighbours that blend.

Times are ms from the start of the segment, asked for in rising order. Marks may come late or ahead; what is known at the time
of asking is used, and nothing waits for more.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable

from ..core.types import Mark, MarkKind
from .visemes import CLOSED, REST, Shape, Viseme, blend, visemes

CLOSURE_MS = 60.0
"""The lips stay together at least this long, however short the mark makes it."""
SHORT_PAUSE_MS = 60.0
"""A pause shorter than this does not move the mouth."""
GLIDE_MS = 80.0
"""After this the second half of a diphthong begins, or at half time if that is sooner."""
STALE_MS = 500.0
"""No phoneme lasts longer: after this the marks have nothing more to say."""
_LOOK_AHEAD = 3
_LIMIT = 10_000
"""More marks ahead than this belong to no real clip; the last ones are dropped."""


class Articulation:
    """The phonemes of one segment."""

    def __init__(self) -> None:
        self._ahead: list[tuple[float, str]] = []
        self._at_ms = 0.0
        self._current: tuple[Viseme, ...] = (REST,)
        self._vowel: Viseme = REST
        self._closed_until = 0.0

    def extend(self, marks: Iterable[Mark]) -> None:
        for mark in marks:
            if mark.kind is MarkKind.PHONEME and len(self._ahead) < _LIMIT:
                insort(self._ahead, (mark.at_ms, mark.text), key=_time)

    def shape_at(self, ms: float) -> tuple[Shape, bool] | None:
        """The shape and whether the lips must touch; None when the marks say nothing about this time."""
        while self._ahead and self._ahead[0][0] <= ms:
            self._begin(*self._ahead.pop(0))
        if ms < self._closed_until:
            return CLOSED, True
        if ms - self._at_ms > STALE_MS or not (self._ahead or self._started):
            return None
        viseme = self._current[self._part(ms)]
        if viseme.own == 1:
            return viseme.shape, viseme.is_closure
        return blend(viseme.shape, self._neighbour().shape, viseme.own), False

    @property
    def _started(self) -> bool:
        return self._current != (REST,) or self._at_ms > 0

    def _begin(self, at_ms: float, phoneme: str) -> None:
        shapes = visemes(phoneme)
        brief = bool(self._ahead) and self._ahead[0][0] - at_ms < SHORT_PAUSE_MS
        if not shapes or (brief and shapes == (REST,)):
            return
        self._at_ms, self._current = at_ms, shapes
        if shapes[0].is_closure:
            self._closed_until = at_ms + CLOSURE_MS
        self._vowel = next((shape for shape in reversed(shapes) if shape.is_vowel), self._vowel)

    def _part(self, ms: float) -> int:
        parts = len(self._current)
        if parts == 1:
            return 0
        length = GLIDE_MS
        if self._ahead:
            length = min(length, (self._ahead[0][0] - self._at_ms) / parts)
        return min(parts - 1, int((ms - self._at_ms) / length))

    def _neighbour(self) -> Viseme:
        """The vowel that follows soon, or else the last one."""
        for _, phoneme in self._ahead[:_LOOK_AHEAD]:
            for viseme in visemes(phoneme):
                if viseme.is_vowel:
                    return viseme
                if viseme is REST:
                    return self._vowel
        return self._vowel


def _time(entry: tuple[float, str]) -> float:
    return entry[0]
