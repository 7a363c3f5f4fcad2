"""Sound as their clients send it, a list of numbers from -1 to 1, made into what the ears hear."""

from __future__ import annotations

from collections.abc import Sequence

from ...asr.base import SAMPLE_RATE

QUIET = 0.1
"""Of the loudest sample: what is softer at the end of a clip is no speech."""


def pcm16(samples: Sequence[float]) -> bytes:
    """PCM of any numbers: what is too large is clipped, and what is none is silence."""
    import numpy as np

    found = np.nan_to_num(np.asarray(samples, np.float64), nan=0.0, posinf=1.0, neginf=-1.0)
    return np.rint(np.clip(found, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def quiet_end_ms(pcm: bytes) -> float:
    """How long nothing is said at the end of a clip, as far as its level tells."""
    import numpy as np

    levels = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32))
    loud = np.flatnonzero(levels > levels.max(initial=0) * QUIET)
    return (len(levels) - 1 - int(loud[-1])) * 1000 / SAMPLE_RATE if len(loud) else 0.0
