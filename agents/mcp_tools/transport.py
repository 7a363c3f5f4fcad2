"""The way to a server: its program is started, or its address is reached. Imports ``mcp``, and is itself imported late."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx2
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import SecretStr

from .settings import McpServerSettings
from .stderr import ProgramErrors

CONNECT_S = 10.0


@asynccontextmanager
async def way_to(
    settings: McpServerSettings, complaints: ProgramErrors | None, ended: Callable[[], None]
) -> AsyncIterator[Any]:
    """The streams that a client reads and writes. ``ended`` is called when nothing more can come. Leaving it ends the program:
    its input is closed, and where that does not end it, it is killed with all that it has started."""
    async with _streams(settings, complaints) as (read, write):
        yield _Watched(read, ended), write


@asynccontextmanager
async def _streams(settings: McpServerSettings, complaints: ProgramErrors | None) -> AsyncIterator[Any]:
    if complaints is not None:
        program = StdioServerParameters(
            command=settings.command,
            args=list(settings.args),
            env=_shown(settings.env),
            cwd=settings.cwd or None,
            encoding_error_handler="replace",
        )
        async with stdio_client(program, errlog=complaints.file) as streams:
            yield streams
        return
    # A call may be silent for as long as it takes; its deadline is kept by who asks for it.
    limits = httpx2.Timeout(CONNECT_S, read=None)
    async with httpx2.AsyncClient(headers=_shown(settings.headers), timeout=limits) as client:
        async with streamable_http_client(settings.url, http_client=client) as streams:
            yield streams


def _shown(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in secrets.items()}


class _Watched:
    """A stream of what a server says, which tells when it has ended."""

    def __init__(self, stream: Any, ended: Callable[[], None]) -> None:
        self._stream, self._ended = stream, ended

    async def receive(self) -> Any:
        return await self._stream.receive()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._ended()
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stream.__aexit__(*error)
