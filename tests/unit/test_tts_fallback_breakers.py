"""A chain of voices: what its breakers learn, in virtual time."""

import asyncio
from contextlib import aclosing

import pytest
from scripted_tts import TEXT, FakeTTS, Heard, error, failures, length, read, tone
from virtual import run_virtual

from hayakuchi.core.breaker import BreakerState
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category
from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.tts.fallback import FallbackTTS


def test_all_failed() -> None:
    chain = FallbackTTS([FakeTTS("a", error()), FakeTTS("b", error(Category.AUTH))])

    async def main() -> None:
        got: list[Heard] = []
        with pytest.raises(AllProvidersFailed) as caught:
            await read(chain, got=got)
        assert [attempt.category for attempt in caught.value.attempts] == ["unavailable", "auth"]
        assert failures(got) == [(Category.UNAVAILABLE, "b"), (Category.AUTH, None)]
        for _ in range(3):
            with pytest.raises(AllProvidersFailed):
                await read(chain)
        assert [state for _, state, _ in chain.states(loop_ms())] == [BreakerState.OPEN, BreakerState.OPEN]

    run_virtual(main())


def test_a_dead_voice_is_left_alone_and_comes_back() -> None:
    first, second = FakeTTS("a", error()), FakeTTS("b")
    chain = FallbackTTS([first, second])

    async def main() -> None:
        for _ in range(5):
            await read(chain)
        assert (len(first.asked), len(second.asked)) == (3, 5)
        first.script = None
        await asyncio.sleep(1)
        async with asyncio.TaskGroup() as group:
            clips = [group.create_task(read(chain)) for _ in range(3)]
        assert all(length(clip.result()) == 800 for clip in clips)
        assert chain.states(loop_ms())[0][1:] == (BreakerState.CLOSED, None)

    run_virtual(main())


def test_half_open_only_one_tries() -> None:
    first, second = FakeTTS("a", error()), FakeTTS("b")
    chain = FallbackTTS([first, second])

    async def main() -> None:
        for _ in range(3):
            await read(chain)
        first.script = [0.3, *first.words(TEXT)]
        await asyncio.sleep(1)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(read(chain))
        assert (len(first.asked), len(second.asked)) == (4, 6)

    run_virtual(main())


def test_leaving_early_closes_the_voice() -> None:
    first = FakeTTS("a", tone(100), 60.0)
    chain = FallbackTTS([first, FakeTTS("b")])

    async def main() -> None:
        async with aclosing(chain.synthesize(SpeechRequest(TEXT))) as clip:
            assert isinstance(await anext(clip), Audio)
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(read(chain))
            await asyncio.sleep(0.1)
            reader.cancel()
        assert first.closed == 2
        assert chain.states(loop_ms())[0][1:] == (BreakerState.CLOSED, None)

    run_virtual(main())


def test_opening_probing_and_closing_reach_every_voice() -> None:
    class Counting(FakeTTS):
        calls = 0

        async def open(self) -> None:
            self.calls += 1

        async def aclose(self) -> None:
            self.calls += 100

    voices: list[Counting] = [Counting("a"), Counting("b")]
    chain = FallbackTTS(voices)

    async def main() -> None:
        await chain.open()
        assert await chain.probe() == "a: here"
        assert await chain.probe_all() == [("a", "here"), ("b", "here")]
        await chain.aclose()

    run_virtual(main())
    assert [voice.calls for voice in voices] == [101, 101]
