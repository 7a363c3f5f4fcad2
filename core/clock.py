"""Time, real and virtual.

Pure objects take ``now`` (ms) as an argument. Code that waits uses asyncio's own timers and :func:`loop_ms`; run under a
:class:`VirtualTimeLoop`, all of it happens in virtual time, so tests of minutes take milliseconds and give the same times
on every machine.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


def loop_ms() -> float:
    """The running loop's monotonic clock, in ms."""
    return asyncio.get_running_loop().time() * 1000


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as nothing else is ready.

    For code without real sockets or processes: waiting for those takes no virtual time. When there is no timer either, only
    another thread could go on: the loop waits ``patience_s`` of real time for one, then raises RuntimeError.
    """

    patience_s = 5.0

    def __init__(self) -> None:
        super().__init__(_JumpingSelector(self))
        self._virtual_s = 0.0
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual_s

    def advance(self, seconds: float) -> None:
        self._virtual_s += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        ready = super().select(0)
        if not ready and timeout is None:
            ready = super().select(self._loop.patience_s)
            if not ready:
                raise RuntimeError("virtual time stands still: every task waits for something that nothing will do")
        elif not ready and timeout:
            self._loop.advance(timeout)
        return ready
