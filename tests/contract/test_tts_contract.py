"""What every voice promises. A further provider is one more entry in ``SUBJECTS``."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from typing import Any

import pytest
from fake_openai import Action, Answer, FakeOpenAI, Step, answer_json, failure, sine, speech, wav_header
from hayakuchi.core.deadline import within
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, ProviderFailure, SpeechRequest
from hayakuchi.tts import TTS
from hayakuchi.tts.openai import OpenAITTS, OpenAITTSConfig
from leaks import nothing_leaks

REQUEST = SpeechRequest("Once upon a time there was a small fox that lived in the mountains.")
KEY = "sk-0123456789abcdef"


def openai_tts(server: FakeOpenAI) -> OpenAITTS:
    block = {"base_url": server.url, "model": "test", "voice": "alloy", "api_key": KEY}
    return OpenAITTS(OpenAITTSConfig.model_validate(block))


@asynccontextmanager
async def served_openai_tts() -> AsyncIterator[TTS]:
    async with FakeOpenAI() as server:
        yield openai_tts(server)


SUBJECTS: dict[str, Callable[[], AbstractAsyncContextManager[TTS]]] = {"openai_tts": served_openai_tts}
"""Providers that are not open yet, and can say a sentence."""

SERVED: dict[str, Callable[[FakeOpenAI], TTS]] = {"openai_tts": openai_tts}
"""Those among them that ask a server over HTTP."""


@pytest.fixture(params=SUBJECTS, name="tts")
async def _tts(request: pytest.FixtureRequest) -> AsyncIterator[TTS]:
    async with nothing_leaks(), SUBJECTS[request.param]() as provider:
        await provider.open()
        try:
            yield provider
        finally:
            await provider.aclose()


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


async def collect(
    provider: TTS, request: SpeechRequest = REQUEST, into: list[Audio | ProviderFailure] | None = None
) -> list[Audio]:
    """A whole clip; ``into`` also holds what came before an error."""
    pieces = [] if into is None else into
    async for piece in provider.synthesize(request):
        pieces.append(piece)
    return [piece for piece in pieces if isinstance(piece, Audio)]


def pcm_of(pieces: Sequence[Audio | ProviderFailure]) -> bytes:
    return b"".join(piece.pcm for piece in pieces if isinstance(piece, Audio))


def closing(stream: Any) -> aclosing[Any]:
    return aclosing(stream)


# Every provider


async def test_a_clip_is_pieces_of_whole_samples(tts: TTS):
    pieces = await collect(tts)
    assert len(pieces) >= 2
    for piece in pieces:
        assert 0 < piece.duration_ms <= 100.1
        assert isinstance(piece.pcm, bytes)
        assert len(piece.pcm) % 2 == 0
        assert piece.sample_rate == tts.sample_rate
    assert any(pcm_of(pieces))


async def test_marks_are_in_order_and_never_late(tts: TTS):
    said_ms = latest = 0.0
    for piece in await collect(tts):
        said_ms += piece.duration_ms
        for mark in piece.marks:
            assert latest <= mark.at_ms <= said_ms
            latest = mark.at_ms


async def test_nothing_to_say_is_no_failure(tts: TTS):
    assert pcm_of(await collect(tts, SpeechRequest(""))) == b""
    assert pcm_of(await collect(tts, SpeechRequest(" \n"))) == b""


async def test_a_piece_that_goes_on_is_spoken_too(tts: TTS):
    assert pcm_of(await collect(tts, SpeechRequest("Once upon a time", final=False)))


async def test_it_says_who_it_is(tts: TTS):
    assert tts.name
    assert tts.Config.model_json_schema()["type"] == "object"
    assert isinstance(tts.deadlines, Deadlines)
    assert 8_000 <= tts.sample_rate <= 192_000
    line = await tts.probe()
    assert line
    assert "\n" not in line


async def test_a_stream_that_is_never_read_costs_nothing(tts: TTS):
    stream: Any = tts.synthesize(REQUEST)
    assert inspect.isasyncgen(stream)
    await stream.aclose()


async def test_leaving_early_leaves_it_usable(tts: TTS):
    for _ in range(3):
        async with closing(tts.synthesize(REQUEST)) as stream:
            assert await anext(stream)
    assert pcm_of(await collect(tts))


async def test_cancelling_the_reader_leaves_it_usable(tts: TTS):
    reading = asyncio.Event()

    async def read() -> None:
        async with closing(tts.synthesize(REQUEST)) as stream:
            await anext(stream)
            reading.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        await reading.wait()
        task.cancel()
    assert task.cancelled()
    assert pcm_of(await collect(tts))


async def test_fifty_at_a_time(tts: TTS):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(collect(tts)) for _ in range(50)]
    assert all(pcm_of(task.result()) for task in tasks)


async def test_open_and_close_twice(tts: TTS):
    await tts.open()
    assert pcm_of(await collect(tts))
    await tts.aclose()
    await tts.aclose()


async def test_use_after_close_ends_cleanly(tts: TTS):
    await tts.aclose()
    with suppress(ProviderError):
        await collect(tts)


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_close_without_open(subject: str):
    async with nothing_leaks(), SUBJECTS[subject]() as provider:
        await provider.aclose()


# Providers behind HTTP

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
