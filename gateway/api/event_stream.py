"""Answers that come bit by bit, as server-sent events, and whoever hangs up meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...core.clock import loop_ms
from ...core.errors import HayakuchiError
from .problem import Problem
from .serving import problem_of, refused_as
from .wire import data

T = TypeVar("T")

KEEP_ALIVE_MS = 15_000.0
"""After so long without a word a comment is sent, so that nothing between us and the reader gives the connection up."""
SLOW_MS = 30_000.0
"""Who takes nothing for so long has gone."""
CONTENT_TYPE = "text/event-stream"


class Gone(Exception):
    """Whoever asked has hung up."""


class EventStream(Response):
    """Sends ``chunks``, and closes them when the reader goes. What they raise before the first one is answered as an error of
    its own; later it is the last event."""

    media_type = CONTENT_TYPE

    def __init__(self, chunks: AsyncGenerator[bytes, None], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(None, 200, headers)
        del self.headers["content-length"]
        self.headers.update({"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writer = _Writer(self, send)
        refused: Problem | None = None
        try:
            async with asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(until_gone(receive), name="event stream: watch"),
                    group.create_task(writer.keep_alive(), name="event stream: keep alive"),
                ]
                refused = await self._write(writer)
                for task in beside:
                    task.cancel()
        except* Gone:
            pass
        if refused is not None:
            answer = refused_as(refused, scope)
            answer.headers["x-request-id"] = self.headers.get("x-request-id", "")
            await answer(scope, receive, send)

    async def _write(self, writer: _Writer) -> Problem | None:
        """What is wrong, when nothing was sent yet."""
        try:
            async with aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    await writer.send(chunk)
        except HayakuchiError as error:
            problem = problem_of(error)
            if not writer.started:
                return problem
            await writer.send(data(problem.body))
        await writer.end()
        return None


class _Writer:
    """Begins the answer with the first thing that is sent."""

    def __init__(self, response: Response, send: Send) -> None:
        self._response, self._send = response, send
        self.started = False
        self._sent_at = loop_ms()
        self._sending = False

    async def send(self, chunk: bytes) -> None:
        self._sending, self._sent_at = True, loop_ms()
        if not self.started:
            await self._start()
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        self._sending, self._sent_at = False, loop_ms()

    async def end(self) -> None:
        if not self.started:
            await self._start()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def keep_alive(self) -> None:
        """Send a comment when nothing else was sent for long. Raises Gone when the reader takes nothing. Never ends."""
        while True:
            quiet_ms = loop_ms() - self._sent_at
            if self._sending:
                if quiet_ms >= SLOW_MS:
                    raise Gone
                await asyncio.sleep((SLOW_MS - quiet_ms) / 1000)
            elif quiet_ms >= KEEP_ALIVE_MS:
                await self._comment()
            else:
                await asyncio.sleep((KEEP_ALIVE_MS - quiet_ms) / 1000)

    async def _comment(self) -> None:
        try:
            async with asyncio.timeout(SLOW_MS / 1000):
                await self.send(b": keep-alive\n\n")
        except TimeoutError:
            raise Gone from None

    async def _start(self) -> None:
        self.started = True
        headers = self._response.raw_headers
        await self._send({"type": "http.response.start", "status": self._response.status_code, "headers": headers})


async def until_gone(receive: Receive) -> None:
    """Raises Gone when whoever asked hangs up; reads nothing that was sent."""
    while (await receive())["type"] != "http.disconnect":
        pass
    raise Gone


async def unless_gone(receive: Receive, work: Awaitable[T]) -> T | None:
    """What the work gives, which is cancelled when nobody waits for it any more: then None. What it raises passes."""
    outcome: list[T | HayakuchiError] = []

    async def finish() -> None:
        try:
            outcome.append(await work)
        except HayakuchiError as error:
            outcome.append(error)

    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(until_gone(receive), name="answer: watch")
            await finish()
            watching.cancel()
    except* Gone:
        pass
    found = outcome[0] if outcome else None
    if isinstance(found, HayakuchiError):
        raise found
    return found
