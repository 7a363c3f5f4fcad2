"""How much each caller has asked for, and whether it may ask for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .api.problem import Problem
from .caller import Caller


class Meter:
    """Limits of callers; 0 means none."""

    def __init__(self) -> None:
        self._turns: Counter[str] = Counter()

    @contextmanager
    def turn(self, caller: Caller) -> Iterator[None]:
        """A reply is made for the caller within. Raises Problem (429) when it has as many as it may have at a time."""
        most = caller.limits.concurrent_turns
        if most and self._turns[caller.id] >= most:
            message = f"{most} replies are being made for you at a time, which is your limit"
            raise Problem(429, message, "too_many_turns", retry_after_s=1)
        self._turns[caller.id] += 1
        try:
            yield
        finally:
            self._turns[caller.id] -= 1
            if not self._turns[caller.id]:
                del self._turns[caller.id]

    async def charge(self, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> None:
        """Put what is asked for down to the caller's day. Raises Problem (429) when it would be more than its limit."""
