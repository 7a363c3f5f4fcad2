"""Viewers that do not read: they are let go, keep nothing, and the others hear nothing of it."""

from __future__ import annotations

import asyncio

import pytest
from listening import close_code
from scripted import ScriptedLLM, ScriptedTTS
from serving import ending, settings_for, viewing

from hayakuchi.gateway import sockets
from hayakuchi.gateway.server import Server
from hayakuchi.live2d_bridge import stage
from hayakuchi.orchestrator.settings import Settings

STUCK = 20
LARGE = {"type": "padding", "text": "x" * 300_000}
"""The kernel takes some megabytes of each before anybody notices."""


def talkative() -> Settings:
    return settings_for(lambda: ScriptedLLM(["Hello", " you."]), lambda: ScriptedTTS(first_ms=1, rtf=0.001))


async def tell_until(server: Server, sockets_left: int) -> None:
    while server.doors.admission.sockets > sockets_left:
        (await server.doors.rooms.enter("", "main")).stage.tell(LARGE)
        await asyncio.sleep(0.005)


async def test_those_that_never_read_again_are_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "OUTBOX", 32)
    monkeypatch.setattr(sockets, "LINGER_S", 0.3)
    enough = asyncio.Event()

    async def stay(url: str) -> None:
        async with viewing(url, close_timeout=0.1, max_queue=1) as stuck:
            stuck.socket.transport.pause_reading()
            await enough.wait()

    async with (
        asyncio.timeout(60),
        ending(talkative()) as (url, _, server, _),
        asyncio.TaskGroup() as group,
        viewing(url, "session=other&sound=1") as ours,
    ):
        for _ in range(STUCK):
            group.create_task(stay(url))
        while server.doors.admission.sockets <= STUCK:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await tell_until(server, 1)
        while len(server.server_state.connections) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        enough.set()
        await ours.send(type="input.text", text="Hi")
        await ours.next("audio")


async def test_one_that_reads_again_learns_why_it_was_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "OUTBOX", 32)
    async with (
        asyncio.timeout(60),
        ending(talkative()) as (url, _, server, _),
        viewing(url, max_size=None) as stuck,
    ):
        stuck.socket.transport.pause_reading()
        await tell_until(server, 0)
        stuck.socket.transport.resume_reading()
        assert await close_code(stuck.socket) == 1008
