"""What is known of the utterance that is being spoken: where there was speech, and what was understood up to where.

    begin ──────── committed ──────── latest.until ──── end of the sound
          decoded for good     decoded, again as it grows

Places are samples from the start of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..core.transcript import Transcript, TranscriptSegment
from .base import SAMPLE_RATE
from .decoding import Failure
from .end_of_turn import Stand
from .hallucinations import believed
from .joining import joined

TAIL = SAMPLE_RATE * 3 // 32
"""Sound after the last speech that belongs to it: 94 ms, a detector misses the soft ends of words."""
MS = SAMPLE_RATE / 1000
PRE_ROLL = round(400 * MS)
"""Sound before the first speech that belongs to it."""
LONGEST = 60 * SAMPLE_RATE
"""It is over then, whatever comes."""


@dataclass(slots=True)
class Stretch:
    """Speech without a pause; ``end`` grows while it goes on."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of the sound from ``since`` to ``until``."""

    since: int
    until: int
    transcript: Transcript


@dataclass(slots=True)
class Utterance:
    begin: int
    at: float
    """When its first sound was heard, ms of the loop's clock."""
    continues: bool = False
    """It began where the last one was taken to be over though the sound went on. Its onset is not told before it has words."""
    told: bool = False
    """Whether its onset was told."""
    committed: int = 0
    latest: Reading | None = None
    stretches: list[Stretch] = field(default_factory=list[Stretch])
    pieces: list[Transcript] = field(default_factory=list[Transcript])
    """What was decoded for good, timed from ``begin``."""
    unchanged_since: int = 0
    """Where the sound ended when the text was read first."""
    hard_end: int | None = None
    """It ends here, whatever comes."""
    ended_at: float = 0.0
    """When its last sound so far was heard, ms of the loop's clock."""
    shown: str = ""
    """The text that was told last."""
    settled: bool = False
    """All that was said before this pause was told."""
    failure: Failure | None = None
    """Why the last attempt to understand it failed."""
    _at_pause: Reading | None = None
    """What had been understood at the last pause, up to there."""

    def __post_init__(self) -> None:
        self.committed = self.unchanged_since = self.begin

    def heard(self, began: int, end: int) -> None:
        """There is speech from ``began`` to ``end``, which may go on."""
        began = max(began, self.begin)
        if self.stretches and self.stretches[-1].start == began:
            self.stretches[-1].end = end
        elif end > began:
            self.stretches.append(Stretch(began, end))

    @property
    def speech_end(self) -> int:
        return self.stretches[-1].end if self.stretches else self.begin

    @property
    def needed(self) -> int:
        """How far has to be decoded for all speech to be."""
        place = self.speech_end + TAIL
        return place if self.hard_end is None else min(place, self.hard_end)

    @property
    def decoded(self) -> int:
        return self.latest.until if self.latest else self.committed

    @property
    def text(self) -> str:
        return joined(piece.text for piece in self._pieces())

    @property
    def language(self) -> str | None:
        return next((piece.language for piece in reversed(self._pieces()) if piece.language and piece.text), None)

    @property
    def segments(self) -> tuple[TranscriptSegment, ...]:
        """What was understood, timed from ``begin``."""
        return tuple(segment for piece in self._pieces() for segment in piece.segments)

    def speech_ms(self, since: int | None = None, until: int | None = None) -> float:
        """Speech in it, or in a part of it."""
        first, last = self.begin if since is None else since, self.speech_end if until is None else until
        return sum(max(min(one.end, last) - max(one.start, first), 0) for one in self.stretches) / MS

    def take(self, reading: Reading, *, for_good: bool = False) -> None:
        """This was understood; what was made up is left out. ``for_good``: it is not decoded again."""
        before = self.text
        speech_ms = self.speech_ms(reading.since, reading.until)
        self.latest = replace(reading, transcript=self._timed(reading, believed(reading.transcript, speech_ms)))
        self.failure = None
        if self.text != before:
            self.unchanged_since = reading.until
        if for_good:
            self._commit()

    def _commit(self) -> None:
        if self.latest is not None:
            self.pieces.append(self.latest.transcript)
            self.committed, self.latest = self.latest.until, None
            self._at_pause = None

    def settle(self) -> None:
        """The speaker pauses, and all is decoded."""
        self.settled = True
        if self.latest is not None:
            self._at_pause = replace(self.latest, until=min(self.needed, self.latest.until))

    def commit_pause(self, least: int) -> None:
        """What was understood at the last pause is not decoded again, if it is ``least`` samples or more."""
        pause, self._at_pause = self._at_pause, None
        if pause is not None and pause.since == self.committed and pause.until - pause.since >= least:
            self.latest = pause
            self._commit()

    def stand(self, silence_ms: float, completeness: float | None, pending: bool) -> Stand:
        """``pending``: something of it is being transcribed."""
        return Stand(
            silence_ms=silence_ms,
            speech_ms=(self.speech_end - self.stretches[0].start) / MS if self.stretches else 0.0,
            text=self.text,
            whole=self.decoded >= self.needed,
            unchanged_ms=(self.decoded - self.unchanged_since) / MS,
            completeness=completeness,
            language=self.language,
            pending=pending,
        )

    def _pieces(self) -> list[Transcript]:
        return [*self.pieces, self.latest.transcript] if self.latest else self.pieces

    def _timed(self, reading: Reading, transcript: Transcript) -> Transcript:
        """The transcript with its segments timed from ``begin``; where the engine has none, all of it is one."""
        if not transcript.text:
            return transcript
        first, last = (reading.since - self.begin) / MS, (reading.until - self.begin) / MS
        if not transcript.segments:
            spoken = [one for one in self.stretches if one.end > reading.since and one.start < reading.until]
            start = max((spoken[0].start - self.begin) / MS, first) if spoken else first
            end = min((spoken[-1].end - self.begin) / MS, last) if spoken else last
            return replace(transcript, segments=(TranscriptSegment(start, end, transcript.text),))
        shifted = (
            replace(one, start_ms=min(one.start_ms + first, last), end_ms=min(one.end_ms + first, last))
            for one in transcript.segments
        )
        return replace(transcript, segments=tuple(shifted))
