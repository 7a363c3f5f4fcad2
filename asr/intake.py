"""What a microphone sent and nobody has judged yet, in frames, and where its speaker said that it ends."""

from __future__ import annotations

from collections import deque
from enum import Enum

from ..core.types import BYTES_PER_SAMPLE
from .base import FRAME_SAMPLES

FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE


class Mark(Enum):
    END = "end"
    """What was said before is over."""


class Intake:
    """``capacity`` samples, and whatever comes beyond until :meth:`trim`."""

    def __init__(self, capacity: int) -> None:
        self._most = capacity * BYTES_PER_SAMPLE
        self._bytes = 0
        self._parts: deque[bytearray] = deque([bytearray()])

    @property
    def samples(self) -> int:
        return self._bytes // BYTES_PER_SAMPLE

    @property
    def overflows(self) -> bool:
        return self._bytes > self._most

    def put(self, pcm: bytes) -> None:
        """Add sound of whole samples."""
        self._parts[-1] += pcm
        self._bytes += len(pcm)

    def trim(self) -> int:
        """The oldest frames give way to what is too much; how many samples that are."""
        lost = 0
        while self._bytes > self._most and self._take() is not None:
            lost += FRAME_SAMPLES
        return lost

    def end(self) -> int:
        """What was put so far is over; how many samples of silence make its last frame whole."""
        missing = -len(self._parts[-1]) % FRAME_BYTES
        self._parts[-1] += bytes(missing)
        self._bytes += missing
        if self._parts[-1] or len(self._parts) == 1:
            self._parts.append(bytearray())
        return missing // BYTES_PER_SAMPLE

    def take(self) -> bytes | Mark | None:
        """The next frame, or the end of what was said; None: there is no whole frame."""
        if len(self._parts[0]) < FRAME_BYTES and len(self._parts) > 1:
            self._parts.popleft()
            return Mark.END
        return self._take()

    def clear(self) -> None:
        self._bytes = 0
        self._parts = deque([bytearray()])

    def _take(self) -> bytes | None:
        part = next((part for part in self._parts if len(part) >= FRAME_BYTES), None)
        if part is None:
            return None
        frame = bytes(part[:FRAME_BYTES])
        del part[:FRAME_BYTES]
        self._bytes -= FRAME_BYTES
        return frame
