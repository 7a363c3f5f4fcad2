"""The address that ``run`` listens on, and how it says that it cannot."""

from __future__ import annotations

import asyncio
import socket

import pytest

from hayakuchi.cli.run import address, bind
from hayakuchi.core.errors import ConfigError


def test_any_free_port() -> None:
    with bind("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()
        assert address(listener) == f"http://{host}:{port}"
        assert port > 0


async def test_small_answers_are_sent_at_once() -> None:
    """Otherwise the body that follows its headers on a connection that is kept waits 40 ms for the client's word."""
    accepted: asyncio.Queue[int] = asyncio.Queue()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        accepted.put_nowait(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = bind("127.0.0.1", 0)
    async with await asyncio.start_server(connected, sock=listener), asyncio.timeout(10):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await accepted.get() != 0
        writer.close()


def test_a_port_that_is_taken_is_told_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"server: cannot listen on 127.0.0.1:{port} .* --port {port + 1}"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["a..b", "203.0.113.7", "no such host"])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on .*; use 127\.0\.0\.1"):
        bind(host, 0)
