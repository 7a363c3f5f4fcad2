"""What a listener hears of the avatar: the page's player, on the clock of the wall. Pure; times in seconds.

It plays what came in real time, fades within 15 ms where the voice is held or stopped, and goes on with what was faded out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FADE_S = 0.015
CUSHION_S = 0.05
"""What has to be there before it begins, or begins again after it ran dry, if no end is known."""
QUIET_S = 0.03
LONGEST_S = 120


@dataclass(frozen=True, slots=True)
class Run:
    """From ``at``, a sample of the loudspeaker, the turn's sound from ``position`` was heard for ``samples``."""

    at: int
    turn: int
    position: int
    samples: int


class Loudspeaker:
    """``out`` is all that was heard from ``began`` on, silence included."""

    def __init__(self, rate: int, began: float) -> None:
        self.rate, self.began = rate, began
        self.out: NDArray[np.float32] = np.zeros(rate * LONGEST_S, np.float32)
        self.rendered = 0
        self.runs: list[Run] = []
        self.heard: dict[int, bytearray] = {}
        """Each turn's sound as it was played, without the fades."""
        self.turn = 0
        self.dry = 0
        """How often it ran dry before the end."""
        self._sound = bytearray()
        self._cursor = 0
        self._held = self._playing = self._whole = False

    @property
    def played_ms(self) -> float:
        return self._cursor * 1000 / self.rate

    @property
    def held(self) -> bool:
        return self._held

    @property
    def over(self) -> bool:
        """All of a turn that came to its end was played."""
        return self._whole and self._left == 0

    @property
    def _left(self) -> int:
        return len(self._sound) // 2 - self._cursor

    def begin(self, turn: int, now: float) -> None:
        """A turn begins; what is left of the one before fades out."""
        self.stop(now)
        self.turn, self._cursor, self._whole, self._held = turn, 0, False, False
        self._sound.clear()
        self.heard[turn] = bytearray()

    def take(self, position: int, pcm: bytes, now: float) -> None:
        """Sound of the turn. Raises ValueError where it leaves a hole, or comes twice."""
        self.render(now)
        if position * 2 != len(self._sound):
            raise ValueError(f"sound from sample {position} came when {len(self._sound) // 2} were there")
        self._sound += pcm

    def whole(self) -> None:
        """All of the turn is there."""
        self._whole = True

    def hold(self, now: float) -> None:
        self.render(now)
        self._fade()
        self._held, self._playing = True, False

    def resume(self, now: float) -> None:
        self.render(now)
        self._held = False

    def stop(self, now: float) -> None:
        """Go silent, and drop what was not played."""
        self.render(now)
        self._fade()
        del self._sound[self._cursor * 2 :]
        self._playing = False

    def heard_at(self, position: int) -> float | None:
        """When this sample of the turn was heard, in seconds from ``began``; None: not yet."""
        for run in reversed(self.runs):
            if run.turn == self.turn and run.position <= position < run.position + run.samples:
                return (run.at + position - run.position) / self.rate
        return None

    def silent_from(self, since: float) -> float:
        """When it fell silent, for ``QUIET_S`` at least; not before ``since``."""
        first = max(int((since - self.began) * self.rate), 0)
        quiet = int(QUIET_S * self.rate)
        loud = np.flatnonzero(self.out[first : self.rendered])
        ends = np.append(loud, self.rendered - first + quiet)
        gaps = np.flatnonzero(np.diff(ends, prepend=-1) > quiet)
        place = int(ends[gaps[0] - 1]) + 1 if gaps[0] else 0
        return self.began + (first + place) / self.rate

    def render(self, now: float) -> None:
        """Play until ``now``."""
        until = min(int((now - self.began) * self.rate), len(self.out))
        count = until - self.rendered
        if count <= 0:
            return
        if not self._playing and not self._held and self._left > 0:
            self._playing = self._whole or self._left >= CUSHION_S * self.rate
        if self._playing:
            self._play(min(count, self._left))
        self.rendered = until

    def _play(self, count: int) -> None:
        pcm = self._sound[self._cursor * 2 : (self._cursor + count) * 2]
        self.out[self.rendered : self.rendered + count] += np.frombuffer(bytes(pcm), "<i2").astype(np.float32) / 32768
        self.heard[self.turn] += pcm
        if count:
            self.runs.append(Run(self.rendered, self.turn, self._cursor, count))
        self._cursor += count
        if self._left == 0:
            self._playing = False
            self.dry += not self._whole

    def _fade(self) -> None:
        """What would come next, ever softer; it stays to be played."""
        if not self._playing:
            return
        count = min(int(FADE_S * self.rate), self._left, len(self.out) - self.rendered)
        pcm = bytes(self._sound[self._cursor * 2 : (self._cursor + count) * 2])
        gains = 1 - np.arange(1, count + 1, dtype=np.float32) / max(count, 1)
        self.out[self.rendered : self.rendered + count] = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768 * gains
