"""When an avatar may speak without having been asked. Pure; the clock is given, in ms."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final

from ...core.events import SessionEvent, TurnEnded, VoiceHeard

QUIET_MS: Final = 3_000.0
"""So long nothing must have been said: who signals sooner cannot mean that nothing happens."""
APART_MS: Final = 10_000.0
MOST: Final = 20
WITHIN_MS: Final = 3_600_000.0
"""No more than ``MOST`` times in so long."""
VOICE_MS: Final = 60_000.0
"""Nobody speaks longer without a pause: a microphone that went meanwhile is not waited for."""


class Initiative:
    """Of one client; ``observe`` is told what happens in its sessions."""

    def __init__(self) -> None:
        self._spoke: deque[float] = deque(maxlen=MOST)
        self._said_at = self._voice_since = -inf

    def observe(self, event: SessionEvent, now: float) -> None:
        if isinstance(event, VoiceHeard):
            self._said_at, self._voice_since = now, now if event.active else -inf
        elif isinstance(event, TurnEnded):
            self._said_at = now

    def hears(self, now: float) -> bool:
        """Whether somebody speaks into the microphone."""
        return now - self._voice_since < VOICE_MS

    def may(self, now: float) -> bool:
        """Whether it is quiet, and was not broken of its own accord too often."""
        quiet = now - self._said_at >= QUIET_MS and not self.hears(now)
        often = len(self._spoke) == MOST and now - self._spoke[0] < WITHIN_MS
        return quiet and not often and not (self._spoke and now - self._spoke[-1] < APART_MS)

    def speaks(self, now: float) -> None:
        """It speaks of its own accord."""
        self._spoke.append(now)
