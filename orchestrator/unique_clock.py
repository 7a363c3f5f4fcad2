"""A clock that never gives the same time twice."""

from __future__ import annotations

import time

STEP_S = 1e-6
"""Floats of this century tell times that are so far apart."""


class UniqueClock:
    """Call it for the Unix time in s, always later than the one before."""

    def __init__(self, after: float = 0.0) -> None:
        self._last = after

    def __call__(self) -> float:
        self._last = max(time.time(), self._last + STEP_S)
        return self._last

    def not_before(self, at: float) -> None:
        """From here on only times after this one."""
        self._last = max(self._last, at)
