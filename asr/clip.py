"""Clips in the form that an engine wants."""

from __future__ import annotations

import struct

import numpy as np

from ..core.types import BYTES_PER_SAMPLE, Audio

SHORTEST_MS = 100.0
"""In less than that nobody can have said anything; engines and services refuse it, or make something up."""


def resampled(clip: Audio, sample_rate: int) -> Audio:
    """The clip at that rate (Hz). It takes a millisecond or so for each second, so long clips belong in a thread."""
    if clip.sample_rate == sample_rate:
        return clip
    import soxr  # takes its time to load, and most clips have the right rate

    samples = soxr.resample(np.frombuffer(clip.pcm, np.int16), clip.sample_rate, sample_rate, quality="HQ")
    return Audio(samples.astype(np.int16, copy=False).tobytes(), sample_rate)


def wav(clip: Audio) -> bytes:
    """The clip as a WAV file: mono, 16 bits, sizes as they are."""
    rate, size = clip.sample_rate, len(clip.pcm)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size) + clip.pcm
