"""A chain of models in virtual time: who is left alone, and who is tried again."""

import asyncio
from contextlib import aclosing

import pytest
from scripted_llm import ASK, GOOD, FakeLLM, error, read, shown
from virtual import run_virtual

from hayakuchi.core.breaker import BreakerState
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import TextDelta
from hayakuchi.llm.fallback import FallbackLLM


def test_a_failing_model_is_passed_over_then_tried_again_by_one() -> None:
    first, second = FakeLLM("a", error()), FakeLLM("b", *GOOD)
    chain = FallbackLLM([first, second])

    async def main() -> None:
        for _ in range(5):
            await read(chain)
        assert (first.asked, second.asked) == (3, 5)
        assert [(name, state, last and last.category) for name, state, last in chain.states(loop_ms())] == [
            ("a", BreakerState.OPEN, Category.UNAVAILABLE),
            ("b", BreakerState.CLOSED, None),
        ]
        await asyncio.sleep(1)
        assert chain.states(loop_ms())[0][1] is BreakerState.HALF_OPEN
        first.script = (1.0, *GOOD)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(read(chain))
        assert (first.asked, second.asked) == (4, 8)
        assert chain.states(loop_ms())[0][1:] == (BreakerState.CLOSED, None)
        await read(chain)
        assert first.asked == 5

    run_virtual(main())


def test_leaving_early_closes_the_model_and_lets_another_try() -> None:
    first, second = FakeLLM("a", error()), FakeLLM("b", *GOOD)
    chain = FallbackLLM([first, second])

    async def main() -> None:
        for _ in range(3):
            await read(chain)
        await asyncio.sleep(1)
        first.script = (TextDelta("Hello"), 60.0)
        async with aclosing(chain.stream(ASK)) as stream:
            assert await anext(stream) == TextDelta("Hello")
        assert first.closed == first.asked == 4
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(read(chain))
            await asyncio.sleep(0.5)
            reader.cancel()
        assert first.closed == first.asked == 5
        assert chain.states(loop_ms())[0][1] is BreakerState.HALF_OPEN

    run_virtual(main())


def test_leaving_at_the_failure_does_not_use_up_the_next_ones_try() -> None:
    first, second, third = FakeLLM("a", error()), FakeLLM("b", error()), FakeLLM("c", *GOOD)
    chain = FallbackLLM([first, second, third])

    async def main() -> None:
        for _ in range(3):
            await read(chain)
        await asyncio.sleep(1)
        async with aclosing(chain.stream(ASK)) as stream:
            assert shown([await anext(stream)]) == ["!unavailable>b"]
        assert second.asked == 3
        second.script = GOOD
        assert shown(await read(chain))[0] == "Hello "

    run_virtual(main())


def test_the_last_one_is_asked_when_nothing_else_is_allowed() -> None:
    first, last = FakeLLM("a", error()), FakeLLM("b", error())
    chain = FallbackLLM([first, last])

    async def main() -> None:
        for _ in range(6):
            with pytest.raises(AllProvidersFailed) as caught:
                await read(chain)
            assert len(caught.value.attempts) == 2
        assert (first.asked, last.asked) == (3, 6)
        last.script = GOOD
        assert shown(await read(chain)) == ["Hello ", "there.", "Usage"]
        assert chain.states(loop_ms())[1][1] is BreakerState.CLOSED

    run_virtual(main())


def test_the_last_one_is_not_asked_when_asking_cannot_help() -> None:
    first, last = FakeLLM("a", error()), FakeLLM("b", error(Category.AUTH))
    chain = FallbackLLM([first, last])

    async def main() -> None:
        for _ in range(6):
            with pytest.raises(AllProvidersFailed) as caught:
                await read(chain)
            assert [attempt.category for attempt in caught.value.attempts] == ["unavailable", "auth"]
        assert (first.asked, last.asked) == (3, 1)

    run_virtual(main())


