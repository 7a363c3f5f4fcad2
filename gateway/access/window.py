"""Requests per minute: a window that slides."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ...core.clock import loop_ms
from .recent import Recent

WINDOW_MS = 60_000.0
SLOT_MS = 2_000.0
"""Requests of so long are counted together and leave the window together: a caller costs thirty numbers at most."""
MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a caller's minute; ``limit`` 0: there is no limit."""

    limit: int
    remaining: int = 0
    reset_s: float = 0.0
    """Until all of it is there again."""
    retry_s: float | None = None
    """Until one more request is taken; None: this one was."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As OpenAI's clients read them."""
        if not self.limit:
            return []
        values = {"limit": str(self.limit), "remaining": str(self.remaining), "reset": f"{self.reset_s:.0f}s"}
        return [(f"x-ratelimit-{name}-requests".encode(), value.encode()) for name, value in values.items()]


UNLIMITED = Allowance(0)


class Windows:
    """Of each caller, when it asked in the last minute. Never more than the limit fall into any 60 s."""

    def __init__(self, most: int = MOST_CALLERS, now_ms: Callable[[], float] = loop_ms) -> None:
        self._now_ms = now_ms
        self._slots: Recent[str, deque[list[int]]] = Recent(most)

    def __len__(self) -> int:
        return len(self._slots)

    def count(self, caller: str, limit: int) -> Allowance:
        """Count a request, unless there are too many."""
        slots = self._slots.get(caller)
        if slots is None:
            slots = deque()
            self._slots.put(caller, slots)
        now = self._now_ms()
        while slots and (slots[0][0] + 1) * SLOT_MS + WINDOW_MS <= now:
            slots.popleft()
        used = sum(slot[1] for slot in slots)
        if used >= limit:
            return Allowance(limit, 0, self._left_s(slots[-1], now), self._left_s(slots[0], now))
        slot = int(now // SLOT_MS)
        if slots and slots[-1][0] == slot:
            slots[-1][1] += 1
        else:
            slots.append([slot, 1])
        return Allowance(limit, limit - used - 1, self._left_s(slots[-1], now))

    @staticmethod
    def _left_s(slot: list[int], now: float) -> float:
        return ((slot[0] + 1) * SLOT_MS + WINDOW_MS - now) / 1000
