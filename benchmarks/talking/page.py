"""A client of the stage that behaves like the page: it plays in real time and says what it played, and has a microphone that
sends a frame every 20 ms of what its room sounds like. Times are seconds of the loop's clock.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect

from hayakuchi.benchmarks.talking.loudspeaker import Loudspeaker
from hayakuchi.live2d_bridge.wire import AudioFrame, MicFrame

RATE = 16_000
FRAME = 320
REPORT_S = 0.05
RENDER_S = 0.01
Sound = NDArray[np.float32]
Room = Callable[[int], Sound]
"""What else is to be heard in the frame that begins at a sample of the microphone."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the server, and when it came."""

    at: float
    message: dict[str, Any]


@dataclass(slots=True)
class Microphone:
    """``pcm`` is all that was sent; ``began`` is when its first sample was heard."""

    began: float
    noise: float
    chance: np.random.Generator
    room: Room | None = None
    pcm: bytearray = field(default_factory=bytearray)
    _spoken: list[tuple[int, Sound]] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return len(self.pcm) // 2

    def say(self, sound: Sound) -> int:
        """From the next frame on this is spoken; the sample where it begins."""
        self._spoken.append((self.samples, sound))
        return self.samples

    def frame(self) -> MicFrame:
        """The next 20 ms."""
        position = self.samples
        heard = self.chance.normal(0, self.noise, FRAME).astype(np.float32)
        if self.room is not None:
            heard += self.room(position)
        for begin, sound in self._spoken:
            piece = sound[max(position - begin, 0) : max(position - begin, 0) + FRAME]
            heard[: len(piece)] += piece
        pcm = (np.clip(heard, -1, 1) * 32767).astype("<i2").tobytes()
        self.pcm += pcm
        return MicFrame(position, pcm)


class Page:
    """``told`` is all that the server said. Whatever is heard twice, or not at all, is a ValueError."""

    def __init__(self, socket: ClientConnection, snapshot: dict[str, Any], mic: Microphone) -> None:
        self.socket, self.mic = socket, mic
        self.loudspeaker = Loudspeaker(snapshot["audio"]["sample_rate"], mic.began)
        self.told: list[Told] = []
        self.changed = asyncio.Event()
        self._reported = -1.0

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    def of(self, kind: str) -> list[Told]:
        return [told for told in self.told if told.message["type"] == kind]

    async def until(self, ready: Callable[[], Any], timeout_s: float) -> bool:
        """Wait until this is true; False when it is not in that time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not ready():
                    self.changed.clear()
                    await self.changed.wait()
        return bool(ready())

    async def read(self) -> None:
        async for message in self.socket:
            now = _now()
            if isinstance(message, bytes):
                frame = AudioFrame.decode(message)
                if frame.turn == self.loudspeaker.turn:
                    self.loudspeaker.take(frame.position, frame.pcm, now)
            else:
                self._hear(json.loads(message), now)
            self.changed.set()

    def _hear(self, message: dict[str, Any], now: float) -> None:
        self.told.append(Told(now, message))
        match message["type"]:
            case "turn.started":
                self.loudspeaker.begin(message["turn"], now)
            case "speech.paused":
                self.loudspeaker.hold(now)
            case "speech.resumed":
                self.loudspeaker.resume(now)
            case "turn.ended" if message["status"] == "completed":
                self.loudspeaker.whole()
            case "turn.ended":
                self.loudspeaker.stop(now)
            case "error":
                raise ValueError(f"the server says: {message['message']}")
            case _:
                pass

    async def play(self) -> None:
        next_report = _now()
        while True:
            await asyncio.sleep(RENDER_S)
            self.loudspeaker.render(_now())
            self.changed.set()
            if _now() >= next_report:
                next_report = _now() + REPORT_S
                played_ms = self.loudspeaker.played_ms
                if played_ms != self._reported and played_ms:
                    self._reported = played_ms
                    await self.send(type="playback", turn=self.loudspeaker.turn, played_ms=played_ms)

    async def listen(self) -> None:
        """Send the microphone's sound, each frame when its last sample was heard."""
        while True:
            due = self.mic.began + (self.mic.samples + FRAME) / RATE
            await asyncio.sleep(max(due - _now(), 0))
            await self.socket.send(self.mic.frame().encode())


@asynccontextmanager
async def page(url: str, session: str, *, noise: float, seed: int) -> AsyncIterator[Page]:
    """A page with its sound and its microphone on. ``noise`` is the level of its room, 0 to 1."""
    address = f"{url.replace('http', 'ws', 1)}/stage/ws?session={session}&sound=1"
    async with connect(address, proxy=None, compression=None, open_timeout=30) as socket:
        snapshot = json.loads(await socket.recv())
        opened = Page(socket, snapshot, Microphone(_now(), noise, np.random.default_rng(seed)))
        await opened.send(type="mic.start")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work()) for work in (opened.read, opened.play, opened.listen)]
            yield opened
            for task in tasks:
                task.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
