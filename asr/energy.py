"""Speech told from noise by its level alone: what is well above the quietest sound of the last seconds.

It needs nothing but numpy. It takes any sound of some 20 ms and more for speech, until that has lasted for ``MEMORY`` frames.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURE_DB = 10.0
"""So far above the noise, a sound is as likely speech as not."""
STEEP_DB = 1.5
STRETCH, STRETCHES = 8, 8
"""The floor is the quietest of so many stretches of so many frames: speech has gaps within that time."""
MEMORY = STRETCH * STRETCHES
BELOW = 8
"""So many samples are heard as one: above some 1 kHz, there is less of voices than of noise and clicks."""
PARTS = 4
"""Of a frame: the level of the second quietest is its own, so that a click is as quiet as what is around it."""
QUIETEST_DB = -70.0
"""Below this level (full scale is 0) all is equally silent, so that the faint noise of a good microphone is none."""


class EnergyActivity:
    """The ear of one stream; 30 µs a frame. What it holds is bounded."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was heard; the first sound that comes is taken for the noise of the room."""
        self._minima: deque[float] = deque(maxlen=STRETCHES)
        self._count = 0

    def probability(self, frame: NDArray[np.float32]) -> float:
        """From 0 to 1, whether there is speech in the next ``FRAME_SAMPLES`` samples."""
        level = _level_db(frame)
        if self._count % STRETCH == 0:
            self._minima.append(level)
        self._count += 1
        self._minima[-1] = min(self._minima[-1], level)
        above = level - min(self._minima)
        return 1.0 / (1.0 + math.exp((SURE_DB - above) / STEEP_DB))


def _level_db(frame: NDArray[np.float32]) -> float:
    """Of the sound without its direct current, which cheap sound cards add."""
    low = frame.reshape(-1, BELOW).mean(axis=1)
    _, lasting, *_ = sorted(np.var(low.reshape(PARTS, -1), axis=1).tolist())
    return max(10.0 * math.log10(lasting + 1e-12), QUIETEST_DB)
