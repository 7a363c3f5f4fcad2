"""A process of its own for an engine that blocks all of Python or may crash: asked one thing at a time, started by a script.

Frames on its stdin and stdout are a length, ``<I``, and so many bytes. Each question gets one answer. Its stderr is kept for
the error that tells of its death; when its stdin ends, whoever asked is gone and it exits.

Its pipes are served by the event loop's callbacks. A question that nobody waits for any more is not asked; one that is being
answered is waited for, since the engine cannot be stopped, but not for longer than ``HUNG_S``.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import Category, ProviderError

LENGTH = struct.Struct("<I")
CLOSE_S = 1.0
"""How long it may take to end by itself."""
HUNG_S = 20.0
"""How long it may go on with what nobody waits for before it is taken to hang, and ended."""
LONGEST_ANSWER = 16 << 20
_STDERR_KEPT = 2000
_PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What a child needs from the environment to load its libraries; nothing else of it reaches the child."""


@dataclass(order=True, slots=True)
class _Question:
    rank: tuple[bool, int]
    payload: bytes = field(compare=False)
    answer: asyncio.Future[bytes] = field(compare=False)


class Child(asyncio.SubprocessProtocol):
    """One process. Made by :meth:`spawn`; dead for good when ``alive`` is False."""

    def __init__(self, kind: str, provider: str) -> None:
        self._kind, self._provider = kind, provider
        self.alive = True
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._numbers = itertools.count()
        self._waiting: list[_Question] = []
        self._running: _Question | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._buffer = bytearray()
        self._stderr = bytearray()
        self._hung = False
        self._transport: Any = None
        self._stdin: Any = None

    @classmethod
    async def spawn(cls, kind: str, provider: str, script: str, *arguments: str) -> Child:
        """Start ``script`` on the standard library alone. Raises ProviderError."""
        if not sys.executable:
            raise ProviderError(kind, provider, Category.UNAVAILABLE, "this Python does not know its own executable")
        environment = {name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None}
        no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        loop = asyncio.get_running_loop()
        command = [sys.executable, "-I", "-S", script, *arguments]
        try:
            _, child = await loop.subprocess_exec(
                lambda: cls(kind, provider), *command, env=environment, creationflags=no_window
            )
        except OSError as error:
            message = f"its process cannot be started: {error}"
            raise ProviderError(kind, provider, Category.UNAVAILABLE, message) from error
        return child

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    async def ask(self, payload: bytes, *, can_wait: bool = False) -> bytes:
        """The answer; questions that can wait let the others pass. Raises ProviderError when the process is or becomes dead."""
        if not self.alive:
            raise self.death()
        question = _Question((can_wait, next(self._numbers)), payload, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, question)
        self._advance()
        try:
            return await question.answer
        finally:
            if self._running is question and self.alive:
                self._patience = asyncio.get_running_loop().call_later(HUNG_S, self._give_up)

    async def close(self) -> None:
        """End the process and wait until it is gone; by force after ``CLOSE_S``, or at once in the middle of an answer."""
        try:
            self._stdin.close()
            if self._running is not None:
                self._kill()
            async with asyncio.timeout(CLOSE_S):
                await asyncio.shield(self._gone)
        except TimeoutError:
            self._kill()
            await asyncio.shield(self._gone)
        finally:
            self._transport.close()

    def death(self) -> ProviderError:
        """Why the process is gone, as far as it said."""
        if self._hung:
            return ProviderError(self._kind, self._provider, Category.TIMEOUT, "its process did not answer any more")
        message = f"its process ended with code {self._transport.get_returncode()}"
        message = f"{message}: {self.said()}" if self.said() else message
        return ProviderError(self._kind, self._provider, Category.CRASHED, message)

    def said(self) -> str:
        """The last line of its stderr; empty: it said nothing."""
        lines = self._stderr.decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._stdin = self._transport.get_pipe_transport(0)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._stderr = (self._stderr + data)[-_STDERR_KEPT:]
            return
        self._buffer += data
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if length > LONGEST_ANSWER:
                self._kill()
                return
            if len(self._buffer) < LENGTH.size + length:
                return
            answer = bytes(self._buffer[LENGTH.size : LENGTH.size + length])
            del self._buffer[: LENGTH.size + length]
            self._answered(answer)

    def process_exited(self) -> None:
        self.alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        self._stop_patience()
        left, self._waiting = self._waiting, []
        running, self._running = self._running, None
        for question in (*([running] if running else []), *left):
            if not question.answer.done():
                question.answer.set_exception(self.death())
        if not self._gone.done():
            self._gone.set_result(None)

    def _answered(self, answer: bytes) -> None:
        question, self._running = self._running, None
        self._stop_patience()
        if question is not None and not question.answer.done():
            question.answer.set_result(answer)
        self._advance()

    def _advance(self) -> None:
        while self._running is None and self._waiting and self.alive:
            question = heapq.heappop(self._waiting)
            if not question.answer.done():
                self._running = question
                self._stdin.write(LENGTH.pack(len(question.payload)) + question.payload)

    def _give_up(self) -> None:
        self._hung = True
        self._kill()

    def _kill(self) -> None:
        if self.alive:
            self._transport.kill()

    def _stop_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
