"""What a client plays at once: sound, and the words that are shown meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import server_messages
from .volumes import volumes
from .wav import wav_base64


@dataclass(frozen=True, slots=True)
class Item:
    """``pcm`` None: words alone. ``start_ms`` and ``end_ms`` are its place in the turn's audio."""

    text: str
    expressions: tuple[str, ...]
    pcm: bytes | None
    start_ms: float
    end_ms: float

    def message(
        self, sample_rate: int, shown: Mapping[str, Any], doing: Mapping[str, Any] | None
    ) -> server_messages.Message:
        """What a client is told; ``shown`` and ``doing`` as server_messages makes them."""
        if self.pcm is None:
            return server_messages.audio(None, (), shown, doing)
        return server_messages.audio(wav_base64(self.pcm, sample_rate), volumes(self.pcm, sample_rate), shown, doing)
