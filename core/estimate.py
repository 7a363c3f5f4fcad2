"""A running estimate of something that is measured again and again."""

from __future__ import annotations

WEIGHT = 0.3
"""Of the latest measure."""


class Estimate:
    """Exponentially weighted mean; ``value`` is the guess it was made with until something was measured."""

    def __init__(self, guess: float) -> None:
        self.value = guess
        self._measured = False

    def add(self, measure: float) -> None:
        self.value += (measure - self.value) * (WEIGHT if self._measured else 1.0)
        self._measured = True
