"""What a loudspeaker plays of a turn, sample by sample: from the first sound it gets, silent within 15 ms when told to, and
where it was held it goes on without a lost sample.

Pure: whoever renders hands in the buffer and the time at which it will be heard, and is told a Mark when something changed
and every 50 ms. All calls come from one thread.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FADE_OUT_S = 0.015
FADE_IN_S = 0.003
MARK_EVERY_S = 0.05
CUSHION_S = 0.04
"""What has to be there before the sound goes on after it ran dry in the middle of a segment."""
EDGE_TOLERANCE_S = 0.002
SETTLE_S = 0.001
"""How fast the wave comes down where the sound ran dry: a step would click."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the sound is at a time."""

    turn: int
    time_s: float
    """When it is heard, on the clock of :meth:`Playout.render`."""
    position: int
    """Samples into the turn's sound."""
    moving: bool
    """Whether the position moves on from there."""
    underruns: int
    """How often the sound ran dry in the middle of a segment."""


class SampleQueue:
    """Samples in the order of their positions in the turn; those that came before are left out."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, Samples]] = deque()
        self._length = 0
        self._end: int | None = None

    def __len__(self) -> int:
        return self._length

    @property
    def position(self) -> int:
        """Of the next sample to be read; when there is none, of the one that is to come."""
        return self._pieces[0][0] if self._pieces else self._end or 0

    def write(self, position: int, samples: Samples) -> None:
        known = 0 if self._end is None else max(self._end - position, 0)
        if samples.size > known:
            self._pieces.append((position + known, samples[known:]))
            self._length += samples.size - known
            self._end = position + samples.size

    def peek(self, out: Samples) -> int:
        """Fill ``out`` as far as there are samples, and keep them; how many there were."""
        filled = 0
        for _, samples in self._pieces:
            part = samples[: len(out) - filled]
            out[filled : filled + part.size] = part
            filled += part.size
            if filled == len(out):
                break
        return filled

    def read(self, out: Samples) -> int:
        """Fill ``out`` as far as there are samples; how many there were."""
        count = left = self.peek(out)
        while left:
            position, samples = self._pieces.popleft()
            if samples.size > left:
                self._pieces.appendleft((position + left, samples[left:]))
            left -= min(samples.size, left)
        self._length -= count
        return count

    def clear(self) -> None:
        """Forget everything, positions included."""
        self._pieces.clear()
        self._length, self._end = 0, None


class Playout:
    """``rate`` is that of the turn's sound, Hz."""

    def __init__(self, rate: int, tell: Callable[[Mark], None]) -> None:
        self._rate, self._tell = rate, tell
        self._queue = SampleQueue()
        self._turn = -1
        self._playing = self._held = self._finished = False
        self._edge = self._underruns = 0
        self._dry = False
        self._last = 0.0
        self._fade_in = 0
        self._tail: Samples = np.zeros(0, np.float32)
        """What is faded out over whatever follows."""
        self._now = self._marked = -math.inf

    def begin(self, turn: int) -> None:
        """A turn begins, not held; what is left of the one before fades out."""
        self.drop()
        self._turn = turn
        self._held = self._finished = self._dry = False
        self._edge = self._fade_in = 0

    def push(self, turn: int, position: int, samples: Samples) -> None:
        """Sound of ``turn``, between -1 and 1, from ``position`` on; that of other turns is left out."""
        if turn == self._turn:
            self._queue.write(position, samples)

    def edge(self, position: int) -> None:
        """A segment's sound ends at ``position``: running dry there is nobody's fault."""
        self._edge = max(self._edge, position)

    def finish(self) -> None:
        """Nothing more of the turn will come."""
        self._finished = True

    def drop(self) -> None:
        """Fade out within 15 ms and forget the rest of the turn's sound."""
        self._fade_out()
        self._queue.clear()

    def hold(self) -> None:
        """Fade out within 15 ms and stay where the fading began, whatever comes."""
        self._fade_out()
        self._held = True

    def go_on(self) -> None:
        """Play on from where it was held, with what was faded out."""
        self._held = False

    def render(self, out: Samples, now: float) -> None:
        """Overwrite ``out``, whose first sample is heard at ``now`` (s)."""
        self._now = now
        out[:] = 0
        if not self._playing and self._may_start():
            self._playing, self._dry = True, False
            self._mark(now, moving=True)
        if self._playing:
            self._play(out)
        fading = min(len(out), self._tail.size)
        out[:fading] += self._tail[:fading]
        self._tail = self._tail[fading:]
        self._now = now + len(out) / self._rate
        if self._playing and self._now - self._marked >= MARK_EVERY_S:
            self._mark(self._now, moving=True)

    @property
    def _ramp(self) -> int:
        return math.ceil(FADE_IN_S * self._rate)

    def _may_start(self) -> bool:
        if self._held or not len(self._queue):
            return False
        all_there = self._finished or self._queue.position + len(self._queue) <= self._edge
        return all_there or not self._dry or len(self._queue) >= CUSHION_S * self._rate

    def _play(self, out: Samples) -> None:
        count = self._queue.read(out)
        if self._fade_in:
            steps = min(self._fade_in, count)
            out[:steps] *= 1 - np.arange(self._fade_in, self._fade_in - steps, -1, dtype=np.float32) / self._ramp
            self._fade_in -= steps
        if count:
            self._last = float(out[count - 1])
        if count < len(out):
            self._ran_dry(out[count:], self._now + count / self._rate)

    def _ran_dry(self, rest: Samples, at: float) -> None:
        at_edge = 0 < self._edge <= self._queue.position + EDGE_TOLERANCE_S * self._rate
        if not at_edge and not self._finished:
            self._underruns += 1
            self._dry = True
            self._fade_in = self._ramp
        rest[:] = self._last * np.exp(-np.arange(1, rest.size + 1) / (SETTLE_S * self._rate))
        self._stop(at)

    def _fade_out(self) -> None:
        if not self._playing:
            return
        tail = np.zeros(math.ceil(FADE_OUT_S * self._rate), np.float32)
        count = self._queue.peek(tail)
        tail *= 1 - np.arange(1, tail.size + 1, dtype=np.float32) / tail.size
        self._tail = tail[:count]
        self._fade_in = self._ramp
        self._stop(self._now)

    def _stop(self, at: float) -> None:
        self._playing = False
        self._mark(at, moving=False)

    def _mark(self, at: float, *, moving: bool) -> None:
        self._marked = at
        self._tell(Mark(self._turn, at, self._queue.position, moving, self._underruns))
