"""How much sound a microphone may send."""

from __future__ import annotations

RATE = 16_000.0
"""Samples per second that a microphone makes."""
SPEED = 2.0
"""So many times as much may come as time passes."""
FRAMES_PER_S = 100.0
HICCUP_S = 10.0
"""What the network had held back for so long may come at once."""


class MicRate:
    """Of one microphone; times are ms. ``hiccup_s``: so much of its sound may come at once."""

    def __init__(self, hiccup_s: float = HICCUP_S) -> None:
        self._most_samples, self._most_frames = RATE * SPEED * hiccup_s, FRAMES_PER_S * hiccup_s
        self._samples, self._frames = self._most_samples, self._most_frames
        self._at: float | None = None

    def admits(self, samples: int, now: float) -> bool:
        """Whether a frame of so many samples may be taken; one that may not is not counted."""
        passed_s = 0.0 if self._at is None else (now - self._at) / 1000
        self._at = now
        self._samples = min(self._samples + passed_s * RATE * SPEED, self._most_samples)
        self._frames = min(self._frames + passed_s * FRAMES_PER_S, self._most_frames)
        if self._samples < samples or self._frames < 1:
            return False
        self._samples -= samples
        self._frames -= 1
        return True
