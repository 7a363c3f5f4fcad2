"""Where long speech is cut so that no word is: at the quietest place."""

from __future__ import annotations

import numpy as np

from .base import SAMPLE_RATE

HOP = SAMPLE_RATE // 100
SPAN = 16
"""Hops that are judged together: 160 ms, a short breath."""


def quietest(pcm: bytes) -> int:
    """The sample in the middle of the quietest breath of ``pcm``, the later of two; its end when it is too short to tell."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    hops = len(samples) // HOP
    if hops < SPAN:
        return len(samples)
    power = (samples[: hops * HOP].reshape(hops, HOP) ** 2).sum(axis=1)
    total = np.concatenate(([0.0], np.cumsum(power, dtype=np.float64)))
    breaths = total[SPAN:] - total[:-SPAN]
    latest = len(breaths) - 1 - int(np.argmin(breaths[::-1]))
    return (latest + SPAN // 2) * HOP
