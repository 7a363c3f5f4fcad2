"""Replicas share the requests: the one with the least to do answers, within its limit, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from scripted_llm import ASK, FakeLLM, Step, error, read, shown
from virtual import run_virtual

from hayakuchi.core.breaker import BreakerState
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, CapacityError, Category, ProviderError
from hayakuchi.core.types import Finish, FinishReason, Generation, LLMDelta, TextDelta, ToolCallDelta
from hayakuchi.llm import LLMConfig
from hayakuchi.llm.balanced import BalancedLLM
from hayakuchi.llm.fallback import FallbackLLM

SECOND: tuple[Step, ...] = (1.0, TextDelta("ok"))


class Replica(FakeLLM):
    """Counts how many of its requests run at a time."""

    def __init__(self, name: str, *script: Step, **config: Any) -> None:
        super().__init__(name, *script)
        self.config = LLMConfig.model_validate(config)
        self.running = self.most = 0

    async def stream(self, *asked: Any) -> AsyncIterator[LLMDelta]:  # type: ignore[override]
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            async with aclosing(super().stream(*asked)) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            self.running -= 1


async def many(model: BalancedLLM, count: int, every_s: float = 0.0) -> list[Any]:
    """What came of so many requests, one after another's beginning."""
    results: list[Any] = []

    async def ask() -> None:
        try:
            results.append(shown(await read(model)))
        except CapacityError as full:
            results.append(full)

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(ask())
            if every_s:
                await asyncio.sleep(every_s)
    return results


@pytest.mark.parametrize("every_s", [0.0, 0.05])
@pytest.mark.parametrize("patience", [None, 5000])
def test_a_hundred_requests_are_shared_evenly(every_s: float, patience: float | None):
    replicas = [Replica(name, *SECOND, first_response_timeout=patience) for name in "ab"]
    assert run_virtual(many(BalancedLLM("m", replicas), 100, every_s)) == [["ok"]] * 100
    assert sum(replica.asked for replica in replicas) == 100
    assert max(replica.most for replica in replicas) <= (11 if every_s else 50)
    assert abs(replicas[0].asked - replicas[1].asked) <= 4


def test_a_slow_server_gets_less():
    fast, slow = Replica("fast", 0.5, TextDelta("ok")), Replica("slow", 2.0, TextDelta("ok"))
    run_virtual(many(BalancedLLM("m", [fast, slow]), 100, 0.1))
    assert fast.asked + slow.asked == 100
    assert 2 * slow.asked < fast.asked


def test_the_first_answers_while_nobody_is_busy():
    replicas = [Replica(name, TextDelta("ok")) for name in "ab"]
    run_virtual(many(BalancedLLM("m", replicas), 5, 1.0))
    assert [replica.asked for replica in replicas] == [5, 0]


def test_limits_are_kept_and_the_rest_waits_in_turn():
    replicas = [Replica("a", *SECOND, max_concurrent=2), Replica("b", *SECOND, max_concurrent=1)]
    assert run_virtual(many(BalancedLLM("m", replicas), 12)) == [["ok"]] * 12
    assert [replica.most for replica in replicas] == [2, 1]
    assert [replica.asked for replica in replicas] == [8, 4]


def test_who_waits_too_long_is_turned_away():
    replica = Replica("a", 0.9, TextDelta("ok"), max_concurrent=1)
    results = run_virtual(many(BalancedLLM("m", [replica]), 10))
    turned_away = [result for result in results if isinstance(result, CapacityError)]
    assert len(turned_away) == 5  # the fifth begins after 3.6 s
    assert "the model 'm' are busy" in str(turned_away[0])
    assert turned_away[0].retry_after_s == 4.0


def test_who_came_first_is_served_first():
    replica = Replica("a", *SECOND, max_concurrent=1)
    model = BalancedLLM("m", [replica])

    async def run() -> list[int]:
        done: list[int] = []

        async def ask(number: int) -> None:
            await read(model)
            done.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(ask(number))
        return done

    assert run_virtual(run()) == [0, 1, 2, 3]


def test_leaving_makes_room_also_for_those_behind_who_wait():
    replica = Replica("a", TextDelta("one"), 100.0, max_concurrent=1)
    model = BalancedLLM("m", [replica])

    async def run() -> None:
        async with aclosing(model.stream(ASK)) as held:
            await anext(held)
            async with asyncio.TaskGroup() as group:
                waiting = [group.create_task(anext(model.stream(ASK))) for _ in range(2)]
                await asyncio.sleep(0.1)
                waiting[0].cancel()
                await asyncio.sleep(0.1)
                await held.aclose()
                assert await waiting[1] == TextDelta("one")

    run_virtual(run())
    assert replica.closed >= 1


