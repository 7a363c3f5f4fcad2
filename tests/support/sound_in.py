"""What is in a sound file, as FFmpeg decodes it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import av
import numpy as np


@dataclass(frozen=True)
class Sound:
    """``rms`` as in 16-bit samples, over the whole file."""

    duration_ms: float
    rms: float
    sample_rate: int

    @property
    def energy(self) -> float:
        """What does not change with silence around it."""
        return self.rms**2 * self.duration_ms


def decoded(file: bytes, form: str | None = None) -> Sound:
    """``form`` is FFmpeg's name of the format; None: it finds out."""
    total, energy, rate = 0, 0.0, 0
    with av.open(io.BytesIO(file), "r", format=form) as container:
        for frame in container.decode(audio=0):
            found: Any = frame
            samples = found.to_ndarray().astype(np.float64).ravel()
            samples *= 1 if found.format.name.startswith("s16") else 32768
            total, rate = total + found.samples, found.sample_rate
            energy += float(samples @ samples)
    return Sound(total / rate * 1000, (energy / total) ** 0.5, rate)


def raw(pcm: bytes, rate: int) -> Sound:
    samples = np.frombuffer(pcm, np.int16).astype(np.float64)
    return Sound(samples.size / rate * 1000, (float(samples @ samples) / samples.size) ** 0.5, rate)
