"""Speaking common phrases once, to nobody, while nobody else needs the voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..core.types import SpeechRequest
from ..tts.phrase_cache import CachedTTS, Warmth

TRIES = 3
"""So often may the voice fail at a phrase before it is left out."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of so many phrases."""

    ready: int
    failed: int
    total: int

    @property
    def over(self) -> bool:
        return self.ready + self.failed == self.total


async def warm(voice: CachedTTS, phrases: Sequence[SpeechRequest], tell: Callable[[Progress], None]) -> None:
    """Have the phrases ready, one after another; ``tell`` hears of each. Waits as long as the voice does not answer."""
    ready = 0
    for number, phrase in enumerate(phrases):
        ready += await _ready(voice, phrase)
        tell(Progress(ready, number + 1 - ready, len(phrases)))


async def _ready(voice: CachedTTS, phrase: SpeechRequest) -> bool:
    failures = 0
    while failures < TRIES:
        if wait_s := voice.quiet_in_s():
            await asyncio.sleep(wait_s)
            continue
        match await voice.warm(phrase):
            case Warmth.READY:
                return True
            case Warmth.FAILED:
                failures += 1
            case Warmth.YIELDED:
                pass
    return False
