"""Voices: text in, PCM (and timing marks) out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from pydantic import Field

from ..core.block import Block
from ..core.provider import Deadlines, Preparable, Provider
from ..core.types import Audio, ProviderFailure, SpeechRequest


class TTS(Provider, Protocol):
    """A voice.

    ``synthesize`` is an async generator that yields audio as it comes. Closing it stops the work and lets go of the
    connection at once. It raises ProviderError, and nothing else, when the voice fails.
    """

    @property
    def sample_rate(self) -> int:
        """Hz; what the voice gives as a rule. Each Audio says its own."""
        ...

    def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio | ProviderFailure]: ...


class Voice(TTS, Preparable, Protocol):
    """What a session speaks through: voices that know how fast they are."""

    @property
    def first_byte_ms(self) -> float:
        """How long the next request is likely to take until its first audio."""
        ...


class TTSConfig(Block):
    """What every voice's block may say."""

    first_chunk_timeout: float = Field(default=2.0, gt=0, le=600, description="Seconds until the first audio")
    chunk_timeout: float = Field(default=0.5, gt=0, le=600, description="Seconds between two pieces of audio")

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(self.first_chunk_timeout, self.chunk_timeout)
