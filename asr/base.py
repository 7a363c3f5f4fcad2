"""Ears: PCM in, transcripts out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ..core.provider import Provider
from ..core.types import Audio, Transcript


class ASR(Provider, Protocol):
    """Speech recognition.

    ``transcribe`` is an async generator: it yields what it understood so far each time that changes, and a final transcript
    at the end of each utterance; it ends when ``audio`` ends. It raises ProviderError when the recogniser fails.
    """

    def transcribe(self, audio: AsyncIterator[Audio]) -> AsyncIterator[Transcript]: ...
