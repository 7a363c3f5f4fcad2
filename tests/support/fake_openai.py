"""A scripted server that speaks OpenAI's HTTP API on an ephemeral port of this machine.

An answer is a list of steps: bytes are sent, a number waits (s), a semaphore waits until the test releases it, an Action
breaks the answer off. The server records each request, on which connection it came, and whether the client went away.
"""

from __future__ import annotations

import asyncio
import json
import math
import struct
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Self

from aiohttp import web


class Action(Enum):
    CUT = auto()
    """Close the connection in the middle of the answer."""
    HANG = auto()
    """Say nothing more, but stay connected."""
    DROP = auto()
    """Close the connection without a single byte of an answer."""


Step = bytes | float | asyncio.Semaphore | Action


@dataclass
class Answer:
    steps: Sequence[Step]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Recorded:
    """One request. ``nth`` counts the requests of its connection from 1."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int
    nth: int
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client closed the connection before the answer was over."""


Script = Answer | Callable[[Recorded], Answer]


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def delta(**fields: Any) -> bytes:
    choice = {"index": 0, "delta": fields, "finish_reason": None}
    return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "test", "choices": [choice]})


def chat(
    tokens: Iterable[str] = ("Hello", ",", " world", "."),
    *,
    reasoning: Iterable[str] = (),
    usage: tuple[int, int] | None = None,
    before_each: float | asyncio.Semaphore | None = None,
    first_delay_s: float = 0.0,
) -> list[Step]:
    """A whole streamed completion. Cut it where a fault is to be: ``[*chat()[:3], Action.CUT]``."""
    steps: list[Step] = [first_delay_s] if first_delay_s else []
    pieces = [delta(reasoning_content=text) for text in reasoning] + [delta(content=text) for text in tokens]
    for piece in pieces:
        steps += [piece] if before_each is None else [before_each, piece]
    steps.append(event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
    if usage:
        counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
        steps.append(event({"choices": [], "usage": counted}))
    return [*steps, b"data: [DONE]\n\n"]


def piece_of_call(index: int | None = None, **fields: Any) -> bytes:
    """A piece of a tool's call; ``name`` and ``arguments`` are the function's."""
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    named = {} if index is None else {"index": index}
    return delta(tool_calls=[named | fields | {"function": function}])


def ended(reason: str | None) -> bytes:
    return event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def completion(tokens: Iterable[str] = (" Hello", ",", " world", "."), *, last: dict[str, Any] | None = None) -> Answer:
    """What llama.cpp streams from ``/completion``."""
    counted = {"stop_type": "eos", "tokens_evaluated": 7, "tokens_predicted": 4} if last is None else last
    pieces = [event({"content": token, "stop": False}) for token in tokens]
    return Answer([*pieces, event({"content": "", "stop": True} | counted)])


def vectors(*rows: Sequence[float], tokens: int = 5) -> Answer:
    """An answer to ``/embeddings``."""
    data = [{"object": "embedding", "index": index, "embedding": list(row)} for index, row in enumerate(rows)]
    return answer_json({"object": "list", "data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})


def whole_chat(text: str, *, reasoning: str | None = None, usage: tuple[int, int] = (3, 4)) -> Answer:
    message = {"role": "assistant", "content": text, "reasoning_content": reasoning}
    counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return answer_json({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": counted})


def answer_json(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer([json.dumps(value).encode()], status, "application/json", named)


def failure(status: int, message: str, **headers: str) -> Answer:
    return answer_json({"error": {"message": message, "type": "test", "code": None}}, status, **headers)


def models(*names: str, owned_by: str = "test") -> Answer:
    return answer_json({"object": "list", "data": [{"id": name, "owned_by": owned_by} for name in names]})


def sine(duration_ms: int = 500, sample_rate: int = 24_000, hz: float = 220.0) -> bytes:
    """Mono 16-bit PCM of a tone."""
    count = sample_rate * duration_ms // 1000
    return array("h", (int(9_000 * math.sin(2 * math.pi * hz * n / sample_rate)) for n in range(count))).tobytes()


def wav_header(
    size: int, sample_rate: int = 24_000, *, channels: int = 1, bits: int = 16, tag: int = 1, extra: bytes = b""
) -> bytes:
    """Header of a WAV file that says its data has ``size`` bytes; ``extra`` are chunks before the data."""
    frame = channels * bits // 8
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, sample_rate, sample_rate * frame, frame, bits)
    riff = (36 + size + len(extra)) & 0xFFFFFFFF
    return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + fmt + extra + struct.pack("<4sI", b"data", size)


def speech(
    pcm: bytes | None = None, *, chunk: int = 4_800, before_each: float | asyncio.Semaphore | None = None
) -> Answer:
    """A clip, ``chunk`` bytes at a time."""
    clip = sine() if pcm is None else pcm
    steps: list[Step] = []
    for start in range(0, len(clip), chunk):
        steps += [clip[start : start + chunk]] if before_each is None else [before_each, clip[start : start + chunk]]
    return Answer(steps, content_type="audio/pcm")


class FakeOpenAI:
    """``async with FakeOpenAI() as server:`` and point a provider at ``server.url``."""

    def __init__(self) -> None:
        self.chat: Script = Answer(chat())
        self.speech: Script = speech()
        self.completion: Script = failure(404, "File Not Found")
        self.embeddings: Script = vectors((1.0, 0.0))
        self.models: Script = models("test")
        self.requests: list[Recorded] = []
        self._connections: dict[int, int] = {}
        self._arrival = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def connections(self) -> int:
        """How many connections were made."""
        return len({request.connection for request in self.requests})

    async def arrived(self, count: int = 1) -> None:
        """Wait until ``count`` requests have come."""
        while len(self.requests) < count:
            self._arrival.clear()
            await self._arrival.wait()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 << 20)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/audio/speech", self._speech)
        app.router.add_post("/v1/embeddings", self._embeddings)
        app.router.add_post("/completion", self._completion)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, self.chat)

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, self.speech)

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, self.embeddings)

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, self.completion)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, self.models)

    async def _serve(self, request: web.Request, script: Script) -> web.StreamResponse:
        recorded = await self._record(request)
        answer = script(recorded) if callable(script) else script
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_type = answer.content_type
        try:
            if Action.DROP in answer.steps:
                return _cut(request, response)
            await response.prepare(request)
            for step in answer.steps:
                if step is Action.CUT:
                    return _cut(request, response)
                await _take(step, response)
            await response.write_eof()
        except (ConnectionError, asyncio.CancelledError):
            recorded.abandoned.set()
            raise
        return response

    async def _record(self, request: web.Request) -> Recorded:
        peer = request.transport.get_extra_info("peername")[1] if request.transport else 0
        self._connections[peer] = self._connections.get(peer, 0) + 1
        body = await request.json() if request.can_read_body else {}
        recorded = Recorded(request.path, dict(request.headers), body, peer, self._connections[peer])
        self.requests.append(recorded)
        self._arrival.set()
        return recorded


async def _take(step: Step, response: web.StreamResponse) -> None:
    match step:
        case bytes():
            await response.write(step)
        case float() | int():
            await asyncio.sleep(step)
        case asyncio.Semaphore():
            await step.acquire()
        case _:
            await asyncio.Event().wait()


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response
