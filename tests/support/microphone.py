"""A voice whose words can be read off its sound exactly, and a microphone to speak into.

Each word is a square wave whose level is the word's number, so that an engine that reads the levels understands any clip of it:
a word counts where at least half of it is in the clip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hayakuchi.asr.decoding import Transcribe
from hayakuchi.asr.end_of_turn import EndOfTurn
from hayakuchi.asr.hearing import HearingEvent
from hayakuchi.asr.recogniser import Recogniser
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.core.types import Audio

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000
WORD_MS, GAP_MS = 300, 60
LOUD = 4000
NOISE = 2000
"""Level of a noise that sounds like speech and has no words."""
CHUNK = 640
HALF_WAVE = 16
"""Samples: 500 Hz, as a voice has."""


def silence(ms: float) -> bytes:
    return bytes(round(ms * RATE / 1000) * 2)


def noise(ms: float) -> bytes:
    return _wave(NOISE, ms)


def _wave(level: int, ms: float) -> bytes:
    samples = np.full(round(ms * RATE / 1000), level, "<i2")
    samples[np.arange(len(samples)) // HALF_WAVE % 2 == 1] *= -1
    return samples.tobytes()


class Voice:
    """Says words, and understands what it said."""

    def __init__(self) -> None:
        self._words: list[str] = []

    def says(self, *parts: str | float) -> bytes:
        """Sound of words, and of silence where a part is a number of ms."""
        return b"".join(self._sentence(part) if isinstance(part, str) else silence(part) for part in parts)

    def understands(self, clip: Audio) -> str:
        levels = np.abs(np.frombuffer(clip.pcm, "<i2"))
        starts = np.concatenate(([0], np.flatnonzero(np.diff(levels)) + 1))
        lengths = np.diff(np.append(starts, len(levels)))
        spoken = (levels[starts] >= LOUD) & (lengths >= WORD_MS * RATE // 2000)
        return " ".join(self._words[level - LOUD] for level in levels[starts[spoken]].tolist())

    def _sentence(self, text: str) -> bytes:
        sound = b""
        for word in text.split():
            sound += _wave(LOUD + len(self._words), WORD_MS) + silence(GAP_MS)
            self._words.append(word)
        return sound


class LoudIsSpeech:
    """Voice activity that goes by the level alone."""

    def probability(self, frame: NDArray[np.float32]) -> float:
        return 1.0 if float(np.abs(frame).mean()) > 0.02 else 0.0

    def reset(self) -> None: ...


class Listening:
    """A recogniser, and what it told."""

    def __init__(self, transcribe: Transcribe, settings: EarsSettings | None = None, **options: Any) -> None:
        self.events: list[HearingEvent] = []
        self.failures: list[Exception] = []
        self.hook: Callable[[HearingEvent], None] = lambda event: None
        settings = settings or EarsSettings()
        given: dict[str, Any] = {
            "activity": LoudIsSpeech(),
            "end_of_turn": EndOfTurn(settings),
            "settings": settings,
            "language": "en",
            "tell": self._tell,
            "failed": self.failures.append,
            **options,
        }
        self.recogniser = Recogniser(transcribe, **given)

    def _tell(self, event: HearingEvent) -> None:
        self.events.append(event)
        self.hook(event)

    async def hear(self, pcm: bytes, *, chunk: int = CHUNK) -> None:
        """Speak into the microphone, as fast as one speaks."""
        for start in range(0, len(pcm), chunk):
            piece = pcm[start : start + chunk]
            await asyncio.sleep(len(piece) / 2 / RATE)
            self.recogniser.feed(piece)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


async def heard(listening: Listening, pcm: bytes, *, then_ms: float = 3000, chunk: int = CHUNK) -> None:
    """Hear all of it, and what comes of it."""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(listening.recogniser.run())
        await listening.hear(pcm, chunk=chunk)
        await asyncio.sleep(then_ms / 1000)
        running.cancel()
