"""What the ears report of one microphone, in this order for each utterance:

    Onset (Partial | Settled | Resumed)* (Final | Nothing)

Times are ms of the loop's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..core.transcript import TranscriptSegment
from ..core.types import SpeechTimes


class EndReason(StrEnum):
    """Why an utterance was taken to be over."""

    PUNCTUATION = "punctuation"
    """A short pause after a whole sentence."""
    SILENCE = "silence"
    """A long pause."""
    STABLE = "stable"
    """The text has not changed for long, whatever the sound does."""
    MODEL = "model"
    """The end-of-turn model is sure."""
    RELEASED = "released"
    """The speaker let go of the button, or the microphone was closed."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Somebody begins to speak, or so it sounds; the first sound was at ``at``."""

    at: float


@dataclass(frozen=True, slots=True)
class Partial:
    """What was understood so far; told when it changes."""

    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """The speaker pauses, and this is all that was said: if it was the end, it is the final text."""

    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """The speaker goes on after a pause: what was settled is not all."""


@dataclass(frozen=True, slots=True)
class Final:
    """The utterance is over. ``segments`` are timed from its start."""

    text: str
    language: str | None
    segments: tuple[TranscriptSegment, ...]
    times: SpeechTimes
    reason: EndReason


@dataclass(frozen=True, slots=True)
class Nothing:
    """It was no speech, or nothing of it could be understood."""

    at: float


HearingEvent = Onset | Partial | Settled | Resumed | Final | Nothing
