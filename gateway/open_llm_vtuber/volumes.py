"""How loud an item is, as its message says it: a number from 0 to 1 for each 20 ms."""

from __future__ import annotations

import numpy as np

from .server_messages import SLICE_MS

_LEAST_LOUD = 32768 * 10 ** (-40 / 20)
"""RMS that counts as loud at the least: what is faint throughout does not become a shout."""
_DIGITS = 3


def volumes(pcm: bytes, sample_rate: int) -> list[float]:
    """RMS of each slice, where the loudest is 1. The last slice may be shorter: it is filled up with silence."""
    samples = np.frombuffer(pcm, np.int16)
    step = max(sample_rate * SLICE_MS // 1000, 1)
    count = -(-samples.size // step)
    slices = np.zeros(count * step, np.float32)
    slices[: samples.size] = samples
    slices = slices.reshape(count, step)
    loudness = np.sqrt(np.einsum("ij,ij->i", slices, slices) / step)
    loudest = max(float(loudness.max(initial=0.0)), _LEAST_LOUD)
    return np.round(loudness.astype(np.float64) / loudest, _DIGITS).tolist()
