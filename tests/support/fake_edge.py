"""A scripted server that speaks the protocol of Edge's read-aloud service on an ephemeral port of this machine.

An answer is a list of steps: text and bytes are sent as messages, a number waits (s), a semaphore waits until the test releases
it, a Close ends the connection, and an Action breaks it. MP3 is real: made from PCM by LAME, so that what is decoded can be
compared with what it was made from.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import unescape

import lameenc
import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

RATE = 24_000
MESSAGE_BYTES = 720
"""As the service has it: five frames of 48 kbit/s, 120 ms."""


class Action(Enum):
    CUT = auto()
    """Break the connection."""
    HANG = auto()
    """Say nothing more, but stay connected."""
    GARBAGE = auto()
    """Bytes that are no WebSocket frame."""


@dataclass(frozen=True)
class Close:
    code: int
    reason: str = ""


Step = str | bytes | float | asyncio.Semaphore | Close | Action
Script = Sequence[Step] | Callable[["Asked"], Iterable[Step]]


@dataclass
class Asked:
    """One request for speech."""

    ssml: str
    config: dict[str, Any]
    query: dict[str, list[str]]
    headers: Headers
    connection: int
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client was gone before the answer was over."""

    @property
    def text(self) -> str:
        return unescape(re.sub("<[^>]*>", "", self.ssml))

    @property
    def format(self) -> str:
        return self.config["context"]["synthesis"]["audio"]["outputFormat"]


def chirp(ms: float, hz: float = 200.0) -> bytes:
    """Mono 16-bit PCM whose pitch rises, so that it is like itself at one lag only."""
    at = np.arange(int(RATE * ms / 1000)) / RATE
    return (np.sin(2 * np.pi * (hz * at + 40 * at * at)) * 9000).astype(np.int16).tobytes()


@functools.cache
def mp3(pcm: bytes, kbit: int = 48) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(kbit)
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_quality(7)
    encoder.silence()
    return bytes(encoder.encode(pcm) + encoder.flush())


def text_message(path: str, body: str = "{}") -> str:
    return f"X-RequestId:x\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n{body}"


def audio_message(data: bytes, *, kind: str | None = "audio/mpeg", path: str = "audio") -> bytes:
    head = f"X-RequestId:x\r\n{f'Content-Type:{kind}' if kind else 'X-StreamId:1'}\r\nPath:{path}\r\n".encode()
    return len(head).to_bytes(2, "big") + head + data


def word(at_ms: float, text: str, kind: str = "WordBoundary") -> str:
    data = {"Offset": int(at_ms * 10_000), "Duration": 1_000_000, "text": {"Text": text, "Length": len(text)}}
    return text_message("audio.metadata", json.dumps({"Metadata": [{"Type": kind, "Data": data}]}))


def sound(pcm: bytes, *, size: int = MESSAGE_BYTES, kbit: int = 48) -> list[Step]:
    data = mp3(pcm, kbit)
    return [audio_message(data[start : start + size]) for start in range(0, len(data), size)]


def clip(
    pcm: bytes | None = None, words: Sequence[tuple[float, str]] = (), *, before_each: Step | None = None
) -> list[Step]:
    """A whole answer: all words are told before the sound."""
    middle = [word(*told) for told in words], sound(chirp(600) if pcm is None else pcm)
    steps = [step for part in middle for step in part]
    if before_each is not None:
        steps = [each for step in steps for each in (before_each, step)]
    return [BEGIN, *steps, LAST, END]


BEGIN = text_message("turn.start")
LAST = audio_message(b"", kind=None)
"""The binary message without data that the service ends the sound with."""
END = text_message("turn.end")


def spoken(asked: Asked) -> list[Step]:
    """Says 100 ms for each word of the text asked for, and when."""
    words = asked.text.split()
    return clip(chirp(100 * len(words) + 100), [(100 * index, said) for index, said in enumerate(words)])


