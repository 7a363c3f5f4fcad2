"""Measuring a server that runs already: which figures count, and what the way to it costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for
from websockets.asyncio.server import ServerConnection, serve

from hayakuchi.cli.measure import local_speaker, remote_speaker
from hayakuchi.core.character import Character
from hayakuchi.core.errors import HayakuchiError, ProtocolError
from hayakuchi.live2d_bridge.wire import AudioFrame
from hayakuchi.orchestrator.settings import LatencySettings

Message = dict[str, Any] | bytes
SNAPSHOT = {
    "type": "session.snapshot",
    "audio": {"sample_rate": 24000},
    "character": {"language": "zh"},
    "latency": {"first_audio_ms": 900, "of_a_later_version": 1},
    "models": {"llm": "far_llm", "tts": "far_tts", "demo": False, "problems": []},
}
SOUND = AudioFrame(turn=7, segment=0, position=0, samples=2400, lip_start=0, lips=b"", pcm=bytes(4800)).encode()
STARTED = {"type": "turn.started", "turn": 7}
ENDED = {"type": "turn.ended", "turn": 7, "status": "completed", "message": None}


def measured(turn: int, **stages: float) -> dict[str, Any]:
    return {"type": "latency", "turn": turn, "figures": {"first_audio": sum(stages.values())}, "stages": stages}


@asynccontextmanager
async def answering(*messages: Message) -> AsyncIterator[str]:
    """A server that says these messages when it is spoken to, and closes the connection when it is spoken to again."""

    async def talk(socket: ServerConnection) -> None:
        await socket.send(json.dumps(SNAPSHOT))
        await socket.recv()
        for message in messages:
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


async def test_the_server_says_who_answers_there_and_what_is_too_slow() -> None:
    models = {"type": "models", "llm": "demo_llm", "tts": "far_tts", "demo": True, "problems": ["far_llm: gone"]}
    async with answering(STARTED, models, ENDED) as url, remote_speaker(url) as speaker:
        before = speaker.here()
        await speaker.turn("Hi", whole_reply=False)
        after = speaker.here()
    assert (before.model, before.voice, before.problems, before.language) == ("far_llm", "far_tts", (), "zh")
    assert before.limits == LatencySettings(first_audio_ms=900)
    assert (after.model, after.problems) == ("demo_llm", ("far_llm: gone",))


async def test_something_else_that_speaks_websocket_is_told_so() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.send('"hello"')

    async with serve(talk, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(ProtocolError, match="no Hayakuchi server"):
            async with remote_speaker(url):
                pass


async def test_who_answers_in_this_process_is_told_and_when_a_filler_ends() -> None:
    made = settings_for(lambda: ScriptedLLM(["Well", ",", " there", "."], first_ms=400), ScriptedTTS)
    made = replace(made, character=Character(name="Test", fillers=("Hmm.",)))
    async with asyncio.timeout(20), local_speaker(made) as speaker:
        sample = await speaker.turn("Hi", whole_reply=False)
        here = speaker.here()
    assert here.model == ScriptedLLM([]).name
    assert here.problems == ()
    assert "filler" in sample.stages
    assert sample.own_words_ms is not None
    assert sample.own_words_ms > sample.figures["first_audio"]
