"""A test double for a recogniser that understands exactly what its script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hayakuchi.asr.base import NO_WISHES, Wishes
from hayakuchi.core.errors import ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.transcript import Transcript
from hayakuchi.core.types import Audio


class ScriptedASR:
    """Understands ``script(clip)`` after ``takes_ms``; a ProviderError in place of a text is raised."""

    name = "scripted_asr"

    def __init__(
        self,
        script: Callable[[Audio], str | Transcript | ProviderError],
        *,
        takes_ms: float = 50,
        partials: bool = True,
        opening_ms: float = 0,
    ) -> None:
        self.script, self.takes_ms, self.partials, self.opening_ms = script, takes_ms, partials, opening_ms
        self.deadlines = Deadlines(5.0, 5.0)
        self.clips: list[tuple[Audio, str | None, bool]] = []
        self.wishes: list[Wishes] = []
        self.running = self.most_running = self.opened = 0

    async def open(self) -> None:
        await asyncio.sleep(self.opening_ms / 1000)
        self.opened += 1

    async def probe(self) -> str:
        return "scripted"

    async def aclose(self) -> None: ...

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        self.clips.append((clip, language, partial))
        self.wishes.append(wishes)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.takes_ms / 1000)
        finally:
            self.running -= 1
        understood = self.script(clip)
        if isinstance(understood, ProviderError):
            raise understood
        return understood if isinstance(understood, Transcript) else Transcript(understood, language)
