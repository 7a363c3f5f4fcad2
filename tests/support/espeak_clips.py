"""Clips of the real offline voice, and what tests look at in them."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import psutil

from hayakuchi.core.types import Audio, Mark, MarkKind, SpeechRequest
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS

SENTENCE = "Good evening everyone, welcome to the stream tonight."
LONG = ("The quick brown fox jumps over the lazy dog, and then it goes home. " * 30)[:2000]


def block(**values: object) -> EspeakConfig:
    return EspeakConfig.model_validate(values)


@dataclass
class Clip:
    text: str
    pieces: list[Audio] = field(default_factory=list)

    @property
    def samples(self) -> np.ndarray:
        return np.frombuffer(b"".join(piece.pcm for piece in self.pieces), np.int16).astype(float)

    @property
    def ms(self) -> float:
        return sum(piece.duration_ms for piece in self.pieces)

    @property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(self.samples**2)))

    @property
    def marks(self) -> list[Mark]:
        return [mark for piece in self.pieces for mark in piece.marks]

    @property
    def words(self) -> list[str]:
        found = [mark for mark in self.marks if mark.kind is MarkKind.WORD]
        return [self.text[mark.start : mark.start + mark.length] for mark in found]

    @property
    def ipa(self) -> str:
        return "".join(mark.text for mark in self.marks if mark.kind is MarkKind.PHONEME)


@asynccontextmanager
async def speaking(config: EspeakConfig) -> AsyncIterator[EspeakTTS]:
    voice = EspeakTTS(config)
    try:
        await voice.open()
        yield voice
    finally:
        await voice.aclose()


async def say(voice: EspeakTTS, text: str, *, final: bool = True, then: Callable[[], object] | None = None) -> Clip:
    """The clip; ``then`` is called after its first piece."""
    clip = Clip(text)
    async with aclosing(voice.synthesize(SpeechRequest(text, final))) as pieces:
        async for piece in pieces:
            clip.pieces.append(piece)
            if then is not None and len(clip.pieces) == 1:
                then()
    return clip


def worker_of(voice: EspeakTTS) -> psutil.Process:
    assert voice._process is not None
    return psutil.Process(voice._process.pid)
