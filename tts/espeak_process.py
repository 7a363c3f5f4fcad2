"""The parent's side of the espeak-ng process: start it, share it among requests, notice its death.

Its pipes are read by the event loop's callbacks, whoever listens: a reader that is slow or gone holds up no other request.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from ..core.errors import Category, ProviderError
from . import espeak_worker as wire

KIND, NAME = "tts", "espeak_tts"
CLOSE_S = 1.0
"""How long a worker may take to end by itself."""
DRAIN_S = 0.1
"""How long the pipes of a dead worker may take to give what is left in them."""
_STDERR_KEPT = 2000
_PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What a child needs from the environment to load its libraries; nothing else of it reaches the child."""

Answer = tuple[int, bytes]
"""Kind and payload of a message."""


class EspeakProcess(asyncio.SubprocessProtocol):
    """One worker process. Made by :meth:`spawn`; dead for good when ``alive`` is False."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.sample_rate = 0
        self.version = ""
        self.ready: asyncio.Future[None] = loop.create_future()
        self.served = False
        """Whether it has finished a request."""
        self.alive = True
        self._gone: asyncio.Future[None] = loop.create_future()
        self._requests: dict[int, asyncio.Queue[Answer | ProviderError]] = {}
        self._last_id = 0
        self._buffer = bytearray()
        self._stderr = bytearray()
        self._transport: Any = None
        self._stdin: Any = None

    @classmethod
    async def spawn(cls, arguments: Sequence[str]) -> EspeakProcess:
        """Start a worker: ``arguments`` are the command line. It is not ``ready`` yet. Raises OSError."""
        environment = {name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None}
        no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        loop = asyncio.get_running_loop()
        _, process = await loop.subprocess_exec(cls, *arguments, env=environment, creationflags=no_window)
        return process

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    async def say(self, payload: bytes) -> AsyncGenerator[Answer, None]:
        """Send a SAY; its AUDIO answers. Closing it aborts the request. Raises ProviderError."""
        if not self.alive:
            raise self.death()
        self._last_id += 1
        id, answers = self._last_id, asyncio.Queue[Answer | ProviderError]()
        self._requests[id] = answers
        try:
            self._send(wire.SAY, id, payload)
            while True:
                answer = await answers.get()
                if isinstance(answer, ProviderError):
                    raise answer
                if answer[0] == wire.END:
                    return
                yield answer
        finally:
            if self._requests.pop(id, None) is not None and self.alive:
                self._send(wire.ABORT, id)

    async def close(self) -> None:
        """End the process and wait until it is gone; by force after ``CLOSE_S``."""
        try:
            self._stdin.close()
            async with asyncio.timeout(CLOSE_S):
                await asyncio.shield(self._gone)
        except TimeoutError:
            self._transport.kill()
            await asyncio.shield(self._gone)
        finally:
            self._transport.close()

    def death(self) -> ProviderError:
        """Why the process is gone, as far as it said."""
        code = self._transport.get_returncode()
        lines = self._stderr.decode(errors="replace").strip().splitlines()
        said = f": {lines[-1][:200]}" if lines else ""
        return ProviderError(KIND, NAME, Category.CRASHED, f"the espeak-ng process ended with code {code}{said}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._stdin = self._transport.get_pipe_transport(0)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._stderr = (self._stderr + data)[-_STDERR_KEPT:]
            return
        self._buffer += data
        begin = 0
        while len(self._buffer) - begin >= wire.HEADER.size:
            kind, id, length = wire.HEADER.unpack_from(self._buffer, begin)
            end = begin + wire.HEADER.size + length
            if len(self._buffer) < end:
                break
            self._received(kind, id, bytes(self._buffer[begin + wire.HEADER.size : end]))
            begin = end
        del self._buffer[:begin]

    def process_exited(self) -> None:
        self.alive = False
        # What it wrote before it died is still in the pipes; connection_lost comes after that, at once as a rule.
        asyncio.get_running_loop().call_later(DRAIN_S, self._fail_all)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail_all()
        if not self._gone.done():
            self._gone.set_result(None)

    def _fail_all(self) -> None:
        if not self.ready.done():
            self.ready.set_exception(self.death())
            self.ready.exception()  # told to whoever waits; nobody may be waiting
        for answers in self._requests.values():
            answers.put_nowait(self.death())
        self._requests.clear()

    def _received(self, kind: int, id: int, payload: bytes) -> None:
        if kind == wire.HELLO:
            (self.sample_rate,) = wire.HELLO_HEAD.unpack_from(payload)
            self.version = payload[wire.HELLO_HEAD.size :].decode()
            if not self.ready.done():
                self.ready.set_result(None)
            return
        if kind in (wire.END, wire.ERROR):
            self.served = True
            answers = self._requests.pop(id, None)
        else:
            answers = self._requests.get(id)
        if answers is not None:
            answers.put_nowait((kind, payload))

    def _send(self, kind: int, id: int, payload: bytes = b"") -> None:
        self._stdin.write(wire.HEADER.pack(kind, id, len(payload)) + payload)


def command(library: str, data: str) -> list[str]:
    """The worker's command line. Raises ProviderError when this Python cannot be started again."""
    if not sys.executable:
        raise ProviderError(KIND, NAME, Category.UNAVAILABLE, "this Python does not know its own executable")
    return [sys.executable, "-I", "-S", wire.__file__, library, data]
