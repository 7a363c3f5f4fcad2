"""What ears understood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """A piece of a transcript, timed from the start of the clip."""

    start_ms: float
    end_ms: float
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptWord:
    """A word of a transcript, timed from the start of the clip."""

    start_ms: float
    end_ms: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the ears understood of a clip; ``text`` is empty where nobody spoke."""

    text: str
    language: str | None = None
    """ISO 639-1 code, where the engine tells it."""
    segments: tuple[TranscriptSegment, ...] = ()
    no_speech: float | None = None
    """Probability from 0 to 1 that nobody spoke, where the engine tells it."""
    log_probability: float | None = None
    """Mean of the tokens' log probabilities, where the engine tells it: near 0 is sure, below -1 is guesswork."""
    words: tuple[TranscriptWord, ...] = ()
    """Where they were wished for and the engine times them."""
