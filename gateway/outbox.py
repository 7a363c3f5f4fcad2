"""What waits to be sent to one client: bounded in messages and in characters, because an item holds seconds of sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ..core.channel import Channel

MESSAGES = 512
CHARACTERS = 16 << 20
"""More than two minutes of sound at 48 kHz; what is sent ahead of being heard is far less."""


class Outbox:
    """``lost`` is set when the client is too slow to follow; then nothing more is taken in."""

    def __init__(self, messages: int = MESSAGES, characters: int = CHARACTERS) -> None:
        self.lost = asyncio.Event()
        self.channel: Channel[str] = Channel(messages)
        self._most, self._waiting = characters, 0

    def put(self, text: str) -> None:
        """Never waits."""
        if self.lost.is_set():
            return
        if self._waiting + len(text) > self._most or not self.channel.put_nowait(text):
            self.lost.set()
        else:
            self._waiting += len(text)

    async def texts(self) -> AsyncIterator[str]:
        """What is to be sent, in order; never ends."""
        async for text in self.channel:
            yield text
            self._waiting -= len(text)
