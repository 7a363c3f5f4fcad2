"""Sound as numbers: loudness of PCM, and one sample rate for clips of any."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import BYTES_PER_SAMPLE, Audio, Mark

SILENCE_DBFS = -60.0
"""Below this nobody hears anything."""
_SILENCE_POWER = (32768 * 10 ** (SILENCE_DBFS / 20)) ** 2


class Loudness:
    """The mean power of what was added, as RMS against full scale (a square wave is 0 dBFS)."""

    def __init__(self) -> None:
        self._energy, self._samples = 0.0, 0

    def add(self, pcm: bytes) -> bool:
        """Add mono 16-bit PCM; whether this piece by itself can be heard."""
        samples = np.frombuffer(pcm, np.int16).astype(np.float64)
        energy = float(samples @ samples)
        self._energy += energy
        self._samples += samples.size
        return energy > _SILENCE_POWER * samples.size

    @property
    def silent(self) -> bool:
        """Nothing, or nothing that can be heard."""
        return self._energy <= _SILENCE_POWER * self._samples


class Resampler:
    """Brings the pieces of a clip to one rate (Hz), in a stream; pieces of that rate go through untouched.

    The filter (soxr, HQ) holds back up to 60 ms. A mark waits for the audio it came with, so it is never late.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._from = sample_rate
        self._stream: Any = None
        self._marks: list[Mark] = []

    def feed(self, audio: Audio) -> list[Audio]:
        """The audio that is ready now."""
        out = self.flush() if audio.sample_rate != self._from else []
        if audio.sample_rate == self.sample_rate:
            return [*out, audio] if audio.pcm or audio.marks else out
        if self._stream is None:
            import soxr  # takes its time to load, and most voices already have the right rate

            self._from = audio.sample_rate
            self._stream = soxr.ResampleStream(self._from, self.sample_rate, 1, dtype="int16", quality="HQ")
        self._marks += audio.marks
        return out + self._emit(audio.pcm, last=False)

    def flush(self) -> list[Audio]:
        """What the filter still holds; the next piece begins anew."""
        out = self._emit(b"", last=True) if self._stream is not None else []
        self._stream, self._from = None, self.sample_rate
        return out

    def _emit(self, pcm: bytes, *, last: bool) -> list[Audio]:
        samples = self._stream.resample_chunk(np.frombuffer(pcm, np.int16), last=last)
        if not samples.size:
            return []
        marks, self._marks = tuple(self._marks), []
        return [Audio(samples.tobytes(), self.sample_rate, marks)]


def check(audio: Audio) -> str | None:
    """What is wrong with the format of a voice's audio; None when nothing is."""
    if len(audio.pcm) % BYTES_PER_SAMPLE:
        return f"gave {len(audio.pcm)} bytes of 16-bit audio: half a sample too much"
    if not 4000 <= audio.sample_rate <= 384_000:
        return f"gave audio at {audio.sample_rate} Hz"
    return None
