"""How late the event loop is: what everybody who is served waits for, whatever they wait for."""

from __future__ import annotations

import asyncio
from collections import deque
from math import ceil

from ..core.clock import loop_ms

SAMPLE_MS = 25.0
WINDOW_MS = 1000.0
HICCUPS = 1
"""One late sample in a second is no overload: a model was loaded, or memory swept."""


class LoopLag:
    """Late from the second sample above ``limit_ms`` within a second on, until no sample of a second is above half of it."""

    def __init__(self, limit_ms: float) -> None:
        self._limit_ms = limit_ms
        self._samples: deque[tuple[float, float]] = deque()
        self.late = False

    @property
    def p99_ms(self) -> float:
        """Of the samples of the last second; 0 where there are none."""
        found = sorted(lag for _, lag in self._samples)
        return found[ceil(len(found) * 0.99) - 1] if found else 0.0

    def sampled(self, now: float, lag_ms: float) -> None:
        """A sample that was due at ``now - lag_ms`` was taken."""
        self._samples.append((now, lag_ms))
        while self._samples[0][0] < now - WINDOW_MS:
            self._samples.popleft()
        limit = self._limit_ms / 2 if self.late else self._limit_ms
        above = sum(lag > limit for _, lag in self._samples)
        self.late = above > (0 if self.late else HICCUPS)

    async def watch(self) -> None:
        """Take samples until cancelled."""
        while True:
            due = loop_ms() + SAMPLE_MS
            await asyncio.sleep(SAMPLE_MS / 1000)
            now = loop_ms()
            self.sampled(now, max(now - due, 0.0))
