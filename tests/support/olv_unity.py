"""A client of ``/client-ws`` as the Unity frontend is one: 16-bit clips only, and the server hears where an utterance ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from olv_web import Frontend, Played, Send, web_client

FRAME = 512
"""Samples of the microphone in a message."""
RATE = 16_000


class UnityFrontend(Frontend):
    """It looks at no volumes. ``control interrupt`` stops it, and ``control mic-audio-end`` tells that it was understood."""

    bits_allowed = (16,)
    fetches = ()

    def __init__(self, send: Send, speed: float = 1.0) -> None:
        super().__init__(send, speed)
        self.interruptions = 0
        self.utterance_over = asyncio.Event()

    async def hear(self, samples: Sequence[float], *, pace: float = 0.0) -> None:
        """Sound for its microphone, -1 … 1; ``pace``: how many times faster than life it comes, 0 for at once."""
        self.utterance_over.clear()
        for start in range(0, len(samples), FRAME):
            frame = [float(sample) for sample in samples[start : start + FRAME]]
            await self._send({"type": "raw-audio-data", "audio": frame})
            if pace:
                await asyncio.sleep(len(frame) / RATE / pace)

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "control" and message["text"] == "mic-audio-end":
            self.utterance_over.set()
        super().take(message)

    def interrupted(self) -> None:
        self.interruptions += 1
        self._stop()

    def _check_volumes(self, message: dict[str, Any], item: Played) -> None:
        """It does not read them."""


@asynccontextmanager
async def unity_client(url: str, speed: float = 1.0, **options: Any) -> AsyncIterator[UnityFrontend]:
    async with web_client(url, speed, UnityFrontend, **options) as client:
        assert isinstance(client, UnityFrontend)
        yield client
