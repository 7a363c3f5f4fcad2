"""A frontend of Open-LLM-VTuber that speaks into its microphone, on the real server; it plays nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

FRAME = 4096
"""Samples of their web client in one message."""


def numbers(pcm: bytes) -> list[float]:
    return [round(float(sample), 6) for sample in np.frombuffer(pcm, "<i2") / 32767]


class SpeakingClient:
    """One connection to ``/client-ws``; ``told`` is what it was told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def says(self, pcm: bytes, **end: Any) -> None:
        """An utterance, as their web client sends it: in pieces, all at once."""
        samples = numbers(pcm)
        for start in range(0, len(samples), FRAME):
            await self.send("mic-audio-data", audio=samples[start : start + FRAME])
        await self.send("mic-audio-end", **end)

    async def streams(self, pcm: bytes, samples: int = 512, pause_s: float = 0.0) -> None:
        """All that is heard, whoever speaks."""
        sound = numbers(pcm)
        for start in range(0, len(sound), samples):
            await self.send("raw-audio-data", audio=sound[start : start + samples])
            await asyncio.sleep(pause_s)

    async def next(self, *kinds: str, within_s: float = 10.0) -> dict[str, Any]:
        """The next message of one of these types, or ``control`` with one of these texts."""
        async with asyncio.timeout(within_s):
            while True:
                message = json.loads(await self.socket.recv())
                self.told.append(message)
                if message["type"] in kinds or (message["type"] == "control" and message["text"] in kinds):
                    return message

    async def nothing_but(self, *kinds: str, for_s: float) -> None:
        """Nothing else than such messages comes for so long."""
        try:
            async with asyncio.timeout(for_s):
                while True:
                    message = json.loads(await self.socket.recv())
                    self.told.append(message)
                    assert message["type"] in kinds, message
        except TimeoutError:
            pass

    async def settle(self) -> None:
        """What was sent before was taken."""
        await self.send("heartbeat")
        await self.next("heartbeat-ack")

    def kinds(self) -> list[str]:
        """What it was told since the greeting, controls by their texts."""
        return [message["text"] if message["type"] == "control" else message["type"] for message in self.told]


@asynccontextmanager
async def speaking(url: str, **options: Any) -> AsyncIterator[SpeakingClient]:
    """A client that was greeted."""
    async with connect(f"{url}/client-ws", proxy=None, compression=None, max_size=None, **options) as socket:
        client = SpeakingClient(socket)
        await client.next("start-mic")
        client.told.clear()
        yield client
