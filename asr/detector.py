"""From frames of sound to stretches of speech.

A stretch begins with one sure frame, unless the sound dies away: a word swells, while a knock is loudest when it comes. What
dies away is none before it has lasted for ``LASTING`` frames. A stretch ends with ``HANG`` frames without speech, so that no
stop consonant ends it. It lasts from the first of its frames of speech to the last.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from .base import FRAME_SAMPLES, SAMPLE_RATE, VoiceActivity
from .settings import EarsSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

LASTING = 3
HANG = 3
SLACK = 0.15
"""All but the frame that decides a beginning may be so much less sure than the threshold."""
DYING = 0.5
"""A sound dies away when its last 16 ms have less than this share of the power that it had within ``LASTING`` frames."""
HALF = FRAME_SAMPLES // 2


class SpeechDetector:
    """The stretches of one stream. What it holds is bounded, and :meth:`feed` takes as long as its ``activity``."""

    def __init__(self, activity: VoiceActivity, settings: EarsSettings) -> None:
        self._activity = activity
        self._begin_at = settings.vad_threshold
        self._go_on_at = max(settings.vad_threshold - SLACK, settings.vad_threshold / 2)
        self._least_power = settings.silence_rms_thresh**2
        self.position = 0
        """Samples heard so far."""
        self._start()

    def _start(self) -> None:
        self.speaking = False
        self.began: int | None = None
        """The sample where the current stretch of speech began, or the last one."""
        self.ended: int | None = None
        """The sample after the last speech of the last stretch that has ended."""
        self._last = 0
        self._window: deque[bool] = deque(maxlen=LASTING)
        self._powers: deque[float] = deque(maxlen=2 * LASTING)

    @property
    def silence_ms(self) -> float:
        """Since the last speech: 0 while somebody speaks, infinite before anybody has."""
        if self.speaking:
            return 0.0
        return inf if self.ended is None else (self.position - self.ended) * 1000 / SAMPLE_RATE

    def reset(self) -> None:
        """Forget what was heard; ``position`` goes on counting."""
        self._activity.reset()
        self._start()

    def feed(self, frame: NDArray[np.float32]) -> None:
        """Hear the next ``FRAME_SAMPLES`` samples. Raises ValueError for another number of them."""
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, not {frame.shape}")
        sure = self._activity.probability(frame)
        self._powers += (float(np.dot(half, half)) / HALF for half in (frame[:HALF], frame[HALF:]))
        loud = self._powers[-2] + self._powers[-1] >= 2 * self._least_power
        self.position += FRAME_SAMPLES
        speech = loud and sure >= self._go_on_at
        if speech:
            self._last = self.position
        if self.speaking:
            self._end_after_hang()
        else:
            self._window.append(speech)
            dies = self._powers[-1] < DYING * max(self._powers)
            if speech and sure >= self._begin_at and (not dies or sum(self._window) == LASTING):
                self._begin()

    def _begin(self) -> None:
        first = list(self._window).index(True)
        self.began = self.position - (len(self._window) - first) * FRAME_SAMPLES
        self.speaking = True
        self._window.clear()

    def _end_after_hang(self) -> None:
        if self.position - self._last >= HANG * FRAME_SAMPLES:
            self.speaking, self.ended = False, self._last
