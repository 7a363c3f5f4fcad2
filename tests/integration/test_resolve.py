"""Names to addresses without keeping anybody waiting."""

import asyncio
import socket
import subprocess
import sys
import time

import pytest

from hayakuchi.core.resolve import resolve


async def test_a_name_has_addresses():
    addresses = [info[4][0] for info in await resolve("localhost", 80)]
    assert {"127.0.0.1", "::1"} & set(addresses)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70 + ".invalid", ""])
async def test_what_has_none_is_an_error(host: str, monkeypatch: pytest.MonkeyPatch):
    if not host:
        monkeypatch.setattr(socket, "getaddrinfo", _unknown)
    with pytest.raises((OSError, UnicodeError)):
        await resolve(host, 80)


def _unknown(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "not known")


async def test_giving_up_is_possible_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(0.3) or [])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolve("slow", 80)
    await asyncio.sleep(0.4)  # the answer that nobody waits for any more breaks nothing


def test_a_look_up_that_hangs_does_not_keep_the_process():
    code = """
import asyncio, socket, time
from hayakuchi.core.resolve import resolve
socket.getaddrinfo = lambda *a, **k: time.sleep(60)
async def main():
    async with asyncio.timeout(0.1):
        await resolve("slow", 80)
try:
    asyncio.run(main())
except TimeoutError:
    print("gave up")
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert told.stdout == "gave up\n"
