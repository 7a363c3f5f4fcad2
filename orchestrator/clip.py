"""A segment and its audio, between the voice that makes it and the listener that hears it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.channel import Channel
from ..core.types import Audio, Segment

PIECE_MS = 200.0
"""Audio is sent in pieces of at most this length, so that pacing is fine and no message is large."""
CHUNKS = 64
"""Chunks of audio that wait at most: then the voice waits, too."""


@dataclass(slots=True)
class Clip:
    """Times are ms of the loop's clock."""

    segment: Segment
    last_token_at: float
    requested_at: float = 0.0
    audio: Channel[Audio] = field(default_factory=lambda: Channel(CHUNKS))

    def with_what_waits(self, audio: Audio) -> Audio:
        """``audio`` and what is already there after it, up to about a piece: fewer messages for the same sound."""
        parts, marks, duration_ms = [audio.pcm], audio.marks, audio.duration_ms
        while duration_ms < PIECE_MS and (more := self.audio.get_nowait()) is not None:
            parts.append(more.pcm)
            marks += more.marks
            duration_ms += more.duration_ms
        return Audio(b"".join(parts), audio.sample_rate, marks)
