"""A model that keeps its reader waiting races against the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest
from scripted import ScriptedLLM
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.types import Generation, LLMDelta, Message, ProviderFailure, ReasoningDelta, TextDelta
from hayakuchi.llm.demo import DemoLLM
from hayakuchi.llm.fallback import FallbackLLM

ASK = [Message("user", "Hi")]


def model(name: str, *, first_ms: float, timeout_ms: float | None = None, **options: Any) -> ScriptedLLM:
    made = ScriptedLLM(options.pop("tokens", [name, " speaks"]), first_ms=first_ms, **options)
    made.name = name  # type: ignore[assignment]
    made.config = SimpleNamespace(first_response_timeout=timeout_ms)  # type: ignore[attr-defined]
    return made


def ask(*models: Any, stop_after: int = 99) -> tuple[list[LLMDelta], int, FallbackLLM]:
    """What comes, when the first word does (ms), and the chain."""

    async def main() -> tuple[list[LLMDelta], int, FallbackLLM]:
        chain = FallbackLLM(models)
        got: list[LLMDelta] = []
        first_at = -1
        async with aclosing(chain.stream(ASK)) as deltas:
            async for delta in deltas:
                if isinstance(delta, TextDelta) and first_at < 0:
                    first_at = round(loop_ms())
                got.append(delta)
                if len(got) >= stop_after:
                    break
        assert all(getattr(one, "running", 0) == 0 for one in models)
        return got, first_at, chain

    return run_virtual(main())


def text(got: Sequence[LLMDelta]) -> str:
    return "".join(delta.text for delta in got if isinstance(delta, TextDelta))


def test_a_slow_model_loses_against_the_next_one() -> None:
    slow, quick = model("slow", first_ms=2000, timeout_ms=200), model("quick", first_ms=100)
    got, first_at, chain = ask(slow, quick)
    assert (text(got), first_at) == ("quick speaks", 300)
    assert [state for _, state, _ in chain.states(0)] == ["closed", "closed"]
    assert "had said nothing when quick answered" in str(chain.states(0)[0][2])


def test_a_slow_model_that_still_comes_first_is_heard() -> None:
    slow, slower = model("slow", first_ms=250, timeout_ms=200), model("slower", first_ms=500)
    got, first_at, _ = ask(slow, slower)
    assert (text(got), first_at) == ("slow speaks", 250)
    assert len(slower.asked) == 1


@pytest.mark.parametrize("timeout_ms", [None, 200])
def test_a_model_in_time_is_alone(timeout_ms: float | None) -> None:
    first, second = model("first", first_ms=150, timeout_ms=timeout_ms), model("second", first_ms=1)
    got, _, _ = ask(first, second)
    assert text(got) == "first speaks"
    assert second.asked == []


def test_thoughts_and_blanks_are_no_words() -> None:
    thinker = model("thinker", first_ms=10, timeout_ms=200, tokens=["\0Let me", "\0 see", " ", "\n"], token_ms=300)
    got, first_at, _ = ask(thinker, model("quick", first_ms=100))
    assert (text(got), first_at) == ("quick speaks", 300)


def test_what_came_before_the_first_word_is_not_lost() -> None:
    thinker = model("thinker", first_ms=10, timeout_ms=500, tokens=["\0Hm", " ", "Hello"])
    got, _, _ = ask(thinker, model("quick", first_ms=100))
    assert got == [ReasoningDelta("Hm"), TextDelta(" "), TextDelta("Hello")]


def test_each_of_three_is_given_its_time() -> None:
    models = [
        model("a", first_ms=5000, timeout_ms=200),
        model("b", first_ms=5000, timeout_ms=300),
        model("c", first_ms=5),
    ]
    got, first_at, _ = ask(*models)
    assert (text(got), first_at) == ("c speaks", 505)


def test_one_that_fails_in_the_race_is_told_of_and_the_next_is_asked_at_once() -> None:
    dead = model("dead", first_ms=100, timeout_ms=200, dies_at=0)
    got, first_at, chain = ask(dead, model("next", first_ms=50))
    assert isinstance(got[0], ProviderFailure)
    assert (got[0].error.provider, got[0].fallback) == ("dead", "next")
    assert (text(got), first_at) == ("next speaks", 150)
    assert chain.states(0)[0][2] is not None


def test_all_fail() -> None:
    dead = [model(name, first_ms=300, timeout_ms=200, dies_at=0) for name in ("a", "b")]
    with pytest.raises(AllProvidersFailed):
        ask(*dead)


def test_a_winner_that_breaks_off_is_not_replaced() -> None:
    breaks = model("breaks", first_ms=10, timeout_ms=200, dies_at=1)
    with pytest.raises(ProviderError, match="the connection was cut"):
        ask(breaks, model("next", first_ms=1))


def test_the_demo_mind_never_races() -> None:
    slow, demo = model("slow", first_ms=3000, timeout_ms=200), model("demo", first_ms=1)
    demo.stands_in = DemoLLM.stands_in  # type: ignore[attr-defined]
    got, _, _ = ask(slow, demo)
    assert text(got) == "slow speaks"
    assert demo.asked == []


def test_the_demo_mind_stands_in_when_all_others_fail() -> None:
    dead, demo = model("dead", first_ms=900, timeout_ms=200, dies_at=0), model("demo", first_ms=1)
    demo.stands_in = DemoLLM.stands_in  # type: ignore[attr-defined]
    got, first_at, _ = ask(dead, demo)
    assert (text(got), first_at) == ("demo speaks", 901)


@pytest.mark.parametrize("after_ms", [1, 150, 250, 350])
def test_a_reader_that_goes_away_closes_everybody(after_ms: float) -> None:
    models = [
        model("a", first_ms=5000, timeout_ms=200),
        model("b", first_ms=5000, timeout_ms=100),
        model("c", first_ms=5000),
    ]

    async def main() -> None:
        async def read() -> None:
            async with aclosing(FallbackLLM(models).stream(ASK)) as deltas:
                async for _ in deltas:
                    raise AssertionError("too early")

        async with asyncio.TaskGroup() as group:
            task = group.create_task(read())
            await asyncio.sleep(after_ms / 1000)
            assert sum(one.running for one in models) >= 1
            task.cancel()
        assert [one.running for one in models] == [0, 0, 0]

    run_virtual(main())


def test_a_reader_that_has_enough_closes_the_winner() -> None:
    got, _, _ = ask(model("slow", first_ms=900, timeout_ms=100), model("quick", first_ms=10), stop_after=1)
    assert text(got) == "quick"


class _Stuck(ScriptedLLM):
    """Does not hang up at once when it is told to."""

    async def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]:
        try:
            async for delta in super().stream(messages):
                yield delta
        finally:
            await asyncio.sleep(0.05)


def test_the_loser_is_gone_before_the_winner_is_heard() -> None:
    slow = _Stuck(["late"], first_ms=9000)
    slow.config = SimpleNamespace(first_response_timeout=100)  # type: ignore[attr-defined]
    got, first_at, _ = ask(slow, model("quick", first_ms=100))
    assert (text(got), slow.running) == ("quick speaks", 0)
    assert first_at == 250


def test_a_model_that_never_answers_is_left_alone_after_three_lost_races() -> None:
    dead, quick = model("dead", first_ms=60_000, timeout_ms=200), model("quick", first_ms=100)

    async def main() -> list[float]:
        chain, took = FallbackLLM([dead, quick]), []
        for _ in range(5):
            began = loop_ms()
            async with aclosing(chain.stream(ASK)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, TextDelta):
                        took.append(round(loop_ms() - began))
                        break
        return took

    assert run_virtual(main()) == [300, 300, 300, 100, 100]


def test_of_two_that_answer_at_the_same_moment_the_first_choice_is_heard_and_the_other_let_go() -> None:
    async def main() -> None:
        first, second = model("first", first_ms=300, timeout_ms=100), model("second", first_ms=200)
        chain = FallbackLLM([first, second])
        trial = chain._chain.links[1].breaker
        trial.trip(ProviderError("llm", "second", Category.UNAVAILABLE, "down"), loop_ms())
        await asyncio.sleep(1.1)
        async with aclosing(chain.stream(ASK)) as deltas:
            assert await anext(deltas) == TextDelta("first")
            assert (first.running, second.running) == (1, 0)
        assert trial.allow(loop_ms())

    run_virtual(main())


@pytest.mark.parametrize("timeout_ms", [None, 100])
def test_a_reader_that_leaves_at_a_failure_leaves_nothing_behind(timeout_ms: float | None) -> None:
    async def main() -> None:
        dead, spare = model("dead", first_ms=1, timeout_ms=timeout_ms, dies_at=0), model("spare", first_ms=1)
        chain = FallbackLLM([dead, spare])
        trial = chain._chain.links[1].breaker
        trial.trip(ProviderError("llm", "spare", Category.UNAVAILABLE, "down"), loop_ms())
        await asyncio.sleep(1.1)
        async with aclosing(chain.stream(ASK)) as deltas:
            assert isinstance(await anext(deltas), ProviderFailure)
        assert spare.running == 0
        assert trial.allow(loop_ms())

    run_virtual(main())


def test_no_patience_at_all_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[object] = []
    wait = asyncio.wait

    async def counted(*args: Any, **options: Any) -> Any:
        waits.append(args)
        return await wait(*args, **options)

    monkeypatch.setattr(asyncio, "wait", counted)
    got, _, _ = ask(model("alone", first_ms=500, timeout_ms=0))
    assert text(got) == "alone speaks"
    assert len(waits) < 5
