"""A WebSocket and a reader of event streams that cost next to nothing: what is measured is the server, on the same machine.

Only what this server sends is understood: frames in one piece, and chunks that hold whole events.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
CONNECT_S = 30.0


class Refused(OSError):
    """The server answered with this status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"status {status}")


class LightSocket(asyncio.Protocol):
    """One WebSocket, made by :func:`light_socket`."""

    def __init__(self, path: str, host: str) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._messages: deque[str | bytes] = deque()
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done() and not self._greeted():
            return
        while self._frame():
            pass
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError("closed before it was open"))
        self._wake()

    async def recv(self) -> str | bytes:
        """The next message. Raises ConnectionResetError when the connection has ended."""
        while not self._messages:
            if self._lost:
                raise ConnectionResetError("the connection has ended")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._messages.popleft()

    async def send(self, text: str) -> None:
        """Send a text. Its mask is zero, which changes nothing of it."""
        self._write(_TEXT, text.encode())

    def close(self) -> None:
        if not self._lost:
            self._write(_CLOSE, b"\x03\xe8")
            self._transport.close()

    def _greeted(self) -> bool:
        head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not end:
            return False
        status = int(head.split(b" ", 2)[1])
        if status == 101:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(Refused(status))
        self._buffer = bytearray(rest)
        return status == 101

    def _frame(self) -> bool:
        """Take one frame off the buffer; False when there is none that is whole."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, start = buffer[1], 2
        if size == 126:
            start = 4
            size = int.from_bytes(buffer[2:4], "big") if len(buffer) >= start else len(buffer)
        elif size == 127:
            start = 10
            size = int.from_bytes(buffer[2:10], "big") if len(buffer) >= start else len(buffer)
        if len(buffer) < start + size:
            return False
        kind, payload = buffer[0] & 15, bytes(buffer[start : start + size])
        del buffer[: start + size]
        if kind == _BINARY:
            self._messages.append(payload)
        elif kind == _TEXT:
            self._messages.append(payload.decode())
        elif kind == _PING:
            self._write(_PONG, payload)
        elif kind == _CLOSE:
            self._transport.close()
        return True

    def _write(self, kind: int, payload: bytes) -> None:
        if self._lost:
            raise ConnectionResetError("the connection has ended")
        size = len(payload)
        head = bytes((128 | kind, 128 | size)) if size < 126 else struct.pack(">BBH", 128 | kind, 254, size)
        self._transport.write(head + bytes(4) + payload)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


async def light_socket(url: str) -> LightSocket:
    """A WebSocket that is open. Raises OSError (Refused for an answer with another status), TimeoutError."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    async with asyncio.timeout(CONNECT_S):
        _, socket = await loop.create_connection(lambda: LightSocket(path, parts.netloc), *_address(url))
        await socket.opened
    return socket


class LightStreams(asyncio.Protocol):
    """Chat completions over one connection, one after the other."""

    def __init__(self, url: str) -> None:
        self._address, self._host = _address(url), urlsplit(url).netloc
        self._transport: Any = None
        self._buffer = b""
        self.status = 0
        """Of the last answer; 0 when there was none."""
        self.tokens: list[float] = []
        """When its tokens came."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._done.done():
            self._done.set_result(False)

    async def stream(self, said: str, limit_s: float = 60.0) -> bool:
        """Whether a reply came to its end. Its tokens are those of ``tokens``."""
        self.status, self.tokens, self._buffer = 0, [], b""
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[bool] = loop.create_future()
        body = json.dumps({"model": "scripted", "stream": True, "messages": [{"role": "user", "content": said}]})
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        try:
            async with asyncio.timeout(limit_s):
                if self._transport is None:
                    self._transport, _ = await loop.create_connection(lambda: self, *self._address)
                self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
                return await self._done
        except (OSError, TimeoutError):
            return False

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if not self.status:
            self._buffer += data
            head, end, data = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.status, self._buffer = int(head.split(b" ", 2)[1]), b""
            if self.status != 200 and self._transport is not None:
                self._transport.close()
                return
        *events, self._buffer = (self._buffer + data).split(b"\n\n")
        for event in events:
            if b'"content":"' in event and b'"content":""' not in event:
                self.tokens.append(now)
        # The end of the body follows its last event.
        if events and b"data: [DONE]" in events[-1]:
            self._buffer = b"[DONE]" + self._buffer
        if self._buffer.startswith(b"[DONE]") and self._buffer.endswith(b"0\r\n\r\n") and not self._done.done():
            self._done.set_result(True)
