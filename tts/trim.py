"""Silence at the ends of a clip, taken away while the clip streams by. Silence inside is kept.

Invariants: what comes out is one stretch of what went in, whatever pieces it came in, and holds everything that can be heard;
audio that can be heard leaves with the piece it came in, only silence is held back; marks stay in order, are never later than
the audio they belong to, and lie within the clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.types import BYTES_PER_SAMPLE, Audio, Mark
from .pcm import SILENCE_DBFS

VERSION = 1
"""Counts up when clips come out differently than before."""
LEAD_MS = 10.0
"""Silence that a trimmed clip begins with at most: room for a sound that sets in softly."""
PIECE_MS = 100.0
WINDOW_MS = 5.0
MASKED_DBFS = -50.0
_POWER, _MASKED_POWER = ((32768 * 10 ** (dbfs / 20)) ** 2 for dbfs in (SILENCE_DBFS, MASKED_DBFS))
_BELOW_LOUDEST = 10 ** (-40 / 10)


class Sound:
    """Where in a clip the sound is, by windows of 5 ms. A window is heard as soon as what is there of it is loud enough.

    That is -60 dBFS, so that no soft onset is missed; once there was sound, 40 dB below its loudest window, but never more than
    -50 dBFS: the breath that voices end with. Positions are samples from the start of the clip.
    """

    def __init__(self, sample_rate: int) -> None:
        self.window = max(samples_in(WINDOW_MS, sample_rate), 1)
        self.seen = 0
        self.start: int | None = None
        """Where the first window with sound begins; None: nothing was heard yet."""
        self.end = 0
        """Where the last window with sound ends; it may not have come whole yet."""
        self._energy = 0.0
        """Of the window that has not come whole yet."""
        self._loudest = 0.0
        """Energy of the loudest window."""
        self._limit = _POWER * self.window
        """Energy that the last window needs to be heard."""

    def add(self, pcm: bytes) -> None:
        samples = np.frombuffer(pcm, np.int16)
        if not samples.size:
            return
        begun = self.seen % self.window
        first, count = self.seen - begun, begun + samples.size
        sums = self._energies(samples, begun)
        sums[0] += self._energy
        loudest = float(sums.max())
        if loudest <= self._loudest:
            self._limit = self._limit_below(self._loudest)
            heard = sums > self._limit
        else:
            before = np.maximum.accumulate(np.concatenate(([self._loudest], sums)))
            limits = np.clip(before[:-1] * _BELOW_LOUDEST, _POWER * self.window, _MASKED_POWER * self.window)
            heard = sums > limits
            self._limit, self._loudest = float(limits[-1]), loudest
        if self.start is not None and heard[-1]:
            self.end = first + sums.size * self.window
        elif (places := heard.nonzero()[0]).size:
            self.start = first + int(places[0]) * self.window if self.start is None else self.start
            self.end = first + (int(places[-1]) + 1) * self.window
        self.seen += samples.size
        self._energy = float(sums[-1]) if count % self.window else 0.0

    def _energies(self, samples: NDArray[np.int16], begun: int) -> NDArray[np.float64]:
        """By windows, of which the first one began ``begun`` samples before. Sums of squares of whole numbers: exact."""
        missing = -(begun + samples.size) % self.window
        if begun or missing:
            rows = np.zeros(begun + samples.size + missing)
            rows[begun : begun + samples.size] = samples
        else:
            rows = samples.astype(np.float64)
        rows = rows.reshape(-1, self.window)
        return np.einsum("ij,ij->i", rows, rows)

    def _limit_below(self, loudest: float) -> float:
        return min(max(loudest * _BELOW_LOUDEST, _POWER * self.window), _MASKED_POWER * self.window)

    def finish(self) -> None:
        """The clip ends here: its last window is as long as it is."""
        length = self.seen % self.window
        if self._energy * self.window > self._limit * length:
            self.start = self.seen - length if self.start is None else self.start
            self.end = self.seen


class Trimmer:
    """One clip at one rate (Hz). ``lead_ms``, ``tail_ms``: silence it may begin and end with; None: as much as there is."""

    def __init__(self, sample_rate: int, *, lead_ms: float | None = LEAD_MS, tail_ms: float | None = None) -> None:
        self._rate = sample_rate
        self._sound = Sound(sample_rate)
        # Whole windows, so that the trimmed clip has the same ones, and trimming it once more the same result.
        self._lead = round((lead_ms or 0) / WINDOW_MS) * self._sound.window
        self._tail = None if tail_ms is None else samples_in(tail_ms, sample_rate)
        self._held = bytearray()
        self._begins: int | None = 0 if lead_ms is None else None
        """Where the trimmed clip begins in the one that came; None: not known yet."""
        self._dropped = 0
        self._given = 0
        """Samples."""
        self._marks: list[Mark] = []
        """Those not given out yet; timed in the trimmed clip as soon as its beginning is known."""

    @property
    def sound_end(self) -> int:
        """Where the last sound of the trimmed clip ends so far, in samples."""
        return max(min(self._sound.end, self._sound.seen) - (self._begins or 0), 0)

    def feed(self, audio: Audio) -> list[Audio]:
        """What of this piece, and of what was held, is certain to stay."""
        self._held += audio.pcm
        self._sound.add(audio.pcm)
        if self._begins is not None:
            self._marks += self._shifted(audio.marks)
            return self._give(self._begins)
        self._marks += audio.marks
        return self._begin()

    def flush(self) -> list[Audio]:
        """The clip ends here: what is left of its sound, and marks that came after theirs. Held silence is dropped."""
        self._sound.finish()
        given = self._begin() if self._begins is None else self._give(self._begins)
        late = tuple(_due(self._marks, self._given, self._rate)) if self._given else ()
        return [*given, Audio(b"", self._rate, late)] if late else given

    def _give(self, begins: int) -> list[Audio]:
        ends = self._sound.seen if self._tail is None else self._sound.end + self._tail
        size = max(ends - begins - self._given, 0) * BYTES_PER_SAMPLE
        pcm = bytes(self._held[:size])
        del self._held[:size]
        given = list(pieces(pcm, self._rate, self._marks, self._given))
        self._given += len(pcm) // BYTES_PER_SAMPLE
        return given

    def _begin(self) -> list[Audio]:
        """Drop the silence that the clip came with; what is given out if there is sound by now."""
        start, seen = self._sound.start, self._sound.seen
        # Without sound, the window that has not come whole yet may still be heard.
        last = seen - seen % self._sound.window if start is None else start
        useless = max(last - self._lead, 0)
        del self._held[: (useless - self._dropped) * BYTES_PER_SAMPLE]
        self._dropped = useless
        if start is None:
            return []
        self._begins = useless
        self._marks = self._shifted(tuple(self._marks))
        return self._give(useless)

    def _shifted(self, marks: tuple[Mark, ...]) -> list[Mark]:
        cut_ms = (self._begins or 0) * 1000 / self._rate
        return [replace(mark, at_ms=max(mark.at_ms - cut_ms, 0.0)) for mark in marks] if cut_ms else list(marks)


def samples_in(ms: float, sample_rate: int) -> int:
    return round(sample_rate * ms / 1000)


def pieces(pcm: bytes, sample_rate: int, marks: list[Mark], position: int = 0) -> Iterator[Audio]:
    """A stretch of a clip, ``position`` samples after its start, in pieces of at most 100 ms.

    Takes from ``marks`` those that the pieces carry: each goes with the piece it falls into, or an earlier one.
    """
    step = max(int(sample_rate * PIECE_MS / 1000), 1) * BYTES_PER_SAMPLE
    for start in range(0, len(pcm), step):
        part = pcm[start : start + step]
        end = position + (start + len(part)) // BYTES_PER_SAMPLE
        yield Audio(part, sample_rate, tuple(_due(marks, end, sample_rate)))


def _due(marks: list[Mark], end: int, sample_rate: int) -> list[Mark]:
    """Take the marks up to ``end`` (samples) off the front."""
    if not marks:
        return []
    end_ms = end * 1000 / sample_rate
    count = next((index for index, mark in enumerate(marks) if mark.at_ms > end_ms), len(marks))
    due = marks[:count]
    del marks[:count]
    return due
