"""How much sound a turn has in hand, and how much work is under way to make more of it."""

from __future__ import annotations

import asyncio

from .playback import Playback

COMFORT_MS = 4000.0
"""With so much in hand, one segment at a time is synthesized; with less, several are."""


class Supply:
    """Counted by the stages of one turn; nothing here waits, except :meth:`room`."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback
        self._playing = False
        self._stock_ms = 0.0
        self._clips = self._synthesizing = 0
        self._changed = asyncio.Event()

    def ahead_ms(self) -> float:
        """Sound that was made and is not heard yet."""
        return self._stock_ms + (self._playback.ahead_ms() if self._playing else 0.0)

    def playing(self) -> None:
        """The turn has the listener's ear from here on."""
        self._playing = True

    def made(self, duration_ms: float) -> None:
        self._stock_ms += duration_ms

    def sent(self, duration_ms: float) -> None:
        self._stock_ms -= duration_ms

    def begin_clip(self) -> None:
        self._clips += 1
        self._synthesizing += 1

    def synthesized(self) -> None:
        self._synthesizing -= 1
        self._changed.set()

    def end_clip(self) -> None:
        """All of a clip was sent."""
        self._clips -= 1
        self._changed.set()

    async def room(self, clips: int) -> None:
        """Wait until another clip may be begun: at most ``clips`` are not sent whole, and no more are made at a time than the
        sound in hand calls for."""
        while self._clips >= clips or (self._synthesizing and self.ahead_ms() >= COMFORT_MS):
            self._changed.clear()
            await self._changed.wait()
