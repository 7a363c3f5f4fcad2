"""A chain of models in virtual time: who is asked and what the reader sees."""

import pytest
from scripted_llm import GOOD, FakeLLM, Step, error, read, shown
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.types import LLMDelta, ReasoningDelta, TextDelta, Usage
from hayakuchi.llm.fallback import FallbackLLM


def test_a_chain_needs_a_provider() -> None:
    with pytest.raises(ValueError, match="at least one"):
        FallbackLLM([])


def test_the_first_choice_answers_and_the_others_are_not_asked() -> None:
    first, second = FakeLLM("a", *GOOD), FakeLLM("b", *GOOD)
    assert run_virtual(read(FallbackLLM([first, second]))) == list(GOOD)
    assert (first.asked, second.asked, second.opened) == (1, 0, 0)


@pytest.mark.parametrize("before", [(), (ReasoningDelta("hm"),), (TextDelta(" \n"), TextDelta("")), (Usage(1, 0),)])
def test_a_failure_before_useful_text_is_told_and_the_next_one_answers(before: tuple[LLMDelta, ...]) -> None:
    chain = FallbackLLM([FakeLLM("a", *before, error()), FakeLLM("b", *GOOD)])
    got = run_virtual(read(chain))
    assert got[: len(before)] == list(before)
    assert shown(got[len(before) :]) == ["!unavailable>b", "Hello ", "there.", "Usage"]


def test_a_failure_after_useful_text_is_the_readers() -> None:
    chain = FallbackLLM([FakeLLM("a", TextDelta("Half a"), error()), FakeLLM("b", *GOOD)])

    async def main() -> list[str]:
        got: list[LLMDelta] = []
        with pytest.raises(ProviderError, match="unavailable"):
            await read(chain, got)
        assert chain.states(loop_ms())[0][2] is not None
        return shown(got)

    assert run_virtual(main()) == ["Half a"]


def test_an_empty_answer_is_an_answer() -> None:
    second = FakeLLM("b", *GOOD)
    chain = FallbackLLM([FakeLLM("a", ReasoningDelta("nothing to say")), second])
    assert shown(run_virtual(read(chain))) == ["ReasoningDelta"]
    assert second.asked == 0


def test_all_failed_names_every_error() -> None:
    chain = FallbackLLM([FakeLLM("a", error()), FakeLLM("b", error(Category.AUTH))])

    async def main() -> None:
        got: list[LLMDelta] = []
        with pytest.raises(AllProvidersFailed) as caught:
            await read(chain, got)
        assert [attempt.category for attempt in caught.value.attempts] == ["unavailable", "auth"]
        assert caught.value.code == "llm.all_failed"
        assert shown(got) == ["!unavailable>b", "!auth>None"]

    run_virtual(main())


@pytest.mark.parametrize(
    ("script", "at_ms"),
    [
        ((60.0, TextDelta("late")), 4000),
        ((ReasoningDelta("hm"), 60.0, TextDelta("late")), 5000),
        ((3.9, ReasoningDelta("hm"), 4.9, ReasoningDelta("hm"), 60.0), 3900 + 4900 + 5000),
    ],
)
def test_a_hanging_model_is_left_at_its_own_deadline(script: tuple[Step, ...], at_ms: float) -> None:
    hanging = FakeLLM("a", *script)
    chain = FallbackLLM([hanging, FakeLLM("b", *GOOD)])

    async def main() -> tuple[list[str], float]:
        return shown(await read(chain)), loop_ms()

    got, ended = run_virtual(main())
    assert got[-4:] == ["!timeout>b", "Hello ", "there.", "Usage"]
    assert ended == pytest.approx(at_ms)
    assert hanging.closed == 1


def test_reasoning_keeps_a_model_alive() -> None:
    thinking = [step for _ in range(10) for step in (3.0, ReasoningDelta("hm"))]
    chain = FallbackLLM([FakeLLM("a", *thinking, TextDelta("42")), FakeLLM("b", *GOOD)])
    assert shown(run_virtual(read(chain)))[-1] == "42"
