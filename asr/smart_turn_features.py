"""What the smart-turn model is shown of a clip: the logarithm of its power in 80 mel bands, every 10 ms of 8 s, as for Whisper.

The sound is scaled to mean 0 and variance 1, cut by Hann windows of 25 ms around each step (mirrored at both ends) and turned
into power; bands are triangles on Slaney's mel scale, each of the same area; what is 80 dB below the loudest is cut off.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .base import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECONDS = 8
SAMPLES = SECONDS * SAMPLE_RATE
BANDS, STEP, WINDOW = 80, 160, 400
STEPS = SAMPLES // STEP
FAINTEST = 1e-10
RANGE = 8.0
"""Powers of ten."""
LINEAR_HZ, LINEAR_MELS, OCTAVE_MELS = 1000.0, 15.0, 27.0 / np.log(6.4)
"""Slaney's scale: 15 mels up to 1 kHz, and from there 27 for each factor of 6.4."""


def features(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """``BANDS`` × ``STEPS`` of the last 8 s; a shorter clip is led in by silence."""
    sound = np.zeros(SAMPLES, np.float32)
    last = clip[-SAMPLES:]
    sound[SAMPLES - len(last) :] = last
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    mirrored = np.pad(sound.astype(np.float64), WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, WINDOW)[::STEP][:STEPS]
    hann, bands = _constants()
    power = np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2
    loudness = np.log10(np.maximum(bands @ power.T, FAINTEST))
    loudness = np.maximum(loudness, loudness.max() - RANGE)
    return ((loudness + 4) / 4).astype(np.float32)


@cache
def _constants() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The window, and how much of each frequency goes into each band."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    corners = _hertz(np.linspace(0, _mels(SAMPLE_RATE / 2), BANDS + 2))
    low, middle, high = (corners[at : at + BANDS, None] for at in range(3))
    frequency = np.arange(WINDOW // 2 + 1)[None] * SAMPLE_RATE / WINDOW
    rising, falling = (frequency - low) / (middle - low), (high - frequency) / (high - middle)
    return hann, np.maximum(np.minimum(rising, falling), 0) * 2 / (high - low)


def _mels(hertz: float) -> float:
    if hertz < LINEAR_HZ:
        return hertz * LINEAR_MELS / LINEAR_HZ
    return LINEAR_MELS + float(np.log(hertz / LINEAR_HZ)) * OCTAVE_MELS


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = LINEAR_HZ * np.exp((mels - LINEAR_MELS) / OCTAVE_MELS)
    return np.where(mels < LINEAR_MELS, mels * LINEAR_HZ / LINEAR_MELS, above)
