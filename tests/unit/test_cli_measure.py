"""Measuring a server that runs already: which figures count, and what the way to it costs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from hayakuchi.cli.measure import remote_speaker
from hayakuchi.core.errors import HayakuchiError, ProtocolError
from hayakuchi.live2d_bridge.wire import AudioFrame

Message = dict[str, Any] | bytes
SNAPSHOT = {"type": "session.snapshot", "audio": {"sample_rate": 24000}}
SOUND = AudioFrame(turn=7, segment=0, position=0, samples=2400, lip_start=0, lips=b"", pcm=bytes(4800)).encode()
STARTED = {"type": "turn.started", "turn": 7}
ENDED = {"type": "turn.ended", "turn": 7, "status": "completed", "message": None}


def measured(turn: int, **stages: float) -> dict[str, Any]:
    return {"type": "latency", "turn": turn, "figures": {"first_audio": sum(stages.values())}, "stages": stages}


@asynccontextmanager
async def answering(*messages: Message) -> AsyncIterator[str]:
    """A server that says these messages when it is spoken to, and closes the connection when it is spoken to again."""

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        for message in (SNAPSHOT, *messages):
            await socket.send(message if isinstance(message, bytes) else json.dumps(message))
        async for message in socket:
            if json.loads(message)["type"] != "playback":
                return

    async with serve(talk, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_last_figures_of_the_turn_count_and_the_rest_of_the_time_is_the_networks() -> None:
    messages = (
        measured(6, llm=9000.0),
        STARTED,
        SOUND,
        measured(7, llm=0.001),
        measured(7, llm=0.001, filler=0.002),
        measured(6, llm=9000.0),
        ENDED,
    )
    async with answering(*messages) as url, remote_speaker(url) as speaker:
        sample = await speaker.turn("Hi", whole_reply=False)
    assert list(sample.stages) == ["llm", "filler", "network"]
    assert sample.stages["filler"] == 0.002
    assert sum(sample.stages.values()) == pytest.approx(sample.figures["first_audio"])


async def test_a_turn_without_sound_has_no_figure_of_its_own() -> None:
    async with answering(STARTED, ENDED) as url, remote_speaker(url) as speaker:
        sample = await speaker.turn("Hi", whole_reply=False)
    assert sample.figures == sample.stages == {}


@pytest.mark.parametrize(
    ("message", "error", "words"),
    [
        (ENDED | {"status": "failed", "message": "no model"}, HayakuchiError, "the turn failed: no model"),
        ({"type": "error", "message": "what?"}, ProtocolError, "what"),
    ],
)
async def test_what_goes_wrong_there_is_told_here(message: Message, error: type[Exception], words: str) -> None:
    async with answering(STARTED, message) as url:
        with pytest.raises(error, match=words):
            async with remote_speaker(url) as speaker:
                await speaker.turn("Hi", whole_reply=False)


async def test_an_address_where_nobody_answers_is_named() -> None:
    with pytest.raises(HayakuchiError, match=r"no Hayakuchi server answers at 127\.0\.0\.1:9"):
        async with remote_speaker("127.0.0.1:9"):
            pass
