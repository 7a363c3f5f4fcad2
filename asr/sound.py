"""One microphone's sound: what came, what was judged of it, and when it was heard."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum

import numpy as np

from ..core.clock import loop_ms
from ..core.errors import Category, ProviderError
from ..core.types import BYTES_PER_SAMPLE
from .base import SAMPLE_RATE, VoiceActivity
from .detector import SpeechDetector
from .intake import Intake, Mark
from .ring import Ring
from .settings import EarsSettings

HELD = 40 * SAMPLE_RATE
"""What waits to be judged, at most: what a client that was stalled for half a minute brings, and some."""
STALLED_MS = 1200.0
"""When no sound has come for so much longer than the silence that ends an utterance, there is silence."""
TOO_SLOW = "what is said is not understood as fast as it is spoken, and words were lost: take a smaller model, see docs/ears.md"
_SCALE = np.float32(1 / 32768)

log = logging.getLogger(__name__)


class Heard(Enum):
    """What the next frame brought."""

    MORE = "more"
    """Silence as before, or speech as before."""
    BEGINNING = "beginning"
    """Somebody begins to speak at ``began``."""
    PAUSE = "pause"
    """Speech has ended at ``ended``."""
    END = "end"
    """The speaker said that this is all."""


class Sound:
    """``ring`` holds what was judged; places are samples from the start of the stream. ``failed`` is told when sound begins to
    be lost."""

    def __init__(
        self, activity: VoiceActivity, settings: EarsSettings, ring: Ring, failed: Callable[[ProviderError], None]
    ) -> None:
        self.ring, self._failed = ring, failed
        self._detector = SpeechDetector(activity, settings)
        self._intake = Intake(HELD)
        self._losing = False
        self._patience_ms = settings.end_silence_ms + STALLED_MS
        self._fed, self.fed_at = 0, 0.0

    @property
    def speaking(self) -> bool:
        return self._detector.speaking

    @property
    def silence_ms(self) -> float:
        """Since the last speech; 0 while somebody speaks."""
        return self._detector.silence_ms

    @property
    def began(self) -> int:
        """Where the speech began that is heard, or was heard last."""
        return self._detector.began or 0

    @property
    def ended(self) -> int:
        """How far that speech goes, or has gone until now."""
        return self.ring.end if self._detector.speaking or self._detector.ended is None else self._detector.ended

    @property
    def stalls_at(self) -> float:
        """When it is silence that no more sound came, ms of the loop's clock."""
        return self.fed_at + self._patience_ms

    @property
    def overflows(self) -> bool:
        """Whether more waits than may."""
        return self._intake.overflows

    def put(self, pcm: bytes) -> None:
        """Sound comes. What can be judged is to be judged before :meth:`trim`."""
        self._intake.put(pcm)
        self._fed += len(pcm) // BYTES_PER_SAMPLE
        self.fed_at = loop_ms()

    def trim(self) -> None:
        """Where too much waits, the oldest is lost."""
        lost = self._intake.trim()
        begins = lost > 0 and not self._losing
        self._losing = lost > 0 or (self._losing and self._intake.samples > HELD // 2)
        self._fed -= lost
        if begins:
            log.warning(TOO_SLOW)
            self._failed(ProviderError("asr", "ears", Category.TIMEOUT, TOO_SLOW))

    def end(self) -> None:
        """The speaker says that what came is all; it is told when that is judged."""
        self._fed += self._intake.end()

    def hear(self) -> Heard | None:
        """Judge the next frame; None: there is none."""
        frame = self._intake.take()
        if frame is None or isinstance(frame, Mark):
            return frame and Heard.END
        spoke = self._detector.speaking
        self.ring.append(frame)
        self._detector.feed(np.frombuffer(frame, "<i2").astype(np.float32) * _SCALE)
        if self._detector.speaking == spoke:
            return Heard.MORE
        return Heard.PAUSE if spoke else Heard.BEGINNING

    def forget(self) -> None:
        """Nothing of what came counts."""
        self._intake.clear()
        self._detector.reset()
        self._fed = self.ring.end

    def fall_silent(self) -> None:
        """Whoever spoke has stopped, whatever it sounds like."""
        self._detector.reset()

    def time_of(self, place: int) -> float:
        """When the sound at a place came, ms of the loop's clock."""
        return self.fed_at - (self._fed - place) * 1000 / SAMPLE_RATE
