"""A client of ``/client-ws`` that behaves as Open-LLM-VTuber's web client does, and records what it saw.

On opening it asks for backgrounds, characters, conversations and a new one before it has read anything. Sound is dropped while
it is interrupted or listening; a chain's start clears its queue. It plays item after item with 20 ms between two of them, tells
of each that begins, takes each clip apart as its lip-sync does, and tells when all was played. ``violations`` are the rules of
the wire that the server broke.

``Frontend`` is the behaviour alone, for any loop, in real or virtual time; ``web_client`` connects one.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

BETWEEN_MS = 20.0
FETCHES = ("fetch-backgrounds", "fetch-configs", "fetch-history-list", "create-new-history")
HELLO = (
    "group-update",
    "full-text Connection established",
    "set-model-and-conf",
    "group-update",
    "control start-mic",
)
State = Literal["idle", "thinking-speaking", "interrupted", "listening"]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class BadWav(Exception):
    """A clip that their lip-sync cannot take apart."""


def parse_wav(data: bytes, bits_allowed: tuple[int, ...] = (8, 16, 24)) -> tuple[int, bytes]:
    """Rate and samples of a plain mono file. Raises BadWav."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadWav("no RIFF/WAVE file")
    if data[12:16] != b"fmt ":
        raise BadWav("the chunk after WAVE is not fmt")
    if struct.unpack_from("<I", data, 4)[0] != len(data) - 8:
        raise BadWav("the size of the file is not true")
    size, tag, channels, rate, per_second, block, bits = struct.unpack_from("<IHHIIHH", data, 16)
    if tag != 1:
        raise BadWav(f"format tag {tag}")
    if bits not in bits_allowed:
        raise BadWav(f"{bits} bits")
    if channels != 1 or block != bits // 8 or per_second != rate * block:
        raise BadWav("a head that contradicts itself, or is not mono")
    place = 20 + size
    while data[place : place + 4] != b"data":
        if place + 8 > len(data):
            raise BadWav("no data")
        place += 8 + struct.unpack_from("<I", data, place + 4)[0]
    length = struct.unpack_from("<I", data, place + 4)[0]
    if length != len(data) - place - 8 or length % block:
        raise BadWav("the size of the data is not true")
    return rate, data[place + 8 :]


def name(message: dict[str, Any]) -> str:
    """A message's type, with the text of a control or full-text."""
    kind = message["type"]
    return f"{kind} {message['text']}" if kind in ("control", "full-text") else kind


@dataclass
class Played:
    """Times are ms of the loop's clock. ``expression``: what the model took on; ``pcm`` empty: words alone."""

    text: str
    came: float
    began: float
    pcm: bytes = b""
    rate: int = 0
    expression: int | str | None = None
    forwarded: bool = False
    ended: float = 0.0

    @property
    def duration_ms(self) -> float:
        return len(self.pcm) / 2 * 1000 / self.rate if self.pcm else 0.0


@dataclass
class Chain:
    """A turn. ``names``: what came in it, in order."""

    began: float
    names: list[str] = field(default_factory=list)
    played: list[Played] = field(default_factory=list)
    synthesized: bool = False

    @property
    def text(self) -> str:
        return "".join(item.text for item in self.played)

    @property
    def pcm(self) -> bytes:
        return b"".join(item.pcm for item in self.played)

    @property
    def holes_ms(self) -> list[float]:
        """How long there was nothing to play between two clips, beside what the client waits by itself."""
        clips = [item for item in self.played if item.pcm]
        waits = [after.began - before.ended - BETWEEN_MS for before, after in itertools.pairwise(clips)]
        return [wait for wait in waits if wait > 1]


