"""One timer that is moved again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls ``ring`` at the time (ms of the loop's clock) it was last set to."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._at: float | None = None

    def set(self, at: float | None) -> None:
        """None: it does not ring."""
        if at != self._at:
            self._cancel()
            if at is not None:
                self._at, self._timer = at, self._loop.call_at(at / 1000, self._rings)

    def _rings(self) -> None:
        self._at = self._timer = None
        self._ring()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._at = self._timer = None
