"""Deadlines of a provider's stream."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.deadline import within
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines

LIMITS = Deadlines(first_s=2.0, next_s=0.5)


class Stream:
    """Items, each after its delay (s); notes when it was closed."""

    def __init__(self, *delays: float) -> None:
        self.delays, self.closed = delays, False

    async def items(self) -> AsyncGenerator[int, None]:
        try:
            for index, delay in enumerate(self.delays):
                await asyncio.sleep(delay)
                yield index
        finally:
            self.closed = True


async def read(stream: Stream, pause: float = 0) -> list[int]:
    got = []
    async with aclosing(within(stream.items(), LIMITS, kind="tts", provider="fake")) as items:
        async for item in items:
            got.append(item)
            await asyncio.sleep(pause)
    return got


def test_a_stream_in_time_is_passed_on() -> None:
    stream = Stream(1.9, 0.4, 0.4)
    assert run_virtual(read(stream)) == [0, 1, 2]
    assert stream.closed


def test_an_empty_stream_is_no_error() -> None:
    assert run_virtual(read(Stream())) == []


@pytest.mark.parametrize(
    ("delays", "at_ms", "says"), [((9,), 2000, "no first answer within 2 s"), ((1, 0.2, 9), 1700, "stopped")]
)
def test_silence_is_a_timeout_and_closes_the_stream(delays: tuple[float, ...], at_ms: float, says: str) -> None:
    stream = Stream(*delays)

    async def main() -> float:
        with pytest.raises(ProviderError, match=says) as caught:
            await read(stream)
        assert caught.value.category is Category.TIMEOUT
        assert (caught.value.kind, caught.value.provider, caught.value.code) == ("tts", "fake", "tts.timeout")
        return loop_ms()

    assert run_virtual(main()) == pytest.approx(at_ms)
    assert stream.closed


def test_a_slow_reader_breaks_no_deadline() -> None:
    assert run_virtual(read(Stream(0.1, 0.4, 0.4), pause=60)) == [0, 1, 2]


def test_leaving_early_closes_the_stream() -> None:
    stream = Stream(0, 0, 0)

    async def main() -> None:
        async with aclosing(within(stream.items(), LIMITS, kind="tts", provider="fake")) as items:
            assert await anext(items) == 0

    run_virtual(main())
    assert stream.closed


def test_cancelling_the_reader_closes_the_stream() -> None:
    stream = Stream(0, 0.4, 9)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(read(stream))
            await asyncio.sleep(0.6)
            task.cancel()
        assert task.cancelled()

    run_virtual(main())
    assert stream.closed


def test_a_provider_error_passes_unchanged() -> None:
    async def failing() -> AsyncGenerator[int, None]:
        yield 1
        raise ProviderError("llm", "fake", Category.AUTH, "wrong key")

    async def main() -> None:
        async with aclosing(within(failing(), LIMITS, kind="llm", provider="fake")) as items:
            assert await anext(items) == 1
            with pytest.raises(ProviderError, match="wrong key"):
                await anext(items)

    run_virtual(main())


def test_a_stream_that_does_not_care_for_its_deadline_leaves_its_reader_uncancelled() -> None:
    async def stubborn() -> AsyncGenerator[int, None]:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            yield 1

    async def main() -> None:
        async with aclosing(within(stubborn(), LIMITS, kind="llm", provider="fake")) as items:
            assert await anext(items) == 1
        task = asyncio.current_task()
        assert task is not None
        assert not task.cancelling()

    run_virtual(main())


def test_who_is_cancelled_when_the_time_is_up_is_cancelled() -> None:
    stream = Stream(9)

    async def main() -> bool:
        reader = asyncio.ensure_future(read(stream))
        asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 2.0, reader.cancel)
        await asyncio.wait([reader])
        return reader.cancelled()

    assert run_virtual(main())
    assert stream.closed


def test_each_wait_has_its_own_deadline_however_long_the_stream_is() -> None:
    stream = Stream(1.9, *[0.45] * 20, 9)

    async def main() -> float:
        with pytest.raises(ProviderError, match="stopped"):
            await read(stream, pause=0.3)
        return loop_ms()

    assert run_virtual(main()) == pytest.approx(1900 + 20 * 450 + 21 * 300 + 500)
    assert stream.closed


def test_a_stream_within_a_stream_is_timed_by_both() -> None:
    async def main(inner_s: float, outer_s: float) -> tuple[str, float]:
        inner = within(Stream(0, 9).items(), Deadlines(1.0, inner_s), kind="llm", provider="inner")
        outer = within(inner, Deadlines(1.0, outer_s), kind="llm", provider="outer")
        async with aclosing(outer) as items:
            assert await anext(items) == 0
            with pytest.raises(ProviderError) as caught:
                await anext(items)
        return caught.value.provider, loop_ms()

    assert run_virtual(main(0.5, 2.0)) == ("inner", pytest.approx(500))
    assert run_virtual(main(2.0, 0.5)) == ("outer", pytest.approx(500))
    assert run_virtual(main(0.5, 0.5))[1] == pytest.approx(500)
