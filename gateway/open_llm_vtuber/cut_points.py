"""Where a clip can be cut: where the voice pauses, else where it is quietest. Positions are samples; nothing here keeps state.

A frame is quiet when it is far below the clip's loudest one and faint by itself, so that the breath and the noise of a room are
quiet, and a whisper is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 5.0
PAUSE_MS = 80.0
"""Shorter silence is part of a word: the closed lips of a p."""
_FAINT = 32768 * 10 ** (-42 / 20)
_SILENT = 32768 * 10 ** (-60 / 20)
_BELOW_LOUDEST = 10 ** (-32 / 20)
_TOGETHER = np.ones(3)
"""Frames that count together where the quietest point is looked for."""
_AS_QUIET = 1.5
"""Power compared with the least; of places that are about as quiet the last one is taken."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Pause:
    start: int
    end: int

    @property
    def middle(self) -> int:
        return (self.start + self.end) // 2


def loudest(samples: Samples, sample_rate: int) -> float:
    """The level (RMS) of the loudest frame."""
    return float(_levels(samples, _frame(sample_rate)).max(initial=0.0))


def pauses(samples: Samples, sample_rate: int, known: float = 0.0, least_ms: float = PAUSE_MS) -> list[Pause]:
    """Stretches of at least ``least_ms`` without voice between two with voice, in order.

    ``known``: level of the loudest frame of the clip before these samples.
    """
    size = _frame(sample_rate)
    quiet = _quiet(_levels(samples, size), known)
    edges = (np.flatnonzero(quiet[1:] != quiet[:-1]) + 1) * size
    if quiet.size and quiet[0]:
        edges = edges[1:]
    least = sample_rate * least_ms / 1000
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=False)
    return [Pause(start, end) for start, end in runs if end - start >= least]


def quiet_end(samples: Samples, sample_rate: int, known: float = 0.0) -> int:
    """How many samples at the end are without voice; ``known`` as above. 0 where there was no voice at all."""
    size = _frame(sample_rate)
    rest = len(samples) % size
    whole = np.concatenate((samples, np.zeros(size - rest, np.int16))) if rest else samples
    voice = np.flatnonzero(~_quiet(_levels(whole, size), known))
    if not voice.size:
        return len(samples) if known > _SILENT else 0
    return max(len(samples) - (int(voice[-1]) + 1) * size, 0)


def quietest(samples: Samples, sample_rate: int, start: int, end: int) -> int:
    """Where the sound between two places is faintest, as late as may be, at a sample that is near zero; ``start`` … ``end``."""
    size = _frame(sample_rate)
    window = samples[start:end]
    if len(window) < len(_TOGETHER) * size:
        return end
    power = np.convolve(_levels(window, size) ** 2, _TOGETHER, "valid")
    frame = (int(np.flatnonzero(power <= power.min() * _AS_QUIET)[-1]) + len(_TOGETHER) // 2) * size
    return start + frame + int(np.abs(window[frame : frame + size].astype(np.int32)).argmin())


def _frame(sample_rate: int) -> int:
    return max(round(sample_rate * FRAME_MS / 1000), 1)


def _levels(samples: Samples, size: int) -> NDArray[np.float32]:
    """RMS of each whole frame."""
    count = len(samples) // size
    frames = samples[: count * size].reshape(count, size).astype(np.float32)
    return np.sqrt(np.einsum("ij,ij->i", frames, frames) / size)


def _quiet(levels: NDArray[np.float32], known: float) -> NDArray[np.bool_]:
    loud = max(float(levels.max(initial=0.0)), known)
    return levels <= max(min(loud * _BELOW_LOUDEST, _FAINT), _SILENT)
