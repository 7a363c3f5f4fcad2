"""Addresses that come with keys that are not good wait longer each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...core.clock import loop_ms
from .recent import Recent

FREE = 5
"""Failures that cost nothing: a key that was pasted wrong."""
LONGEST_S = 60.0
FORGOTTEN_S = 600.0
MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class _Record:
    count: int
    last_ms: float


class Failures:
    """Of each address, how often it failed of late."""

    def __init__(self, now_ms: Callable[[], float] = loop_ms) -> None:
        self._now_ms = now_ms
        self._records: Recent[str, _Record] = Recent(MOST_ADDRESSES)

    def __len__(self) -> int:
        return len(self._records)

    def failed(self, address: str) -> None:
        record = self._records.get(address)
        now = self._now_ms()
        if record is None or now - record.last_ms > FORGOTTEN_S * 1000:
            self._records.put(address, _Record(1, now))
        else:
            record.count, record.last_ms = record.count + 1, now

    def wait_s(self, address: str) -> float:
        """How long no further key of the address is looked at: 1 s after five failures, twice as long after each more."""
        record = self._records.get(address)
        if record is None or record.count < FREE:
            return 0.0
        wait_ms = min(2.0 ** min(record.count - FREE, 10), LONGEST_S) * 1000
        return max(record.last_ms + wait_ms - self._now_ms(), 0.0) / 1000
