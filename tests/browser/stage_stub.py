"""A stage server by script: serves the pages with the real security headers and speaks version 1 of the protocol.

What it sends is known to the byte: a sine tone for every piece of speech, and lip frames that are open exactly while it sounds.
"""

from __future__ import annotations

import asyncio
import json
import math
import struct
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

WEB = Path(__file__).resolve().parents[2] / "live2d_bridge" / "web"
RATE = 24000
LIP_RATE = 50
FRAME_MS = 100
CSP = (
    "default-src 'self'; img-src 'self' data: blob: https:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:"
)
OPEN_MOUTH = bytes((230, 160, 255, 0, 0, 0, 0))
CLOSED_MOUTH = bytes((0, 128, 0, 0, 0, 0, 0))


def snapshot(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "type": "session.snapshot",
        "protocol": 1,
        "session": "main",
        "viewer": "v1",
        "conversation": "first",
        "character": {
            "name": "Kiyo",
            "avatar": "🌸",
            "language": "en",
            "look": {},
            "scene": "room",
            "opening_line": "Oh, you came!",
            "expressions": {"joy": {}},
        },
        "audio": {"sample_rate": RATE, "lip_rate": LIP_RATE},
        "sound": {"holder": False, "viewer": None},
        "models": {
            "llm": "openai_llm",
            "tts": "edge_tts",
            "first_choice": {"llm": "openai_llm", "tts": "edge_tts"},
            "demo": False,
            "problems": [],
        },
        "latency": {
            "first_audio_ms": 500,
            "streaming_ms": 300,
            "audio_pipeline_ms": 250,
            "voice_to_voice_ms": 1500,
            "improvement_percent": 50,
        },
        "ears": ears(),
        "mic": {"holder": False, "viewer": None},
        "history": [],
        "turn": None,
    }
    return base | changes


def ears(state: str = "ready", **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "state": state,
        "mode": "open_mic",
        "half_duplex": False,
        "wake_words": ["Kiyo"],
        "engine": "faster_whisper",
        "progress": None,
        "message": None,
        "command": None,
    }
    return base | changes


def tone(start: int, samples: int, *, loud: bool) -> bytes:
    """16 bit PCM of a 440 Hz tone whose phase depends on the position alone, or of silence."""
    if not loud:
        return bytes(2 * samples)
    wave = (round(9000 * math.sin(2 * math.pi * 440 * i / RATE)) for i in range(start, start + samples))
    return array("h", wave).tobytes()


def frame(turn: int, segment: int, at_ms: int, length_ms: int, *, loud: bool, pcm: bool) -> bytes:
    """One binary frame; ``at_ms`` and ``length_ms`` are multiples of 20."""
    start, samples = at_ms * RATE // 1000, length_ms * RATE // 1000
    lips = (OPEN_MOUTH if loud else CLOSED_MOUTH) * (length_ms * LIP_RATE // 1000)
    header = struct.pack("<BBHIIIIHH", 1, 0, segment, turn, start, samples, at_ms * LIP_RATE // 1000, len(lips) // 7, 0)
    return header + lips + b"\0" * (len(lips) % 2) + (tone(start, samples, loud=loud) if pcm else b"")


@dataclass(frozen=True)
class MicFrame:
    """A binary frame of the microphone, as it came."""

    header: tuple[int, int, int, int]
    """kind, flags, zero, position"""
    samples: array[int]

    @classmethod
    def parse(cls, data: bytes) -> MicFrame:
        return cls(struct.unpack_from("<BBHI", data), array("h", data[8:]))

    @property
    def position(self) -> int:
        return self.header[3]


@dataclass
class Viewer:
    """One connected page: what it asked for, and what it has sent."""

    socket: web.WebSocketResponse
    query: dict[str, str]
    received: list[dict[str, Any]] = field(default_factory=list)
    holder: bool = False
    frames: list[MicFrame] = field(default_factory=list)
    """Those since the last ``mic.start``."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message["type"] == kind]

    async def send(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def speak(
        self, turn: int, segment: int, text: str, at_ms: int, length_ms: int, *, paced: bool = False
    ) -> int:
        """A whole segment, at once or as fast as it is heard; returns where it ends."""
        await self.send(
            type="segment.started",
            turn=turn,
            segment=segment,
            text=text,
            at_ms=at_ms,
            silent=False,
            expressions=["joy"],
        )
        await self.sound(turn, segment, at_ms, length_ms, paced=paced)
        await self.send(type="segment.ended", turn=turn, segment=segment, at_ms=at_ms + length_ms)
        return at_ms + length_ms

    async def sound(
        self, turn: int, segment: int, at_ms: int, length_ms: int, *, loud: bool = True, paced: bool = False
    ) -> None:
        for start in range(at_ms, at_ms + length_ms, FRAME_MS):
            await self.socket.send_bytes(frame(turn, segment, start, FRAME_MS, loud=loud, pcm=self.holder))
            if paced:
                await asyncio.sleep(FRAME_MS / 1000)


@dataclass
class Stub:
    """The server's state: who is connected, and the snapshot that the next one gets."""

    url: str = ""
    viewers: list[Viewer] = field(default_factory=list)
    snapshot: dict[str, Any] = field(default_factory=snapshot)
    grant: bool = True
    full: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Any, what: str, seconds: float = 15) -> Any:
        """Wait until ``condition()`` is true; it is asked after every message."""
        async with asyncio.timeout(seconds):
            while not (result := condition()):
                self.changed.clear()
                try:
                    await asyncio.wait_for(self.changed.wait(), 0.2)
                except TimeoutError:
                    continue
            return result

    async def viewer(self, number: int = 0) -> Viewer:
        await self.until(lambda: len(self.viewers) > number, f"viewer {number}")
        return self.viewers[number]

    async def holding(self, number: int = 0) -> Viewer:
        viewer = await self.viewer(number)
        await self.until(lambda: viewer.holder, "a holder of the sound")
        return viewer

    async def stage(self, request: web.Request) -> web.WebSocketResponse:
        if self.full:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        viewer = Viewer(socket, dict(request.query))
        await viewer.send(**self.snapshot)
        self.viewers.append(viewer)
        self.changed.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.hear(viewer, json.loads(message.data))
            elif message.type is WSMsgType.BINARY:
                viewer.frames.append(MicFrame.parse(message.data))
                self.changed.set()
        return socket

    async def hear(self, viewer: Viewer, message: dict[str, Any]) -> None:
        viewer.received.append(message)
        if message["type"] == "ping":
            await viewer.send(type="pong", id=message.get("id"))
        elif message["type"] == "sound.claim" and self.grant:
            viewer.holder = True
            await viewer.send(type="sound", holder=True, viewer="v1")
        elif message["type"] == "mic.start":
            viewer.frames.clear()
            await viewer.send(type="mic", holder=True, viewer="v1")
        elif message["type"] == "mic.stop":
            await viewer.send(type="mic", holder=False, viewer=None)
        self.changed.set()


def page(name: str) -> Any:
    async def serve(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(WEB / name)

    return serve


async def headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Content-Type-Options"] = "nosniff"


@asynccontextmanager
async def serving() -> AsyncIterator[Stub]:
    stub = Stub()
    app = web.Application()
    app.router.add_get("/", page("index.html"))
    app.router.add_get("/stage", page("stage.html"))
    app.router.add_get("/stage/ws", stub.stage)
    app.router.add_static("/static", WEB)
    app.on_response_prepare.append(headers)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield stub
    finally:
        for viewer in stub.viewers:
            await viewer.socket.close()
        await runner.cleanup()
