"""What every language model promises."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from leaks import nothing_leaks
from llm_subjects import MESSAGES, SUBJECTS, closing, collect, text_of

from hayakuchi.core.errors import ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Finish, FinishReason, ReasoningDelta, TextDelta, Usage
from hayakuchi.llm import LLM


@pytest.fixture(params=SUBJECTS, name="llm")
async def _llm(request: pytest.FixtureRequest) -> AsyncIterator[LLM]:
    async with nothing_leaks(), SUBJECTS[request.param]() as provider:
        await provider.open()
        try:
            yield provider
        finally:
            await provider.aclose()


async def test_a_reply_comes_in_several_pieces(llm: LLM):
    deltas = await collect(llm)
    assert sum(isinstance(found, TextDelta) for found in deltas) >= 2
    assert all(isinstance(found, TextDelta | ReasoningDelta | Finish | Usage) for found in deltas)
    assert all(found.text for found in deltas if isinstance(found, TextDelta | ReasoningDelta))
    assert sum(isinstance(found, Usage) for found in deltas) <= 1
    assert [found for found in deltas if isinstance(found, Finish)] == [Finish(FinishReason.STOP)]
    assert isinstance(deltas[-1] if isinstance(deltas[-1], Finish) else deltas[-2], Finish)


async def test_it_says_who_it_is(llm: LLM):
    assert llm.name
    provider_class: Any = type(llm)
    assert provider_class.Config.model_json_schema()["type"] == "object"
    assert isinstance(llm.deadlines, Deadlines)
    line = await llm.probe()
    assert line
    assert "\n" not in line


async def test_a_stream_that_is_never_read_costs_nothing(llm: LLM):
    stream: Any = llm.stream(MESSAGES)
    assert inspect.isasyncgen(stream)
    await stream.aclose()


async def test_leaving_early_leaves_it_usable(llm: LLM):
    for _ in range(3):
        async with closing(llm.stream(MESSAGES)) as stream:
            assert await anext(stream)
    assert text_of(await collect(llm))


async def test_cancelling_the_reader_leaves_it_usable(llm: LLM):
    reading = asyncio.Event()

    async def read() -> None:
        async with closing(llm.stream(MESSAGES)) as stream:
            await anext(stream)
            reading.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        await reading.wait()
        task.cancel()
    assert task.cancelled()
    assert text_of(await collect(llm))


async def test_fifty_at_a_time(llm: LLM):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(collect(llm)) for _ in range(50)]
    assert all(text_of(task.result()) for task in tasks)


async def test_open_and_close_twice(llm: LLM):
    await llm.open()
    assert text_of(await collect(llm))
    await llm.aclose()
    await llm.aclose()


async def test_use_after_close_ends_cleanly(llm: LLM):
    await llm.aclose()
    with suppress(ProviderError):
        await collect(llm)


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_close_without_open(subject: str):
    async with nothing_leaks(), SUBJECTS[subject]() as provider:
        await provider.aclose()
