"""Streams that are read together: leaving them ends, whatever they do while they are closed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

import pytest
from leaks import nothing_leaks
from virtual import run_virtual

from hayakuchi.agents.streams import CAPACITY, Ended, Streams
from hayakuchi.core.errors import Category, ProviderError

BROKEN = ProviderError("llm", "scripted", Category.CRASHED, "closing failed")
Stream = Callable[[], AsyncGenerator[int, None]]


async def good() -> AsyncGenerator[int, None]:
    for number in range(100):
        yield number


async def breaks_on_closing() -> AsyncGenerator[int, None]:
    try:
        for number in range(100):
            yield number
    finally:
        raise BROKEN


async def breaks_on_closing_while_it_waits() -> AsyncGenerator[int, None]:
    try:
        yield 0
        await asyncio.sleep(1e6)
    finally:
        raise BROKEN


async def goes_on() -> AsyncGenerator[int, None]:
    """It takes no notice of being cancelled."""
    yield 0
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(1e6)
    for number in range(100):
        yield number


STREAMS = [good, breaks_on_closing, breaks_on_closing_while_it_waits, goes_on]


def within_a_second(use: Callable[[], Awaitable[None]]) -> None:
    async def timed() -> None:
        async with nothing_leaks(), asyncio.timeout(1):
            await use()

    run_virtual(timed())


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("full", [False, True])
def test_leaving_ends_though_the_channel_is_full(stream: Stream, full: bool) -> None:
    async def use() -> None:
        async with Streams[int]() as streams:
            streams.read(stream(), "one")
            if full:
                streams.read(good(), "another")
            assert (await streams.next())[1] == 0
            await asyncio.sleep(0.1)

    within_a_second(use)


@pytest.mark.parametrize("stream", STREAMS)
def test_being_cancelled_while_a_stream_waits_for_room_ends(stream: Stream) -> None:
    async def reader() -> None:
        async with Streams[int]() as streams:
            streams.read(stream(), "one")
            streams.read(good(), "another")
            await asyncio.sleep(1e6)

    async def use() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(reader())
            await asyncio.sleep(0.1)
            task.cancel()

    within_a_second(use)


def test_being_cancelled_while_the_end_of_a_stream_waits_for_room_ends() -> None:
    async def just_enough() -> AsyncGenerator[int, None]:
        for number in range(CAPACITY):
            yield number

    async def use() -> None:
        async with Streams[int]() as streams:
            streams.read(just_enough(), "one")
            await asyncio.sleep(0.1)

    within_a_second(use)


def test_what_a_stream_raises_is_its_end_and_of_a_stopped_one_nothing_is_heard() -> None:
    async def use() -> None:
        async with Streams[int]() as streams:
            stopped = streams.read(breaks_on_closing(), "stopped")
            await asyncio.sleep(0.1)
            stopped.stop()
            read = streams.read(breaks_on_closing(), "read")
            told = [await streams.next() for _ in range(101)]
            assert {reading for reading, _ in told} == {read}
            assert [item for _, item in told[:100]] == list(range(100))
            assert told[100][1] == Ended(BROKEN)

    within_a_second(use)
