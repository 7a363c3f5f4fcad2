"""A scripted server that speaks OpenAI's ``/audio/transcriptions``, as :mod:`fake_openai` does the rest of its API."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from fake_openai import Action, Answer, Step, answer_json, models


@dataclass
class Heard:
    """One request. ``nth`` counts the requests of its connection from 1."""

    headers: dict[str, str]
    fields: dict[str, list[str]]
    file: bytes
    connection: int
    nth: int
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client closed the connection before the answer was over."""

    @property
    def sound(self) -> wave.Wave_read:
        return wave.open(io.BytesIO(self.file))


Script = Answer | Callable[[Heard], Answer]


def verbose(text: str, *, language: str = "english", seconds: float = 2.0, **segment: Any) -> Answer:
    """A ``verbose_json`` answer of one segment."""
    figures = {"avg_logprob": -0.2, "no_speech_prob": 0.01, "compression_ratio": 1.1, "temperature": 0.0} | segment
    one = {"id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": f" {text}", "tokens": [1, 2], **figures}
    return answer_json(
        {"task": "transcribe", "language": language, "duration": seconds, "text": text, "segments": [one]}
    )


class FakeTranscriptions:
    """``async with FakeTranscriptions() as server:`` and point a provider at ``server.url``."""

    def __init__(self) -> None:
        self.transcriptions: Script = verbose("Hello there.")
        self.models: Answer = models("whisper-1")
        self.requests: list[Heard] = []
        self.asked_for_models = 0
        self.running = self.most_running = 0
        self._connections: dict[int, int] = {}
        self._arrival = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def arrived(self, count: int = 1) -> None:
        """Wait until ``count`` requests have come."""
        while len(self.requests) < count:
            self._arrival.clear()
            await self._arrival.wait()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        app.router.add_get("/v1/models", self._list)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.asked_for_models += 1
        return await _answer(request, self.models)

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        heard = await self._record(request)
        answer = self.transcriptions(heard) if callable(self.transcriptions) else self.transcriptions
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await _answer(request, answer)
        except (ConnectionError, asyncio.CancelledError):
            heard.abandoned.set()
            raise
        finally:
            self.running -= 1

    async def _record(self, request: web.Request) -> Heard:
        peer = request.transport.get_extra_info("peername")[1] if request.transport else 0
        self._connections[peer] = self._connections.get(peer, 0) + 1
        form = await request.post()
        fields: dict[str, list[str]] = {}
        file = b""
        for name, value in form.items():
            if isinstance(value, web.FileField):
                assert name == "file"
                with value.file:
                    file = value.file.read()
            else:
                fields.setdefault(name, []).append(str(value))
        heard = Heard(dict(request.headers), fields, file, peer, self._connections[peer])
        self.requests.append(heard)
        self._arrival.set()
        return heard


async def _answer(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.content_type
    for step in answer.steps:
        if step is Action.DROP or step is Action.CUT:
            if request.transport is not None:
                request.transport.close()
            return response
        if not response.prepared:
            await response.prepare(request)
        await _take(step, response)
    if not response.prepared:
        await response.prepare(request)
    await response.write_eof()
    return response


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
