"""Has pieces of a stream transcribed, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, ProviderError
from ..core.transcript import Transcript
from ..core.types import Audio
from .base import SAMPLE_RATE
from .ring import Ring

AFTER_ERROR_MS = 1000.0

Failure = ProviderError | AllProvidersFailed


class Transcribe(Protocol):
    """What is said in a clip. Raises ProviderError, AllProvidersFailed; it has a deadline of its own."""

    async def __call__(self, clip: Audio, *, language: str | None = None, partial: bool = False) -> Transcript: ...


class Purpose(Enum):
    PARTIAL = "partial"
    """The speaker goes on: it is to be shown, and can wait."""
    PIECE = "piece"
    """The first part of what is too long to be decoded at once."""
    REST = "rest"
    """All that was said, or what follows the last piece."""


@dataclass(frozen=True, slots=True)
class Job:
    """The sound from ``since`` to ``until``, in samples from the start of the stream."""

    purpose: Purpose
    since: int
    until: int


class Decoder:
    """``done`` is told what came of each job that was not cancelled."""

    def __init__(
        self, transcribe: Transcribe, ring: Ring, tick_ms: float, done: Callable[[Job, Transcript | Failure], None]
    ) -> None:
        self.job: Job | None = None
        """What is being transcribed."""
        self.rests_until = 0.0
        """No partial job before: they take at most half of the engine's time, and come once in ``tick_ms`` at most."""
        self._transcribe, self._ring, self._tick_ms, self._done = transcribe, ring, tick_ms, done
        self._task: asyncio.Task[None] | None = None

    def start(self, job: Job, language: str | None, group: asyncio.TaskGroup) -> None:
        """Begin; what is being transcribed is let go."""
        self.cancel()
        clip = Audio(self._ring.between(job.since, job.until), SAMPLE_RATE)
        self.job = job
        self._task = group.create_task(self._decode(job, clip, language), name=f"transcribe {job.purpose.value}")

    def cancel(self) -> None:
        """Let go of the job; ``done`` is not told of it. Idempotent."""
        if self._task is not None:
            self._task.cancel()
        self._task = self.job = None

    async def _decode(self, job: Job, clip: Audio, language: str | None) -> None:
        began = loop_ms()
        outcome: Transcript | Failure
        try:
            outcome = await self._transcribe(clip, language=language, partial=job.purpose is Purpose.PARTIAL)
        except (ProviderError, AllProvidersFailed) as error:
            outcome = error
        if self.job is not job:
            return
        self._task = self.job = None
        now = loop_ms()
        rest = now - began if isinstance(outcome, Transcript) else max(now - began, AFTER_ERROR_MS)
        self.rests_until = max(now + rest, began + self._tick_ms)
        self._done(job, outcome)