class Frontend:
    """``send`` takes what it says. Run :meth:`run` as a task beside :meth:`take`. ``speed``: how many times faster than life it
    plays."""

    bits_allowed: tuple[int, ...] = (8, 16, 24)
    fetches: tuple[str, ...] = FETCHES

    def __init__(self, send: Send, speed: float = 1.0) -> None:
        self._send, self._speed = send, speed
        self.state: State = "idle"
        self.told: list[dict[str, Any]] = []
        self.chains: list[Chain] = []
        self.dropped: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self.subtitle = self.response = ""
        self.chain_over = asyncio.Event()
        """Set between two chains, once all of the last one was played."""
        self.sounding = asyncio.Event()
        """Set once the first clip of the chain has begun."""
        self._in_chain = False
        self._asked_at = 0.0
        self._queue: asyncio.Queue[tuple[int, Callable[[], Awaitable[None]]]] = asyncio.Queue()
        self._epoch = 0
        """What was queued in an older one was cleared."""
        self._stopped = asyncio.Event()

    @property
    def first_audio_ms(self) -> float | None:
        """From the last message to the first clip of the chain that came."""
        clips = [item for item in self.chains[-1].played if item.pcm] if self.chains else []
        return clips[0].came - self._asked_at if clips else None

    async def open(self) -> None:
        for kind in self.fetches:
            await self._send({"type": kind})

    async def say(self, text: str, **fields: Any) -> None:
        self.chain_over.clear()
        self._asked_at = _now()
        await self._send({"type": "text-input", "text": text, **fields})

    async def interrupt(self) -> None:
        """The person interrupts: only what speaks can be interrupted."""
        if self.state == "thinking-speaking":
            self._stop()
            await self._send({"type": "interrupt-signal", "text": self.response})

    def listen(self) -> None:
        """The person begins to speak into the microphone."""
        self.state = "listening"

    async def run(self) -> None:
        """Play what is in the queue, one after the other, for ever."""
        while True:
            epoch, task = await self._queue.get()
            if epoch == self._epoch:
                await task()
                await self._wait(BETWEEN_MS)

    def take(self, message: dict[str, Any]) -> None:
        """A message came."""
        self.told.append(message)
        called = name(message)
        if self._in_chain:
            self.chains[-1].names.append(called)
        if called == "audio":
            self._audio(message)
        elif called == "control conversation-chain-start":
            self._chain_starts()
        elif called in ("control conversation-chain-end", "conversation-chain-end"):
            self._chain_ends()
        elif called == "backend-synth-complete":
            self._synthesized()
        elif called == "control interrupt":
            self.interrupted()
        elif called == "set-model-and-conf" and not message.get("conf_uid"):
            self.violations.append("set-model-and-conf without a conf_uid")
        elif message["type"] == "full-text":
            self.subtitle = message["text"]

    def interrupted(self) -> None:
        """The web client does not know this word."""

    def _stop(self) -> None:
        """Fall silent at once, and drop what is in the queue."""
        self.state = "interrupted"
        self._epoch += 1
        self._stopped.set()

    def _chain_starts(self) -> None:
        if self._in_chain:
            self.violations.append("a chain starts within a chain")
        self._epoch += 1
        self.state, self.response, self._in_chain = "thinking-speaking", "", True
        self.chain_over.clear()
        self.sounding.clear()
        self.chains.append(Chain(_now()))

    def _chain_ends(self) -> None:
        if not self._in_chain:
            self.violations.append("a chain ends that did not start")
        self._in_chain = False
        if self.state == "interrupted":
            self.chain_over.set()
            return

        async def end() -> None:
            if self.state == "thinking-speaking":
                self.state = "idle"
            if not self._in_chain:
                self.chain_over.set()

        self._queue.put_nowait((self._epoch, end))

    def _synthesized(self) -> None:
        if not self._in_chain:
            self.violations.append("backend-synth-complete outside of a chain")
            return
        chain = self.chains[-1]
        if chain.synthesized:
            self.violations.append("backend-synth-complete comes twice")
        chain.synthesized = True

        async def complete() -> None:
            await self._send({"type": "frontend-playback-complete"})

        self._queue.put_nowait((self._epoch, complete))

    def _audio(self, message: dict[str, Any]) -> None:
        if not self._in_chain or self.state in ("interrupted", "listening"):
            self.dropped.append(message)
            if not self._in_chain:
                self.violations.append("audio outside of a chain is dropped")
            return
        chain = self.chains[-1]
        if chain.synthesized:
            self.violations.append("audio after backend-synth-complete")
        item = self._read(message)
        self._queue.put_nowait((self._epoch, lambda: self._play(chain, item, message["display_text"])))

    def _read(self, message: dict[str, Any]) -> Played:
        item = Played(message["display_text"]["text"], _now(), 0.0, forwarded=message["forwarded"])
        if message["audio"] is not None:
            try:
                item.rate, item.pcm = parse_wav(base64.b64decode(message["audio"], validate=True), self.bits_allowed)
            except (BadWav, ValueError, struct.error) as error:
                self.violations.append(f"a clip that cannot be played: {error}")
                return item
            doing = message["actions"] or {}
            item.expression = next(iter(doing.get("expressions") or ()), None) if item.pcm else None
            self._check_volumes(message, item)
        return item

    def _check_volumes(self, message: dict[str, Any], item: Played) -> None:
        volumes, slice_ms = message["volumes"], message["slice_length"]
        if slice_ms != 20 or not all(0 <= volume <= 1 for volume in volumes):
            self.violations.append("volumes that are none")
        if abs(len(volumes) * slice_ms - item.duration_ms) >= slice_ms + 1:
            self.violations.append("more or fewer volumes than there is sound")

    async def _play(self, chain: Chain, item: Played, shown: dict[str, Any]) -> None:
        item.began = _now()
        chain.played.append(item)
        self.response += item.text
        if item.pcm:
            self.subtitle = item.text
            self.sounding.set()
        if not item.forwarded:
            await self._send({"type": "audio-play-start", "display_text": shown, "forwarded": True})
        self._stopped.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(item.duration_ms / self._speed / 1000):
                await self._stopped.wait()
        item.ended = _now()

    async def _wait(self, ms: float) -> None:
        await asyncio.sleep(ms / self._speed / 1000)


def _now() -> float:
    return asyncio.get_running_loop().time() * 1000


@asynccontextmanager
async def web_client(
    url: str, speed: float = 1.0, made: Callable[[Send, float], Frontend] | None = None, **options: Any
) -> AsyncIterator[Frontend]:
    """One that has opened its connection and asked for what it asks for. ``made``: another kind of it."""
    address = f"{url.replace('http', 'ws', 1)}/client-ws"
    async with connect(address, proxy=None, compression=None, max_size=None, **options) as socket:

        async def send(message: dict[str, Any]) -> None:
            await socket.send(json.dumps(message))

        client = (made or Frontend)(send, speed)
        await client.open()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_listen(socket, client)), group.create_task(_playing(client))]
            try:
                yield client
            finally:
                for task in tasks:
                    task.cancel()


async def _listen(socket: Any, client: Frontend) -> None:
    try:
        async for text in socket:
            client.take(json.loads(text))
    except ConnectionClosed:
        return


async def _playing(client: Frontend) -> None:
    try:
        await client.run()
    except ConnectionClosed:
        return
