"""What every voice promises."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from leaks import nothing_leaks
from tts_subjects import REQUEST, SUBJECTS, closing, collect, pcm_of

from hayakuchi.core.errors import ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts import TTS


@pytest.fixture(params=SUBJECTS, name="tts")
async def _tts(request: pytest.FixtureRequest) -> AsyncIterator[TTS]:
    async with nothing_leaks(), SUBJECTS[request.param]() as provider:
        await provider.open()
        try:
            yield provider
        finally:
            await provider.aclose()


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
    provider_class: Any = type(tts)
    assert provider_class.Config.model_json_schema()["type"] == "object"
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
