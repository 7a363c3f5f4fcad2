"""The frames of a microphone, put one after the other."""

from __future__ import annotations

from ..core.types import BYTES_PER_SAMPLE

MAX_GAP = 32_000
"""Samples of silence that a gap is filled with, at most: 2 s, which end every utterance that a pause ends by default."""
RESTART = 16_000
"""A frame that comes so many samples late is no late one: the page counts anew."""
_WRAP = 2**32
"""Positions are counted so far on the wire, which is three days, and then from 0 again."""


class MicTrack:
    """Positions are in samples; the first frame begins the track, wherever it lies. In the long run there is no more silence
    than there is sound: positions that jump with every frame would be hours of it, which take as long to be judged as sound."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._silence = MAX_GAP
        """How much of it may be put in at this moment."""

    def placed(self, pcm: bytes, position: int) -> bytes:
        """``pcm`` with the silence that is missing before it, and without what was there before."""
        samples = len(pcm) // BYTES_PER_SAMPLE
        ahead = 0 if self._next is None else (position - self._next + _WRAP // 2) % _WRAP - _WRAP // 2
        if -RESTART < ahead < 0:
            late = min(-ahead, samples)
            pcm, position, samples = pcm[late * BYTES_PER_SAMPLE :], position + late, samples - late
            if not samples:
                return b""
        self._next = (position + samples) % _WRAP
        silence = min(max(ahead, 0), self._silence)
        self._silence = min(self._silence - silence + samples, MAX_GAP)
        return bytes(silence * BYTES_PER_SAMPLE) + pcm
