"""What every voice behind HTTP promises besides: faults of its server, and who hangs up when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fake_openai import Action, Answer, FakeOpenAI, Step, answer_json, failure, sine, speech, wav_header
from leaks import nothing_leaks
from tts_subjects import KEY, REQUEST, SERVED, closing, collect, pcm_of

from hayakuchi.core.deadline import within
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, ProviderFailure
from hayakuchi.tts import TTS


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


@pytest.fixture(params=SERVED, name="served")
async def _served(request: pytest.FixtureRequest, server: FakeOpenAI) -> AsyncIterator[TTS]:
    provider = SERVED[request.param](server)
    await provider.open()
    try:
        yield provider
    finally:
        await provider.aclose()


CLIP = sine(500)
FIRST = CLIP[:4_800]


async def test_each_piece_is_told_before_the_next_is_made(server: FakeOpenAI, served: TTS):
    may_send = asyncio.Semaphore(1)
    server.speech = speech(CLIP, chunk=960, before_each=may_send)
    heard = b""
    async with asyncio.timeout(10):
        async for piece in served.synthesize(REQUEST):
            heard += pcm_of([piece])
            may_send.release()
    assert heard == CLIP


async def test_leaving_early_makes_the_server_stop(server: FakeOpenAI, served: TTS):
    server.speech = Answer([FIRST, Action.HANG], content_type="audio/pcm")
    async with closing(served.synthesize(REQUEST)) as stream:
        await anext(stream)
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()


@pytest.mark.parametrize("steps", [[Action.HANG], [FIRST, Action.HANG]])
async def test_cancelling_makes_the_server_stop(server: FakeOpenAI, served: TTS, steps: list[Step]):
    server.speech = Answer(steps, content_type="audio/pcm")
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(collect(served))
        await server.arrived()
        await asyncio.sleep(0.02)
        task.cancel()
        await server.requests[-1].abandoned.wait()
    assert task.cancelled()


@pytest.mark.parametrize("steps", [[Action.HANG], [FIRST, Action.HANG]])
async def test_silence_breaks_a_deadline_and_the_connection(server: FakeOpenAI, served: TTS, steps: list[Step]):
    server.speech = Answer(steps, content_type="audio/pcm")
    with pytest.raises(ProviderError) as caught:
        async for _ in within(served.synthesize(REQUEST), Deadlines(0.3, 0.1), kind="tts", provider=served.name):
            pass
    assert caught.value.category is Category.TIMEOUT
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()


FLOAT_WAV = wav_header(1_000, bits=32, tag=3) + bytes(1_000)
FAULTS: dict[str, tuple[Answer, Category]] = {
    "401": (failure(401, f"bad key {KEY}"), Category.AUTH),
    "404": (failure(404, "no such voice"), Category.NOT_FOUND),
    "400": (failure(400, "no such voice"), Category.INVALID_REQUEST),
    "429": (failure(429, "slow down", Retry_After="7"), Category.RATE_LIMITED),
    "500": (failure(500, "boom"), Category.UNAVAILABLE),
    "json with status 200": (failure(200, "no such voice"), Category.BAD_OUTPUT),
    "json called audio": (Answer([b'{"error": {"message": "x"}}'], content_type="audio/pcm"), Category.BAD_OUTPUT),
    "web page": (answer_json("<html>", Content_Type="text/html"), Category.BAD_OUTPUT),
    "web page called audio": (Answer([b"<!DOCTYPE html><p>"], content_type="audio/pcm"), Category.BAD_OUTPUT),
    "mp3": (Answer([b"ID3\x04" + bytes(500)], content_type="audio/mpeg"), Category.BAD_OUTPUT),
    "wav of floats": (Answer([FLOAT_WAV], content_type="audio/wav"), Category.BAD_OUTPUT),
    "wav without audio": (Answer([wav_header(0)], content_type="audio/wav"), Category.BAD_OUTPUT),
    "empty": (Answer([], content_type="audio/pcm"), Category.BAD_OUTPUT),
    "no answer": (Answer([Action.DROP]), Category.CONNECTIVITY),
    "cut before": (Answer([Action.CUT], content_type="audio/pcm"), Category.CONNECTIVITY),
    "cut after": (Answer([FIRST, 0.02, Action.CUT], content_type="audio/pcm"), Category.CONNECTIVITY),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(server: FakeOpenAI, served: TTS, fault: str):
    answer, category = FAULTS[fault]
    server.speech = answer
    heard: list[Audio | ProviderFailure] = []
    async with asyncio.timeout(10):
        with pytest.raises(ProviderError) as caught:
            await collect(served, into=heard)
    error = caught.value
    assert (error.kind, error.provider, error.category) == ("tts", served.name, category)
    assert KEY not in str(error)
    assert "127.0.0.1" in str(error)
    assert pcm_of(heard) == (FIRST if FIRST in answer.steps else b"")
    if fault == "429":
        assert error.retry_after_s == 7
    server.speech = speech(CLIP)
    assert pcm_of(await collect(served)) == CLIP


async def test_nothing_answers(server: FakeOpenAI, served: TTS):
    await server.__aexit__(None)
    for attempt in (collect(served), served.probe()):
        with pytest.raises(ProviderError, match="is the server running") as caught:
            await attempt
        assert caught.value.category is Category.CONNECTIVITY


async def test_fifty_held_open_at_a_time(server: FakeOpenAI, served: TTS):
    may_send = asyncio.Semaphore(0)
    server.speech = speech(CLIP, chunk=len(CLIP) // 2, before_each=may_send)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        tasks = [group.create_task(collect(served)) for _ in range(50)]
        await server.arrived(50)
        for _ in range(100):
            may_send.release()
    assert [pcm_of(task.result()) for task in tasks] == [CLIP] * 50
    assert server.connections == 50


async def test_use_after_close_and_before_open(server: FakeOpenAI, served: TTS):
    await served.aclose()
    with pytest.raises(ProviderError, match="not open"):
        await collect(served)
    await served.open()
    assert pcm_of(await collect(served))


async def test_closing_ends_the_streams_that_run(server: FakeOpenAI, served: TTS):
    server.speech = Answer([FIRST, Action.HANG], content_type="audio/pcm")
    async with asyncio.timeout(10):
        async with closing(served.synthesize(REQUEST)) as stream:
            await anext(stream)
            await served.aclose()
            with pytest.raises(ProviderError) as caught:
                await anext(stream)
        await server.requests[-1].abandoned.wait()
    assert caught.value.category is Category.CONNECTIVITY
