"""PCM as a client sends it, made into what the ears hear: whole samples at 16 kHz."""

from __future__ import annotations

from typing import Any

from ...asr.base import SAMPLE_RATE

LOWEST_RATE, HIGHEST_RATE = 8000, 48_000


class PcmStream:
    """Frames may end in the middle of a sample: the odd byte belongs to the next one."""

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
            raise ValueError(f"no sample rate from {LOWEST_RATE} to {HIGHEST_RATE}: {sample_rate}")
        self.sample_rate = sample_rate
        self._odd = b""
        self._resampler: Any = None if sample_rate == SAMPLE_RATE else _resampler(sample_rate)

    def put(self, data: bytes) -> bytes:
        """What is there to hear with this frame; a resampler is a few ms behind."""
        data = self._odd + data
        whole = len(data) & ~1
        self._odd = data[whole:]
        return self._converted(data[:whole], last=False)

    def end(self) -> bytes:
        """What the resampler still has; half a sample is dropped."""
        return self._converted(b"", last=True)

    def _converted(self, pcm: bytes, *, last: bool) -> bytes:
        if self._resampler is None:
            return pcm
        import numpy as np

        heard: bytes = self._resampler.resample_chunk(np.frombuffer(pcm, "<i2"), last=last).tobytes()
        return heard


def _resampler(sample_rate: int) -> Any:
    import soxr

    return soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="int16")