class FakeEdge:
    """``async with FakeEdge() as server:`` and point a voice at ``server.url``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script: Script = spoken
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Status and headers of the answers to the next upgrades."""
        self.asked: list[Asked] = []
        self.connections = 0
        self.open: set[ServerConnection] = set()
        self.url = ""
        self._tls = tls
        self._changed = asyncio.Condition()
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self, port: int = 0) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", port, ssl=self._tls, process_request=self._admit, ping_interval=None
        )
        port = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"{'wss' if self._tls else 'ws'}://localhost:{port}/edge/v1?TrustedClientToken=t"

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            for connection in tuple(self.open):
                connection.transport.abort()
            self._server.close()
            await self._server.wait_closed()

    async def until(self, condition: Callable[[FakeEdge], bool]) -> None:
        """Wait until the server has seen something; 10 s at most."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if not self.refusals:
            return None
        status, headers = self.refusals.pop(0)
        sent = Headers({"Content-Length": "0", "Connection": "close", **headers})
        return Response(status, HTTPStatus(status).phrase, sent)

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        number = self.connections
        self.open.add(connection)
        await self._note()
        config: dict[str, Any] = {}
        try:
            async for message in connection:
                head, _, body = str(message).partition("\r\n\r\n")
                if "Path:speech.config" in head:
                    config = json.loads(body)
                    continue
                assert connection.request is not None
                query = parse_qs(urlsplit(connection.request.path).query)
                asked = Asked(body, config, query, connection.request.headers, number)
                self.asked.append(asked)
                await self._note()
                await self._answer(connection, asked)
        except ConnectionClosed:
            pass
        finally:
            self.open.discard(connection)
            await self._note()

    async def _answer(self, connection: ServerConnection, asked: Asked) -> None:
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._tell(connection, asked))
            gone = group.create_task(connection.wait_closed())
            await asyncio.wait([telling, gone], return_when=asyncio.FIRST_COMPLETED)
            if not telling.done():
                asked.abandoned.set()
            telling.cancel()
            gone.cancel()

    async def _tell(self, connection: ServerConnection, asked: Asked) -> None:
        try:
            for step in self.script(asked) if callable(self.script) else self.script:
                await _do(connection, step)
        except ConnectionClosed:
            asked.abandoned.set()


async def _do(connection: ServerConnection, step: Step) -> None:
    match step:
        case str() | bytes():
            await connection.send(step)
        case float() | int():
            await asyncio.sleep(step)
        case asyncio.Semaphore():
            await step.acquire()
        case Close():
            await connection.close(step.code, step.reason)
        case Action.CUT:
            connection.transport.abort()
        case Action.GARBAGE:
            connection.transport.write(b"\xff\xff garbage \x00" * 20)
            await asyncio.Event().wait()
        case Action.HANG:
            await asyncio.Event().wait()


def lag_and_likeness(got: bytes, expected: bytes) -> tuple[int, float]:
    """How many samples later ``got`` says ``expected``, and how well they agree there (1: the same)."""
    a, b = np.frombuffer(got, np.int16).astype(float), np.frombuffer(expected, np.int16).astype(float)
    size = 1 << (len(a) + len(b)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    lag = int(np.argmax(cross))
    lag -= size if lag > size // 2 else 0
    a, b = (a[lag:], b) if lag >= 0 else (a, b[-lag:])
    count = min(len(a), len(b))
    return lag, float(np.corrcoef(a[:count], b[:count])[0, 1])


def tls_pair(folder: Any) -> tuple[ssl.SSLContext, str]:
    """A server's context for ``localhost``, and the file with the authority that vouches for it."""
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    file = str(folder / "authority.pem")
    authority.cert_pem.write_to_path(file)
    return context, file


def frames_of(steps: Sequence[Step]) -> Iterator[bytes]:
    """The sound in an answer's messages."""
    for step in steps:
        if isinstance(step, bytes):
            with suppress(IndexError):
                yield step[2 + int.from_bytes(step[:2], "big") :]
