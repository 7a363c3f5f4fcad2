"""How loud a voice is, compared with itself.

A voice's own loud passages open the mouth wide, whether it was recorded hot or faint. So the measure is not the clip at hand, whose
whispers would become shouts, but the 95th percentile of all that the voice has said of late.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOOR_DB = -45.0
"""dB below full scale; anything fainter is silence."""
_FIRST_GUESS_DB = -18.0
_GUESS_FRAMES = 2.0
"""The guess is forgotten after 40 frames of speech: when it is less than 5 % of what was heard."""
_LEAST_RANGE_DB = 12.0
_PERCENTILE = 0.95
_MEMORY_FRAMES = 1_000.0
_FULL_SCALE = 32_768.0
_RESCALE = 1e12


class VoiceLevel:
    """The running 95th percentile of one voice's loudness; keep it from turn to turn.

    A histogram of 1 dB bins in which each frame weighs a little more than the one before, so that the last 20 s of
    speech count most.
    """

    __slots__ = ("_bins", "_reference", "_weight")

    def __init__(self) -> None:
        self._bins = [0.0] * (int(-FLOOR_DB) + 1)
        self._bins[int(_FIRST_GUESS_DB - FLOOR_DB)] = _GUESS_FRAMES
        self._weight = 1.0
        self._reference = _FIRST_GUESS_DB

    @property
    def reference_db(self) -> float:
        """The loudness (dB of full scale) at which the mouth is wide open."""
        return self._reference

    def hear(self, levels: Sequence[float]) -> list[float]:
        """Loudness of frames in dB → openness 0 … 1, after taking them into account."""
        for level in levels:
            if level > FLOOR_DB:
                self._bins[min(int(level - FLOOR_DB), len(self._bins) - 1)] += self._weight
                self._weight *= 1 + 1 / _MEMORY_FRAMES
        self._reference = max(self._percentile(), FLOOR_DB + _LEAST_RANGE_DB)
        span = self._reference - FLOOR_DB
        return [min(1.0, max(0.0, (level - FLOOR_DB) / span)) for level in levels]

    def _percentile(self) -> float:
        if self._weight > _RESCALE:
            self._bins = [weight / self._weight for weight in self._bins]
            self._weight = 1.0
        above = (1 - _PERCENTILE) * sum(self._bins)
        for index in range(len(self._bins) - 1, 0, -1):
            above -= self._bins[index]
            if above < 0:
                return FLOOR_DB + index
        return FLOOR_DB


def levels_db(frames: NDArray[np.int16]) -> list[float]:
    """(n, samples) → n levels: RMS about the mean, so that an offset is no sound, in dB of full scale; silence is −120."""
    sound = frames.astype(np.float32)
    count = sound.shape[1]
    power = np.einsum("ij,ij->i", sound, sound) / count - (np.einsum("ij->i", sound) / count) ** 2
    return (10 * np.log10(np.maximum(power / _FULL_SCALE**2, 1e-12))).tolist()
