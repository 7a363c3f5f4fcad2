"""What was heard lately, by its place in the stream."""

from __future__ import annotations

from ..core.types import BYTES_PER_SAMPLE


class Ring:
    """The last ``capacity`` samples of a stream of PCM at most. Places are samples from the start of the stream."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self.start = 0
        """The oldest sample that is still there."""
        self._pcm = bytearray()

    @property
    def end(self) -> int:
        """Samples heard so far."""
        return self.start + len(self._pcm) // BYTES_PER_SAMPLE

    def append(self, pcm: bytes) -> None:
        """Add what was heard next, of whole samples; what is too old goes."""
        self._pcm += pcm
        self.forget_before(self.end - self.capacity)

    def forget_before(self, place: int) -> None:
        """Let go of what is older than ``place``."""
        if (gone := min(place, self.end) - self.start) > 0:
            del self._pcm[: gone * BYTES_PER_SAMPLE]
            self.start += gone

    def between(self, start: int, end: int) -> bytes:
        """The sound from ``start`` up to ``end``, as far as it is there."""
        first, last = max(start, self.start), min(end, self.end)
        if first >= last:
            return b""
        return bytes(self._pcm[(first - self.start) * BYTES_PER_SAMPLE : (last - self.start) * BYTES_PER_SAMPLE])
