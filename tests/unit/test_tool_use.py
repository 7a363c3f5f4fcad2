"""The loop round a model that calls tools: what passes, what is told, what goes back, and that it always ends."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from scripted_llm import error
from tool_rig import CALLS, STOP, Doer, TalkingLLM, call, failing
from virtual import run_virtual

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.character import Character
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.tool_use import ToolStatus, ToolUse
from hayakuchi.core.types import (
    Finish,
    Generation,
    LLMDelta,
    Message,
    Opener,
    ProviderFailure,
    TextDelta,
    ToolCall,
    Usage,
    UserInput,
)
from hayakuchi.llm.fallback import FallbackLLM

KIYO = Character.model_validate({"name": "Kiyo"})
SUNNY = [TextDelta("It is sunny."), STOP]


def mind(llm: Any, doer: Doer, quick: Any = None, **config: object) -> BasicMemoryAgent:
    return BasicMemoryAgent(BasicMemoryConfig.model_validate(config), llm, KIYO, quick, tools=doer)


def reply(agent: BasicMemoryAgent, **options: Any) -> list[LLMDelta]:
    async def read() -> list[LLMDelta]:
        return [delta async for delta in agent.reply(UserInput("How is the weather?", **options), [])]

    return run_virtual(read())


def shown(deltas: Sequence[LLMDelta]) -> list[str]:
    return [
        f"{delta.name} {delta.status}: {delta.content}"
        if isinstance(delta, ToolUse)
        else repr(delta.text)
        if isinstance(delta, TextDelta | Opener)
        else type(delta).__name__
        for delta in deltas
    ]


def test_words_pass_the_call_is_made_and_the_model_goes_on_with_its_result():
    llm = TalkingLLM([TextDelta("Let me look."), call("a", "weather", '{"city": "Kyoto"}'), CALLS, Usage(3, 4)], SUNNY)
    doer = Doer({"weather": "23 degrees"})
    got = reply(mind(llm, doer))
    assert shown(got) == [
        "'Let me look.'",
        "Usage",
        "'\\n'",
        'weather running: {"city": "Kyoto"}',
        "weather completed: 23 degrees",
        "'It is sunny.'",
        "Finish",
    ]
    assert doer.called == [("weather", {"city": "Kyoto"})]
    assert llm.offered == [["weather"], ["weather"]]
    assert llm.heard[1] == [
        *llm.heard[0],
        Message("assistant", "Let me look.", tool_calls=(ToolCall("a", "weather", '{"city": "Kyoto"}'),)),
        Message("tool", "23 degrees", tool_call_id="a"),
    ]
    assert llm.closed == 2


def test_a_character_without_tools_offers_none_and_calls_none():
    llm = TalkingLLM([TextDelta("Hm."), call("a", "weather"), CALLS])
    agent = BasicMemoryAgent(BasicMemoryConfig(), llm, KIYO)
    assert shown(reply(agent)) == ["'Hm.'", "ToolCallDelta", "Finish"]
    assert llm.options == [None]
    assert shown(reply(mind(llm, Doer({})))) == ["'Hm.'", "ToolCallDelta", "Finish"], "nothing is there yet"


def test_tools_of_the_request_are_the_callers_own():
    own = {"type": "function", "function": {"name": "sing", "parameters": {}}}
    llm, doer = TalkingLLM([call("a", "sing"), CALLS]), Doer({"weather": "23 degrees"})
    got = reply(mind(llm, doer), generation=Generation(tools=(own,)))
    assert shown(got) == ["ToolCallDelta", "Finish"]
    assert llm.offered == [["sing"]]
    assert doer.called == []


@pytest.mark.parametrize("wants", [{"tool_choice": "none"}, {"response_format": {"type": "json_object"}}])
def test_whoever_wants_none_or_a_form_gets_no_calls(wants: dict[str, Any]):
    llm, doer = TalkingLLM(SUNNY), Doer({"weather": "23"})
    assert shown(reply(mind(llm, doer), generation=Generation(**wants))) == ["'It is sunny.'", "Finish"]
    assert llm.offered == [[]]
    assert "tools" not in llm.heard[0][0].content


def test_what_else_a_caller_chose_holds_for_every_request():
    llm = TalkingLLM([call("a", "weather"), CALLS], SUNNY)
    reply(mind(llm, Doer({"weather": "23"})), generation=Generation(temperature=0.5))
    assert [options.temperature for options in llm.options if options] == [0.5, 0.5]


def test_calls_of_one_answer_are_made_at_the_same_time_and_told_before():
    llm = TalkingLLM([call("a", "slow"), call("b", "quick", index=1), CALLS], SUNNY)
    doer = Doer({"slow": 2.0, "quick": 1.0})
    began = 0.0

    async def read() -> list[str]:
        nonlocal began
        began = loop_ms()
        got = [delta async for delta in mind(llm, doer).reply(UserInput("?"), [])]
        began = loop_ms() - began
        return shown(got)

    assert run_virtual(read())[:4] == [
        "slow running: {}",
        "quick running: {}",
        "quick completed: quick is done",
        "slow completed: slow is done",
    ]
    assert began == pytest.approx(2000)
    answers = [(message.tool_call_id, message.content) for message in llm.heard[1] if message.role == "tool"]
    assert answers == [("a", "slow is done"), ("b", "quick is done")], "in the order of the calls"


def test_a_tool_that_fails_is_told_to_the_model_and_the_turn_goes_on():
    llm = TalkingLLM([call("a", "weather"), CALLS], SUNNY)
    got = reply(mind(llm, Doer({"weather": failing()})))
    assert shown(got)[1:] == ["weather error: no such city", "'It is sunny.'", "Finish"]
    assert llm.heard[1][-1] == Message("tool", "error: no such city", tool_call_id="a")


def test_a_tool_that_breaks_is_one_that_fails(caplog: pytest.LogCaptureFixture):
    llm = TalkingLLM([call("a", "weather"), call("b", "time", index=1), CALLS], SUNNY)
    got = reply(mind(llm, Doer({"weather": ZeroDivisionError("x"), "time": "noon"})))
    assert "weather error: the tool broke" in shown(got)
    assert "time completed: noon" in shown(got)
    assert "ZeroDivisionError" in caplog.text


def test_a_hanging_tool_ends_at_its_deadline():
    llm, doer = TalkingLLM([call("a", "weather"), CALLS], SUNNY), Doer({"weather": 1e9}, timeout_s=3)
    assert shown(reply(mind(llm, doer)))[1:] == ["weather error: no result within 3 s", "'It is sunny.'", "Finish"]
    assert doer.running == 0


def test_a_timeout_of_the_tools_own_is_not_taken_for_its_deadline():
    llm = TalkingLLM([call("a", "weather"), CALLS], SUNNY)
    assert shown(reply(mind(llm, Doer({"weather": TimeoutError()}))))[1] == "weather error: the tool broke"


@pytest.mark.parametrize("arguments", ["{", "[1]", '"Kyoto"', "12", "null", "[" * 100_000])
def test_arguments_that_are_no_object_are_told_to_the_model(arguments: str):
    llm, doer = TalkingLLM([call("a", "weather", arguments), CALLS], SUNNY), Doer({"weather": "23"})
    told = shown(reply(mind(llm, doer)))[1]
    assert told.startswith("weather error: the arguments are no JSON")
    assert doer.called == []
    assert llm.heard[1][-2].tool_calls[0].arguments == "{}", "servers refuse a conversation with anything else"
    assert repr(arguments[:200]) in llm.heard[1][-1].content, "the model is shown what it wrote"


@pytest.mark.parametrize("arguments", ["", "  ", "{}"])
def test_no_arguments_are_an_empty_object(arguments: str):
    doer = Doer({"weather": "23"})
    reply(mind(TalkingLLM([call("a", "weather", arguments), CALLS], SUNNY), doer))
    assert doer.called == [("weather", {})]


def test_an_unknown_tool_is_told_with_those_that_are_there():
    llm = TalkingLLM([call("a", "wether"), CALLS], SUNNY)
    told = shown(reply(mind(llm, Doer({"weather": "23", "time": "noon"}))))[1]
    assert told == "wether error: there is no tool 'wether'; there are: weather, time"


def test_after_its_rounds_the_model_is_to_answer_and_what_it_still_calls_is_not_called():
    llm, doer = TalkingLLM([TextDelta("Hm. "), call("a", "weather"), CALLS]), Doer({"weather": "23"})
    got = reply(mind(llm, doer, max_tool_rounds=3))
    assert llm.offered == [["weather"]] * 4, "some servers take no results of tools that they are not offered"
    assert [options.tool_choice for options in llm.options if options] == [None, None, None, "none"]
    assert len(doer.called) == 3
    assert not any(isinstance(delta, Finish) for delta in got)
    assert "".join(delta.text for delta in got if isinstance(delta, TextDelta)) == "Hm. " * 4
    ids = [delta.id for delta in got if isinstance(delta, ToolUse) and delta.status is ToolStatus.RUNNING]
    assert ids == ["a", "a_2", "a_3"], "each call has a name of its own"


def test_so_many_calls_at_once_are_refused_beyond_a_bound():
    many = [call(f"c{n}", "weather", index=n) for n in range(20)]
    llm, doer = TalkingLLM([*many, CALLS], SUNNY), Doer({"weather": "23"})
    got = shown(reply(mind(llm, doer)))
    assert len(doer.called) == doer.most_running == 8
    assert sum("too many calls at once" in line for line in got) == 2
    assert sum(message.role == "tool" for message in llm.heard[1]) == 10
    assert len(llm.heard[1][-11].tool_calls) == 10
    assert "(10 more calls" in llm.heard[1][-1].content


@pytest.mark.parametrize(("result", "told"), [("x" * 101, "(1 more characters"), (" ", "(no result)"), ("\ud800", "?")])
def test_results_are_bounded_and_never_empty(result: str, told: str):
    llm = TalkingLLM([call("a", "weather"), CALLS], SUNNY)
    reply(mind(llm, Doer({"weather": result}), max_tool_result_chars=100))
    assert told in llm.heard[1][-1].content
    assert len(llm.heard[1][-1].content) < 200


def test_tokens_of_all_requests_are_counted():
    llm = TalkingLLM([call("a", "weather"), CALLS, Usage(10, 2)], [TextDelta("Sun."), Usage(20, 3)])
    assert [delta for delta in reply(mind(llm, Doer({"weather": "23"}))) if isinstance(delta, Usage)][-1] == Usage(
        30, 5
    )


@pytest.mark.parametrize("after", ["weather running", "'Let me look.'"])
def test_leaving_it_gives_calls_and_models_up(after: str):
    llm = TalkingLLM([TextDelta("Let me look."), call("a", "weather"), CALLS], SUNNY)
    doer = Doer({"weather": 60.0})

    async def leave() -> None:
        async with aclosing(mind(llm, doer).reply(UserInput("?"), [])) as deltas:
            async for delta in deltas:
                if shown([delta])[0].startswith(after):
                    return

    run_virtual(leave())
    assert llm.closed == 1
    assert doer.running == 0
    assert doer.called == [], "it is not called before the reader goes on"


def test_cancelling_it_while_a_tool_works_gives_the_call_up_at_once():
    llm, doer = TalkingLLM([call("a", "weather"), CALLS], SUNNY), Doer({"weather": 60.0})

    async def interrupted() -> float:
        async def read() -> None:
            async with aclosing(mind(llm, doer).reply(UserInput("?"), [])) as deltas:
                async for _ in deltas:
                    continue

        async with asyncio.TaskGroup() as group:
            task = group.create_task(read())
            await asyncio.sleep(5)
            assert doer.running == 1
            before = loop_ms()
            task.cancel()
            await asyncio.wait([task])
            return loop_ms() - before

    assert run_virtual(interrupted()) == 0
    assert doer.running == 0
    assert len(llm.heard) == 1


def test_a_model_that_refuses_tools_is_asked_again_without_them():
    refusal = error(Category.INVALID_REQUEST)
    llm, other = TalkingLLM([refusal], SUNNY), TalkingLLM([TextDelta("Me!")])
    got = reply(mind(FallbackLLM([llm, other]), Doer({"weather": "23"})))
    assert shown(got) == ["ProviderFailure", "'It is sunny.'", "Finish"]
    assert llm.offered == [["weather"], []]
    assert llm.heard[0] == llm.heard[1]
    bare = TalkingLLM([refusal], SUNNY)
    assert shown(reply(mind(bare, Doer({"weather": "23"})))) == ["ProviderFailure", "'It is sunny.'", "Finish"]


def test_other_failures_of_the_model_pass():
    llm = TalkingLLM([call("a", "weather"), CALLS], [error(Category.AUTH)])
    with pytest.raises(ProviderError, match="auth"):
        reply(mind(llm, Doer({"weather": "23"})))
    late = TalkingLLM([TextDelta("So"), error(Category.INVALID_REQUEST)])
    with pytest.raises(ProviderError, match="invalid_request"):
        reply(mind(late, Doer({"weather": "23"})))
    assert len(late.heard) == 1


def test_the_small_model_may_begin_a_reply_for_which_tools_are_called():
    llm = TalkingLLM([1.0, TextDelta("never")], [0.5, call("a", "weather"), CALLS], SUNNY)
    quick, doer = TalkingLLM([0.1, TextDelta("Let me see,"), STOP]), Doer({"weather": "23"})
    got = reply(mind(llm, doer, quick))
    assert shown(got) == [
        "'Let me see,'",
        "'\\n'",
        "weather running: {}",
        "weather completed: 23",
        "'It is sunny.'",
        "Finish",
    ]
    assert llm.offered == [["weather"]] * 3
    assert llm.heard[2][-2].content == "Let me see,"
    assert len(doer.called) == 1


def test_a_small_model_that_fails_does_not_take_the_tools_away():
    llm = TalkingLLM([1.0, call("a", "weather"), CALLS], SUNNY)
    quick = FallbackLLM([TalkingLLM([error(Category.INVALID_REQUEST)])])
    got = reply(mind(llm, Doer({"weather": "23"}), quick))
    assert any(isinstance(delta, ProviderFailure) for delta in got)
    assert "weather completed: 23" in shown(got)