def test_who_cannot_open_is_left_out_and_opened_when_tried_again() -> None:
    first, second = FakeLLM("a", *GOOD, opens=error(Category.CONNECTIVITY)), FakeLLM("b", *GOOD)
    chain = FallbackLLM([first, second])

    async def main() -> None:
        await chain.open()
        assert [(state, last and last.category) for _, state, last in chain.states(loop_ms())] == [
            (BreakerState.OPEN, Category.CONNECTIVITY),
            (BreakerState.CLOSED, None),
        ]
        await read(chain)
        assert (first.asked, second.asked) == (0, 1)
        await asyncio.sleep(1)
        assert shown(await read(chain))[0] == "!connectivity>b"
        assert (first.asked, first.opened) == (0, 2)
        first.opens = None
        await asyncio.sleep(2)
        await read(chain)
        assert (first.asked, first.opened, second.opened) == (1, 3, 1)

    run_virtual(main())


def test_a_chain_of_which_none_opens_says_so() -> None:
    chain = FallbackLLM([FakeLLM("a", opens=error(Category.AUTH)), FakeLLM("b", opens=3600.0)])

    async def main() -> float:
        with pytest.raises(AllProvidersFailed, match=r"auth.*not ready within 30 s"):
            await chain.open()
        return loop_ms()

    assert run_virtual(main()) == pytest.approx(30_000)


def test_probing_tells_the_breakers() -> None:
    hanging, wrong, good = FakeLLM("a"), FakeLLM("b"), FakeLLM("c", *GOOD)
    chain = FallbackLLM([hanging, wrong, good])

    async def main() -> None:
        await chain.open()
        hanging.opens, wrong.opens = 3600.0, error(Category.AUTH)
        answers = await chain.probe_all(limit_s=2)
        assert [name for name, _ in answers] == ["a", "b", "c"]
        assert [answer if isinstance(answer, str) else answer.category for _, answer in answers] == [
            Category.TIMEOUT,
            Category.AUTH,
            "c is there",
        ]
        assert loop_ms() == pytest.approx(2000)
        assert [state for _, state, _ in chain.states(loop_ms())] == ["open", "open", "closed"]
        assert [name for name, _ in await chain.probe_all(limit_s=2, failing_only=True)] == ["a", "b"]
        wrong.opens = None
        assert await chain.probe() == "b: b is there"
        assert [state for _, state, _ in chain.states(loop_ms())] == ["open", "closed", "closed"]
        good.opens = wrong.opens = error()
        with pytest.raises(AllProvidersFailed):
            await chain.probe()

    run_virtual(main())


def test_closing_closes_all_even_when_one_fails_to_close() -> None:
    class Clumsy(FakeLLM):
        async def aclose(self) -> None:
            raise ProviderError("llm", "clumsy", Category.CRASHED, "could not close")

    first, last = FakeLLM("a"), FakeLLM("c")
    chain = FallbackLLM([first, Clumsy("b"), last])
    with pytest.raises(ProviderError, match="could not close"):
        run_virtual(chain.aclose())
    assert (first.opened, last.opened) == (-1, -1)


def test_the_chains_own_deadlines_outlast_each_providers() -> None:
    patient = FakeLLM("a")
    patient.deadlines = Deadlines(10, 1)
    chain = FallbackLLM([patient, FakeLLM("b")])
    assert chain.deadlines == Deadlines(21, 21)


def test_a_probe_that_breaks_is_the_providers_own_failure() -> None:
    class Buggy(FakeLLM):
        async def probe(self) -> str:
            raise ZeroDivisionError

    chain = FallbackLLM([Buggy("a"), FakeLLM("b", *GOOD)])

    async def main() -> None:
        await chain.open()
        answers = dict(await chain.probe_all())
        failed = answers["a"]
        assert isinstance(failed, ProviderError)
        assert failed.category is Category.CRASHED
        assert answers["b"] == "b is there"

    run_virtual(main())
