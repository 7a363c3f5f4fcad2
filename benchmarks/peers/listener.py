"""One viewer of Hayakuchi's stage that holds the sound, over the stage protocol, and writes down what it hears."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from hayakuchi.benchmarks.peers.figures import audible
from hayakuchi.live2d_bridge.wire import AudioFrame

TURN_DEADLINE_S = 300.0
REPORT_S = 0.05


@dataclass
class Heard:
    """A turn; monotonic times in s."""

    asked: float
    first_audio: float = math.nan
    arrivals: list[tuple[float, float]] = field(default_factory=list)
    """(When a piece of sound came, how long it lasts in s)."""
    pcm: bytearray = field(default_factory=bytearray)
    segments: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    status: str = ""


class Listener:
    """``real_time``: plays as long as the sound lasts, and reports what it played; otherwise it plays in no time."""

    def __init__(self, socket: ClientConnection, *, real_time: bool) -> None:
        self._socket, self._real_time = socket, real_time
        self.sample_rate = 0
        self._turn = 0
        self._sent_ms = 0.0
        self._dry_at = 0.0
        """When everything that came will have been played."""

    async def turn(self, text: str) -> Heard:
        """Say something and listen until the turn is over. Raises TimeoutError when it never is."""
        heard = Heard(time.monotonic())
        self._sent_ms, self._dry_at = 0.0, 0.0
        await self._socket.send(json.dumps({"type": "input.text", "text": text}))
        async with asyncio.timeout(TURN_DEADLINE_S):
            while not heard.status:
                try:
                    async with asyncio.timeout(REPORT_S if self._real_time and heard.arrivals else None):
                        message = await self._socket.recv()
                except TimeoutError:
                    await self._report()
                    continue
                if isinstance(message, bytes):
                    await self._sound(message, heard)
                else:
                    self._event(json.loads(message), heard)
        return heard

    async def _sound(self, message: bytes, heard: Heard) -> None:
        now = time.monotonic()
        frame = AudioFrame.decode(message)
        if math.isnan(heard.first_audio) and audible(frame.pcm):
            heard.first_audio = now
        lasts = frame.samples / self.sample_rate
        heard.arrivals.append((now, lasts))
        heard.pcm += frame.pcm
        self._turn = frame.turn
        self._sent_ms = (frame.position + frame.samples) * 1000 / self.sample_rate
        self._dry_at = max(self._dry_at, now) + lasts
        await self._report()

    async def _report(self) -> None:
        left_ms = max(self._dry_at - time.monotonic(), 0.0) * 1000 if self._real_time else 0.0
        played = {"type": "playback", "turn": self._turn, "played_ms": max(self._sent_ms - left_ms, 0.0)}
        await self._socket.send(json.dumps(played))

    def _event(self, event: dict[str, Any], heard: Heard) -> None:
        match event["type"]:
            case "session.snapshot":
                self.sample_rate = event["audio"]["sample_rate"]
            case "segment.ready":
                heard.segments.append(event["text"])
            case "provider.failed" | "error":
                heard.failures.append(event["message"])
            case "turn.ended":
                heard.status = event["status"]


@asynccontextmanager
async def listening(url: str, session: str, *, real_time: bool) -> AsyncIterator[Listener]:
    """A viewer of a session of its own."""
    address = f"{url.replace('http', 'ws', 1)}/stage/ws?session={session}&sound=1"
    async with connect(address, compression=None, proxy=None, open_timeout=30, max_queue=None) as socket:
        yield Listener(socket, real_time=real_time)
