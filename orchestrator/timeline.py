"""Which words were heard: the text of a turn laid along its audio."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..core.types import Mark, MarkKind, Segment

CHARACTERS_PER_SECOND = 14.0
"""Of alphabetic scripts, at an ordinary speaking rate; used while a clip's length is not known yet."""
IDEOGRAPHS_PER_SECOND = 5.0


@dataclass(slots=True)
class _Spoken:
    segment: Segment
    at_ms: float
    end_ms: float | None = None
    words: list[Mark] = field(default_factory=list)


class Timeline:
    """Segments of one turn in the order they are spoken, with the time at which each begins in the turn's audio (ms)."""

    def __init__(self) -> None:
        self._spoken: list[_Spoken] = []

    def started(self, segment: Segment, at_ms: float) -> None:
        self._spoken.append(_Spoken(segment, at_ms))

    def marked(self, marks: Iterable[Mark]) -> None:
        """Word marks of the segment started last; timed from its start."""
        self._spoken[-1].words.extend(mark for mark in marks if mark.kind is MarkKind.WORD)

    def ended(self, at_ms: float) -> None:
        self._spoken[-1].end_ms = at_ms

    @property
    def begun(self) -> str:
        """The text of the segments that were started."""
        return "".join(spoken.segment.display for spoken in self._spoken)

    def heard(self, played_ms: float, *, fillers: bool = True) -> str:
        """The text up to the last word that had begun at ``played_ms``; the start of a reply that was cut short there."""
        told = (spoken for spoken in self._spoken if fillers or not spoken.segment.filler)
        return "".join(_heard_of(spoken, played_ms) for spoken in told).rstrip()

    def heard_since(self, from_ms: float, played_ms: float) -> str:
        """The text that was heard up to ``played_ms``, from the segment on that was being spoken at ``from_ms``."""
        told = (spoken for spoken in self._spoken if spoken.end_ms is None or spoken.end_ms > from_ms)
        return "".join(_heard_of(spoken, played_ms) for spoken in told).strip()


def _heard_of(spoken: _Spoken, played_ms: float) -> str:
    segment = spoken.segment
    if spoken.end_ms is not None and spoken.end_ms <= played_ms:
        return segment.display
    inside_ms = played_ms - spoken.at_ms
    if inside_ms <= 0:
        return ""
    if spoken.words:
        length = max((mark.start + mark.length for mark in spoken.words if mark.at_ms < inside_ms), default=0)
    else:
        length = _estimate(spoken, inside_ms)
    if length >= len(segment.speech):
        return segment.display
    start = segment.display.find(segment.speech)
    if start >= 0:
        return segment.display[: start + length] if length else ""
    return segment.speech[:length]


def _estimate(spoken: _Spoken, inside_ms: float) -> int:
    """Number of characters of the speech heard after ``inside_ms``, at a word border, when the voice gives no word marks."""
    speech = spoken.segment.speech
    if spoken.end_ms is not None:
        duration_ms = max(spoken.end_ms - spoken.at_ms, 1.0)
    else:
        wide = sum(character > "\u2e80" for character in speech)
        duration_ms = 1000 * (wide / IDEOGRAPHS_PER_SECOND + (len(speech) - wide) / CHARACTERS_PER_SECOND)
    length = min(int(len(speech) * inside_ms / max(duration_ms, 1.0)), len(speech))
    while 0 < length < len(speech) and speech[length - 1] < "\u2e80" and not speech[length - 1].isspace():
        length -= 1
    return length