def test_a_server_that_fails_is_passed_over_and_comes_last():
    bad, good = Replica("bad", error()), Replica("good", *SECOND)
    model = BalancedLLM("m", [bad, good])
    assert run_virtual(many(model, 4, 0.01))[0] == ["!unavailable>good", "ok"]
    assert bad.asked == 3
    assert good.asked == 4


def test_after_a_failure_a_place_is_waited_for():
    bad, good = Replica("bad", error()), Replica("good", *SECOND, max_concurrent=1)
    model = BalancedLLM("m", [good, bad])
    results = run_virtual(many(model, 2))
    assert sorted(map(str, results)) == ["['!unavailable>good', 'ok']", "['ok']"]
    assert good.most == 1


def test_a_model_that_stands_in_is_not_asked_because_others_are_busy():
    replica, demo = Replica("a", *SECOND, max_concurrent=1), Replica("demo", TextDelta("la"))
    demo.stands_in = True  # type: ignore[attr-defined]
    assert run_virtual(many(BalancedLLM("m", [demo, replica]), 3)) == [["ok"]] * 3
    replica.script = (error(),)
    assert run_virtual(many(BalancedLLM("m", [demo, replica]), 1)) == [["!unavailable>demo", "la"]]


def test_all_fail():
    async def run() -> None:
        model = BalancedLLM("m", [Replica("a", error()), Replica("b", error(Category.AUTH))])
        for _ in range(5):
            with pytest.raises(AllProvidersFailed) as caught:
                await read(model)
            assert [failure.category for failure in caught.value.attempts] == [Category.UNAVAILABLE, Category.AUTH]

    run_virtual(run())


def test_links_of_another_chain_share_breaker_and_load():
    a, b = Replica("a", *SECOND), Replica("b", *SECOND)

    async def run() -> None:
        chain = FallbackLLM([a, b])
        model = BalancedLLM("m", chain.links)
        async with aclosing(chain.stream(ASK)) as spoken:
            await anext(spoken)
            assert shown(await read(model)) == ["ok"]
            assert (a.asked, b.asked) == (1, 1)
        a.script = (error(Category.AUTH),)
        await read(model)
        assert chain.states(loop_ms())[0][1] is BreakerState.OPEN

    run_virtual(run())


@pytest.mark.parametrize("model", [FallbackLLM, lambda parts: BalancedLLM("m", parts)])
def test_a_caller_s_bad_request_is_not_held_against_the_model(model: Any):
    async def run() -> None:
        bad = Replica("a", error(Category.INVALID_REQUEST))
        chain = model([bad])
        for _ in range(5):
            with pytest.raises(AllProvidersFailed) as caught:
                async for _ in chain.stream(ASK, Generation(seed=1)):
                    pass
            assert [failure.category for failure in caught.value.attempts] == [Category.INVALID_REQUEST]
        bad.script = SECOND
        assert shown(await read(chain)) == ["ok"]
        assert bad.asked == 6
        bad.script = (error(Category.INVALID_REQUEST),)
        with pytest.raises(AllProvidersFailed):
            await read(chain)
        assert chain.states(loop_ms())[0][1] is BreakerState.OPEN

    run_virtual(run())


CALL = ToolCallDelta(0, "a", "sing", "{}")
CALLED: Sequence[Any] = (CALL, Finish(FinishReason.TOOL_CALLS))


@pytest.mark.parametrize("patience", [None, 500])
def test_a_reply_that_is_only_a_call_is_an_answer(patience: float | None):
    async def run() -> None:
        chain = FallbackLLM([Replica("a", *CALLED, first_response_timeout=patience), Replica("b", *SECOND)])
        assert await read(chain) == list(CALLED)

    run_virtual(run())


def test_after_a_call_was_told_nobody_else_is_asked():
    async def run() -> None:
        second = Replica("b", *SECOND)
        chain = FallbackLLM([Replica("a", CALL, error()), second])
        got: list[LLMDelta] = []
        with pytest.raises(ProviderError):
            await read(chain, got)
        assert (got, second.asked) == ([CALL], 0)

    run_virtual(run())
