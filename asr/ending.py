"""That an utterance is taken to be over."""

from __future__ import annotations

from dataclasses import dataclass

from .base import SAMPLE_RATE
from .hearing import EndReason

JITTER_MS = 200.0
LASTING = SAMPLE_RATE
"""After so much more silence it is over for good: a slow engine is not given ever longer utterances, which it would be slower
still to understand."""


@dataclass(frozen=True, slots=True)
class Ending:
    reason: EndReason
    confirmed: float
    """When it was decided, ms of the loop's clock."""
    place: int
    """How much had been heard then, samples from the start of the stream."""

    def lasts(self, place: int) -> bool:
        """Whether the silence has gone on for long since, up to ``place``."""
        return place - self.place >= LASTING

    def outrun(self, place: int, now: float) -> bool:
        """Whether sound up to ``place`` has come faster than it can have been spoken since."""
        return (place - self.place) * 1000 / SAMPLE_RATE > now - self.confirmed + JITTER_MS
