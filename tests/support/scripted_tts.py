"""A scripted voice, and what tests look at in its clips."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Self

import numpy as np

from hayakuchi.core.block import Block
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, Mark, MarkKind, ProviderFailure, SpeechRequest
from hayakuchi.tts.fallback import FallbackTTS

TEXT = "one two three four"
RATE = 16_000
Step = Audio | ProviderFailure | ProviderError | float
"""Of a script: audio, a failure to tell of, an error to raise, or seconds to wait."""
Heard = Audio | ProviderFailure


def error(category: Category = Category.UNAVAILABLE) -> ProviderError:
    return ProviderError("tts", "fake", category, str(category))


def tone(ms: float, *marks: Mark, rate: int = RATE, amplitude: float = 8000) -> Audio:
    samples = np.sin(np.arange(int(ms * rate / 1000)) * 2 * np.pi * 220 / rate) * amplitude
    return Audio(samples.astype(np.int16).tobytes(), rate, marks)


def word(at_ms: float, start: int, length: int) -> Mark:
    return Mark(MarkKind.WORD, at_ms, "", start, length)


class FakeTTS:
    """Speaks a script; without one, each word for 200 ms at its time, with its mark."""

    name = "fake"
    Config: ClassVar[type[Block]] = Block

    def __new__(cls, name: str, *_: object, **__: object) -> Self:
        named: Any = type(name, (cls,), {"name": name})
        return super().__new__(named)

    def __init__(self, name: str, *script: Step, rate: int = RATE) -> None:
        self.script: Sequence[Step] | None = script or None
        self.sample_rate = rate
        self.deadlines = Deadlines(2.0, 0.5)
        self.asked: list[SpeechRequest] = []
        self.given = self.closed = 0

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "here"

    async def aclose(self) -> None: ...

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Heard, None]:
        self.asked.append(request)
        try:
            for step in self.script if self.script is not None else self.words(request.text):
                if isinstance(step, ProviderError):
                    raise step
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    self.given += 1
                    yield step
        finally:
            self.closed += 1

    def words(self, text: str, count: int = 99) -> list[Step]:
        steps: list[Step] = []
        start = 0
        for index, spoken in enumerate(text.split()[:count]):
            start = text.index(spoken, start)
            steps.append(tone(200, word(index * 200, start, len(spoken)), rate=self.sample_rate))
            start += len(spoken)
        return steps

    @property
    def texts(self) -> list[str]:
        return [request.text for request in self.asked]


async def read(
    chain: FallbackTTS, text: str = TEXT, got: list[Heard] | None = None, *, final: bool = True
) -> list[Heard]:
    """The clip; ``got`` has it even when reading it raises."""
    got = [] if got is None else got
    async with aclosing(chain.synthesize(SpeechRequest(text, final))) as clip:
        async for item in clip:
            got.append(item)
    return got


def sound(got: Sequence[Heard]) -> list[Audio]:
    return [item for item in got if isinstance(item, Audio)]


def length(got: Sequence[Heard]) -> float:
    return sum(audio.duration_ms for audio in sound(got))


def spoken(got: Sequence[Heard], text: str = TEXT) -> list[tuple[float, str]]:
    return [(mark.at_ms, text[mark.start : mark.start + mark.length]) for audio in sound(got) for mark in audio.marks]


def failures(got: Sequence[Heard]) -> list[tuple[Category, str | None]]:
    return [(item.error.category, item.fallback) for item in got if isinstance(item, ProviderFailure)]
