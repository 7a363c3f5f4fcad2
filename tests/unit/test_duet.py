"""Two models, one reply: who is first, who is told what, and that whoever leaves at whatever moment leaves nothing behind."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaks import nothing_leaks
from virtual import run_virtual

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.agents.joiner import Joiner
from hayakuchi.core.character import Character
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import (
    Finish,
    FinishReason,
    Generation,
    Image,
    LLMDelta,
    Message,
    Opener,
    ProviderFailure,
    ReasoningDelta,
    TextDelta,
    Usage,
    UserInput,
)
from hayakuchi.llm.fallback import FallbackLLM

KIYO = Character.model_validate({"name": "Kiyo", "persona": "You like noodles.", "language": "en"})
GONE = ProviderError("llm", "scripted", Category.CONNECTIVITY, "gone")
FOREVER = 1e9
Step = LLMDelta | Exception | str | float
"""Of a script: a delta, text, an error to raise, or milliseconds to wait."""


class Model:
    """Answers each request with the next script, the last one for ever."""

    deadlines = Deadlines(4.0, 5.0)

    def __init__(self, *scripts: Sequence[Step], name: str = "scripted", closing_ms: float = 0) -> None:
        self.name: Any = name
        self.closing_ms = closing_ms
        self.scripts = scripts
        self.asked: list[Sequence[Message]] = []
        self.options: list[Generation | None] = []
        self.asked_at: list[float] = []
        self.running = 0

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "scripted"

    async def aclose(self) -> None: ...

    async def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]:
        script = self.scripts[min(len(self.asked), len(self.scripts) - 1)]
        self.asked.append(messages)
        self.options.append(options)
        self.asked_at.append(loop_ms())
        self.running += 1
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float | int):
                    await asyncio.sleep(step / 1000)
                else:
                    yield TextDelta(step) if isinstance(step, str) else step
        finally:
            if self.closing_ms:
                await asyncio.sleep(self.closing_ms / 1000)
            self.running -= 1


def mind(large: Any, quick: Any, character: Character = KIYO, **config: object) -> BasicMemoryAgent:
    return BasicMemoryAgent(BasicMemoryConfig.model_validate(config), large, character, quick)


Told = list[tuple[float, LLMDelta]]


async def listen(agent: BasicMemoryAgent, heard: UserInput | None = None, told: Told | None = None) -> Told:
    """What the agent told, and when; ``told`` has it even when reading it raises."""
    told = [] if told is None else told
    async with aclosing(agent.reply(heard or UserInput("My cat ran away"), [])) as deltas:
        async for delta in deltas:
            told.append((round(loop_ms(), 6), delta))
    return told


def said(told: Told) -> str:
    return "".join(delta.text for _, delta in told if isinstance(delta, TextDelta | Opener))


def heard_from(large: Model, quick: Model, character: Character = KIYO, **config: object) -> Told:
    told = run_virtual(listen(mind(large, quick, character, **config)))
    assert large.running == quick.running == 0
    return told


def test_the_opener_comes_first_and_the_large_model_is_told_what_was_said() -> None:
    large = Model([300, "Poor", " cat!"], [200, "That", "'s awful", ". Poor cat!", Usage(9, 5)])
    quick = Model([100, "Oh", " no", ", that", FOREVER])
    told = heard_from(large, quick)
    assert told == [
        (100, Opener("Oh no,")),
        (300, TextDelta(" that's awful")),
        (300, TextDelta(". Poor cat!")),
        (300, Usage(9, 5)),
    ]
    assert quick.asked_at == [0]
    assert large.asked_at == [0, 100]
    first, second = large.asked
    assert "already" not in first[-1].content
    assert second[-1].content.startswith(first[-1].content)
    assert '"Oh no,"' in second[-1].content[len(first[-1].content) :]
    assert second[:-1] == first[:-1]


def test_the_small_model_hears_who_it_is_and_what_was_said_and_little_else() -> None:
    quick = Model(["Oh,"])
    large = Model([5, "No."])
    long = Character.model_validate({"name": "Mei", "persona": "You sing. " + "And dance. " * 100, "language": "zh"})
    run_virtual(listen(mind(large, quick, long), UserInput("Hi", "Mika")))
    system, user = quick.asked[0]
    assert (system.role, user) == ("system", Message("user", '"Mika" says: Hi'))
    assert system.content.startswith('You are "Mei".\n\nYou sing. And dance.')
    assert "Chinese" in system.content
    assert "嗯，" in system.content
    assert "one to three words" in system.content
    assert len(system.content) < 1000


@pytest.mark.parametrize(
    ("language", "opener", "reply", "expected"),
    [
        ("en", ["Oh", " no", "."], ["Oh", " no", "! ", "That", "'s", " sad", "."], "Oh no, that's sad."),
        ("en", ["Wow!"], ["[joy]", " Wow", "!", " Great."], "Wow! [joy] Great."),
        ("zh", ["嗯", "。"], ["嗯", "，", "我", "在", "。"], "嗯，我在。"),
        ("zh", ["哇", "！"], [" ", "好", "棒", "。"], "哇！好棒。"),
        ("ja", ["えっ", "と", "…"], ["えーっと", "、", "そう", "。"], "えっと、そう。"),
        ("ko", ["아", ","], ["아", "!", " 그렇", "군요."], "아, 그렇군요."),
        ("ko", ["와", "!"], ["정말", " 좋아요."], "와! 정말 좋아요."),
        ("de", ["Oh nein", ","], ["Das", " ist", " arg."], "Oh nein, Das ist arg."),
    ],
)
def test_the_two_join_without_a_seam(language: str, opener: list[str], reply: list[str], expected: str) -> None:
    character = Character.model_validate({"name": "K", "language": language})
    told = heard_from(Model([FOREVER], [10, *reply]), Model([10, *opener]), character)
    assert said(told) == expected


def test_a_small_model_that_is_slower_is_never_heard() -> None:
    large = Model([100, "Poor", 50, " cat!", 100])
    quick = Model([90, "Oh", 20, " no,"])
    assert heard_from(large, quick) == [(100, TextDelta("Poor")), (150, TextDelta(" cat!"))]
    assert large.asked_at == [0]


def test_an_answer_begins_with_its_first_word_not_with_a_tag_or_a_thought() -> None:
    begun = [50, ReasoningDelta("hm"), "  [sad]", "<think>", "Poor cat?", "</think>", "\n"]
    assert heard_from(Model([*begun, 100, "Poor"], [30, "it is."]), Model([100, "Oh,"])) == [
        (50, ReasoningDelta("hm")),
        (100, Opener("Oh,")),
        (130, TextDelta(" it is.")),
    ]
    alone = heard_from(Model([*begun, 20, "Poor", " cat"]), Model([100, "Oh,"]))
    assert alone == [
        (50, ReasoningDelta("hm")),
        (70, TextDelta("  [sad]<think>Poor cat?</think>\nPoor")),
        (70, TextDelta(" cat")),
    ]


@pytest.mark.parametrize("answer", [["[joy]"], [" \n"], []])
def test_an_answer_without_words_is_an_answer(answer: list[str]) -> None:
    assert said(heard_from(Model([10, *answer]), Model([100, "Oh,"]))) == "".join(answer)


@pytest.mark.parametrize(
    "quick",
    [
        [50, GONE],
        [50, RuntimeError("a bug")],
        [50],
        [50, "What?"],
        [50, "As an AI, I cannot"],
        [50, ReasoningDelta("hm"), FOREVER],
        [50, "Oh", FOREVER],
        [FOREVER],
    ],
    ids=str,
)
def test_a_small_model_that_is_no_use_costs_nothing(quick: list[Step]) -> None:
    told = heard_from(Model([400, "Poor", " cat!"]), Model(quick), quick_timeout_ms=200)
    assert [item for item in told if isinstance(item[1], TextDelta)] == [
        (400, TextDelta("Poor")),
        (400, TextDelta(" cat!")),
    ]
    assert not any(isinstance(delta, Opener) for _, delta in told)


@pytest.mark.parametrize(
    ("quick", "at", "provider", "category"),
    [
        ([50, GONE], 50, "scripted", Category.CONNECTIVITY),
        ([50, RuntimeError("a bug")], 50, "quick_llm", Category.CRASHED),
        ([FOREVER], 200, "quick_llm", Category.TIMEOUT),
        ([50, "Oh", FOREVER], 200, "quick_llm", Category.TIMEOUT),
        ([150, "Oh", 40, "!", FOREVER], None, "", ""),
    ],
    ids=str,
)
def test_its_failure_is_told(quick: list[Step], at: float | None, provider: str, category: str) -> None:
    told = heard_from(Model([400, "Poor"], [400, "It"]), Model(quick), quick_timeout_ms=200)
    failures = [(at, delta.error, delta.fallback) for at, delta in told if isinstance(delta, ProviderFailure)]
    if at is None:
        assert failures == []
        return
    ((when, error, fallback),) = failures
    assert (when, error.provider, error.category, fallback) == (at, provider, category, None)


def test_chains_tell_of_their_models_themselves_and_only_once() -> None:
    large = FallbackLLM([Model([10, GONE], name="a"), Model([200, "Poor cat"], [50, "it is"], name="b")])
    broken = FallbackLLM([Model([20, GONE], name="c"), Model([30, GONE], name="d")])
    failed = run_virtual(listen(mind(large, broken)))
    assert [(at, delta.fallback) for at, delta in failed if isinstance(delta, ProviderFailure)] == [
        (10, "b"),
        (20, "d"),
        (50, None),
    ]
    assert said(failed) == "Poor cat"
    mended = FallbackLLM([Model([20, GONE], name="c"), Model([30, "Oh,"], name="d")])
    assert said(run_virtual(listen(mind(large, mended)))) == "Oh, it is"


@pytest.mark.parametrize(("closing_ms", "asked_again_at"), [(0, 10), (20, 30), (5000, 210)])
def test_the_first_request_has_a_moment_to_close(closing_ms: float, asked_again_at: float) -> None:
    large = Model([FOREVER], [10, "it is."], closing_ms=closing_ms)
    told: Told = []
    run_virtual(listen(mind(large, Model([10, "Oh,"])), told=told))
    assert said(told) == "Oh, it is."
    assert large.asked_at == pytest.approx([0, asked_again_at])


def test_a_model_that_is_tried_again_after_a_failure_may_be_asked_twice() -> None:
    """Its breaker lets one request through at a time: the first one must be over before the second one is made."""
    missing = ProviderError("llm", "a", Category.NOT_FOUND, "no such model")
    chain = FallbackLLM([Model([missing], [FOREVER], ["it is."], name="a", closing_ms=20)])

    async def twice() -> str:
        with pytest.raises(AllProvidersFailed):
            await listen(mind(chain, None))
        await asyncio.sleep(60)
        return said(await listen(mind(chain, Model([10, "Oh,"]))))

    assert run_virtual(twice()) == "Oh, it is."


@pytest.mark.parametrize("error", [GONE, RuntimeError("a bug")], ids=str)
def test_errors_of_the_large_model_pass_and_what_was_said_stays(error: Exception) -> None:
    for script, expected in (([100, error], ""), ([100, "Poor", error], "Poor")):
        told: Told = []
        large, quick = Model(script), Model([FOREVER])
        with pytest.raises(type(error)) as caught:
            run_virtual(listen(mind(large, quick), told=told))
        assert caught.value is error
        assert said(told) == expected
        assert large.running == quick.running == 0
    for script, expected in (([100, error], "Oh,"), ([100, "That", error], "Oh, that")):
        told = []
        with pytest.raises(type(error)):
            run_virtual(listen(mind(Model([FOREVER], script), Model([10, "Oh,"])), told=told))
        assert said(told) == expected


def test_a_chain_of_large_models_that_all_fail() -> None:
    told: Told = []
    with pytest.raises(AllProvidersFailed):
        run_virtual(listen(mind(FallbackLLM([Model([50, GONE])]), Model([FOREVER])), told=told))
    assert said(told) == ""


@pytest.mark.parametrize(
    ("heard", "character", "config"),
    [
        (UserInput("Hi", disable_quick_response=True), {}, {}),
        (UserInput("Hi", whole_reply=True), {}, {}),
        (UserInput("Hi"), {"quick_reply": False}, {}),
        (UserInput("Hi"), {}, {"enable_streaming": False}),
        (UserInput("Hi", images=(Image("data:image/png;base64,AA"),)), {}, {}),
        (UserInput("Hi", generation=Generation(tools=({"type": "function"},))), {}, {}),
        (UserInput("Hi", generation=Generation(response_format={"type": "json_object"})), {}, {}),
        (UserInput(""), {}, {}),
    ],
    ids=["request", "whole reply", "character", "agent", "pictures", "tools", "form", "nothing heard"],
)
def test_when_the_small_model_is_not_asked(heard: UserInput, character: Any, config: Any) -> None:
    large, quick = Model([100, "Hello", "."]), Model([10, "Oh,"])
    agent = mind(large, quick, Character.model_validate({"name": "K", **character}), **config)
    assert not agent.asks_quick(heard)
    assert run_virtual(listen(agent, heard)) == [(100, TextDelta("Hello")), (100, TextDelta("."))]
    assert quick.asked == []


def test_it_is_asked_otherwise() -> None:
    assert mind(Model([]), Model([])).asks_quick(UserInput("Hi"))
    assert mind(Model([]), Model([])).asks_quick(UserInput("Hi", generation=Generation(max_tokens=9)))
    assert not BasicMemoryAgent(BasicMemoryConfig(), Model([]), KIYO).asks_quick(UserInput("Hi"))


def test_options_are_for_the_large_model_and_its_end_comes_last() -> None:
    end = Finish(FinishReason.LENGTH)
    large, quick = Model([300, "Poor"], [200, "That", end, Usage(9, 5)]), Model([100, "Oh no,"])
    options = Generation(max_tokens=9)
    told = run_virtual(listen(mind(large, quick), UserInput("Hi", generation=options)))
    assert [delta for _, delta in told] == [Opener("Oh no,"), TextDelta(" that"), end, Usage(9, 5)]
    assert large.options == [options, options]
    assert quick.options == [None]


def test_an_end_without_a_word_ends_the_wait_for_the_small_model() -> None:
    end = Finish(FinishReason.CONTENT_FILTER)
    told = heard_from(Model([100, " ", end, 100]), Model([150, "Oh no,"]))
    assert told == [(100, TextDelta(" ")), (100, end)]


SLOW = ([50, "Poor", 50, " cat", 50, "!"], [50, "That", 50, "'s", 50, " it."])
RACES: dict[str, Callable[[], tuple[Model, Model]]] = {
    "opener": lambda: (Model([FOREVER], SLOW[1]), Model([30, "Oh", 10, " no,", FOREVER])),
    "no opener": lambda: (Model(SLOW[0]), Model([FOREVER])),
    "failing": lambda: (Model(SLOW[0]), Model([30, GONE])),
    "both hang": lambda: (Model([FOREVER]), Model([FOREVER])),
}


@pytest.mark.parametrize("race", RACES)
@pytest.mark.parametrize("at", [0, 1, 29, 30, 39, 40, 41, 50, 60, 90, 100, 140, 150, 1499, 1500])
def test_cancelling_at_any_moment_ends_both_models_at_once(race: str, at: float) -> None:
    large, quick = RACES[race]()

    async def leave() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(listen(mind(large, quick)))
            await asyncio.sleep(at / 1000)
            ran_out = task.done()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or ran_out
            assert loop_ms() == at
            assert large.running == quick.running == 0

    run_virtual(leave())


@pytest.mark.parametrize("race", ["opener", "no opener", "failing"])
@pytest.mark.parametrize("count", range(5))
def test_leaving_after_any_delta_ends_both_models_at_once(race: str, count: int) -> None:
    large, quick = RACES[race]()

    async def leave() -> None:
        async with nothing_leaks():
            reply = mind(large, quick).reply(UserInput("Hi"), [])
            for _ in range(count):
                await anext(reply, None)
            at = loop_ms()
            await reply.aclose()
            assert loop_ms() == at
            assert large.running == quick.running == 0

    run_virtual(leave())


@pytest.mark.parametrize("count", range(4))
def test_a_reply_that_is_dropped_is_closed_by_the_loop(count: int) -> None:
    large, quick = RACES["opener"]()

    async def drop() -> None:
        reply: AsyncGenerator[LLMDelta, None] | None = mind(large, quick).reply(UserInput("Hi"), [])
        for _ in range(count):
            await anext(reply)
        del reply
        await asyncio.sleep(0.001)
        assert large.running == quick.running == 0

    run_virtual(drop())


def test_a_reader_that_waits_is_not_cancelled_by_a_model_that_breaks() -> None:
    """A TaskGroup would cancel the task that entered it, wherever that task waits: here, far from the reply."""
    large = Model(["Poor", 50, RuntimeError("a bug")])

    async def read() -> None:
        reply = mind(large, Model([FOREVER])).reply(UserInput("Hi"), [])
        assert await anext(reply) == TextDelta("Poor")
        await asyncio.sleep(10)
        with pytest.raises(RuntimeError):
            await anext(reply)

    run_virtual(read())


def test_a_slow_reader_makes_the_models_wait_and_loses_nothing() -> None:
    large = Model([FOREVER], [str(number) for number in range(100)])

    async def read() -> str:
        text = ""
        async with aclosing(mind(large, Model(["Oh,"])).reply(UserInput("Hi"), [])) as reply:
            async for delta in reply:
                await asyncio.sleep(0.05)
                assert isinstance(delta, Opener | TextDelta)
                text += delta.text
        return text

    assert run_virtual(read()) == "Oh, " + "".join(map(str, range(100)))


def test_one_agent_serves_two_replies_at_a_time() -> None:
    agent = mind(Model([FOREVER], [FOREVER], [20, "one."], [20, "two."]), Model([10, "Oh,"], [10, "Ah,"]))

    async def both() -> list[str]:
        return sorted(map(said, await asyncio.gather(listen(agent), listen(agent))))

    assert run_virtual(both()) == ["Ah, two.", "Oh, one."]


TOKENS = st.sampled_from(
    ["Oh", " no", ",", "! ", "That", "'s ", "[joy]", "<think>", "</think>", " ", "well.", "嗯，", "我"]
)
SCRIPTS = st.lists(TOKENS | st.integers(0, 60), max_size=8)


@settings(deadline=None)
@given(SCRIPTS, SCRIPTS, SCRIPTS, st.integers(0, 200))
def test_whatever_the_race_the_reply_is_one_answer_and_leaving_is_always_safe(
    first: list[Step], second: list[Step], words: list[Step], stop_ms: int
) -> None:
    large, quick = Model(first, second), Model(words)
    told = heard_from(large, quick)
    openers = [index for index, (_, delta) in enumerate(told) if isinstance(delta, Opener)]
    answer = "".join(step for step in (second if openers else first) if isinstance(step, str))
    if openers:
        (delta,) = (delta for _, delta in told if isinstance(delta, Opener))
        joiner = Joiner(delta.text)
        assert openers == [0]
        assert said(told) == delta.text + joiner.feed(answer) + joiner.flush()
    else:
        assert said(told) == answer
    assert large.asked_at[0] == quick.asked_at[0] == 0
    assert len(large.asked) == 1 + len(openers)

    large, quick = Model(first, second), Model(words)

    async def stop() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(stop_ms / 1000):
                await listen(mind(large, quick))
        assert large.running == quick.running == 0

    run_virtual(stop())
