"""Tools offered to models and servers that take none, or not always, or not with what else was asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted_llm import error
from tool_rig import CALLS, STOP, Doer, TalkingLLM, call
from virtual import run_virtual

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.agents.offering import REMEMBERED_S
from hayakuchi.agents.tool_use import ONLY_CALLS
from hayakuchi.core.character import Character
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Generation, LLMDelta, Message, ProviderFailure, TextDelta, UserInput
from hayakuchi.gateway.chat.reply_text import ReplyText
from hayakuchi.llm.fallback import FallbackLLM

SUNNY = [TextDelta("It is sunny."), STOP]
CALL = [call("a", "weather"), CALLS]
REFUSED = error(Category.INVALID_REQUEST)


def mind(llm: Any, **config: object) -> BasicMemoryAgent:
    settings = BasicMemoryConfig.model_validate(config)
    return BasicMemoryAgent(settings, llm, Character(name="Kiyo"), tools=Doer({"weather": "23 degrees"}))


async def read(agent: BasicMemoryAgent, **options: Any) -> list[LLMDelta]:
    return [delta async for delta in agent.reply(UserInput("How is the weather?", **options), [])]


def text(deltas: list[LLMDelta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@pytest.mark.parametrize("chosen", ["required", {"type": "function", "function": {"name": "theirs"}}])
def test_what_a_caller_chose_of_tools_is_not_sent_with_the_characters(chosen: Any):
    llm = TalkingLLM(CALL, SUNNY)
    run_virtual(read(mind(llm), generation=Generation(tool_choice=chosen, parallel_tool_calls=False, seed=7)))
    sent = [(one.tool_choice, one.parallel_tool_calls, one.seed) for one in llm.options if one is not None]
    assert sent == [(None, None, 7)] * 2


@pytest.mark.parametrize("stop", ["\n", "\n\n", "\nUser:", "\n \n"])
def test_what_is_put_between_words_and_a_call_does_not_end_a_reply(stop: str):
    llm = TalkingLLM([TextDelta("Let me look."), *CALL], SUNNY)
    deltas = run_virtual(read(mind(llm), generation=Generation(stop=(stop,))))
    visible = ReplyText(stop=(stop,))
    shown = visible.feed(text(deltas)) + visible.flush()
    assert shown.startswith("Let me look.")
    assert shown.endswith("It is sunny.")


def test_the_last_round_without_tools_where_choosing_none_is_refused():
    llm = TalkingLLM(CALL, [REFUSED], SUNNY)
    got = run_virtual(read(mind(llm, max_tool_rounds=1)))
    assert text(got) == "It is sunny."
    assert llm.offered == [["weather"], ["weather"], []]
    assert llm.heard[1] == llm.heard[2]


@pytest.mark.parametrize("chain", [False, True])
def test_results_are_told_in_words_where_a_server_takes_them_in_no_other_way(chain: bool):
    llm = TalkingLLM([TextDelta("Let me look."), *CALL], [REFUSED], [REFUSED], SUNNY)
    got = run_virtual(read(mind(FallbackLLM([llm]) if chain else llm)))
    assert text(got) == "Let me look.\nIt is sunny."
    assert llm.offered == [["weather"], ["weather"], [], []]
    assert not any(message.tool_calls or message.role == "tool" for message in llm.heard[3])
    said, told = llm.heard[3][-2:]
    assert said == Message("assistant", "Let me look.")
    assert told.role == "user"
    assert told.content.endswith("\nweather: 23 degrees")


def test_several_results_are_one_message_of_words():
    two = [call("a", "weather"), call("b", "weather", index=1), CALLS]
    llm = TalkingLLM(two, [REFUSED], [REFUSED], SUNNY)
    run_virtual(read(mind(llm)))
    assert [message.role for message in llm.heard[3]][-3:] == ["user", "assistant", "user"]
    assert llm.heard[3][-2].content == "(weather, weather)"
    assert llm.heard[3][-1].content.count("weather: 23 degrees") == 2


def test_a_model_that_calls_when_it_has_to_answer_is_asked_once_more_in_words():
    llm = TalkingLLM(CALL, CALL, SUNNY)
    assert text(run_virtual(read(mind(llm, max_tool_rounds=1)))) == "It is sunny."
    assert llm.offered == [["weather"], ["weather"], []]
    assert not any(message.role == "tool" for message in llm.heard[2])


def test_a_model_that_only_ever_calls_has_failed_and_is_said_to():
    llm = TalkingLLM(CALL)
    with pytest.raises(ProviderError, match="raise max_tool_rounds") as caught:
        run_virtual(read(mind(llm, max_tool_rounds=2)))
    assert (caught.value.category, caught.value.message) == (Category.BAD_OUTPUT, ONLY_CALLS)
    assert len(llm.heard) == 4


@pytest.mark.parametrize("chain", [False, True])
def test_a_refusal_is_told_once_and_remembered_for_some_minutes(chain: bool):
    llm = TalkingLLM([REFUSED], SUNNY, SUNNY, SUNNY)
    agent = mind(FallbackLLM([llm]) if chain else llm)

    async def talk() -> list[int]:
        told: list[int] = []
        for wait_s in (0, 0, REMEMBERED_S):
            await asyncio.sleep(wait_s)
            got = await read(agent)
            assert text(got) == "It is sunny."
            told.append(sum(isinstance(delta, ProviderFailure) for delta in got))
        return told

    assert run_virtual(talk()) == [1, 0, 0]
    assert llm.offered == [["weather"], [], [], ["weather"]]
    assert "tools" not in llm.heard[2][0].content, "nor is it told of any"


def test_a_request_that_is_refused_without_tools_too_says_nothing_of_them():
    llm = TalkingLLM([REFUSED], [REFUSED], SUNNY)
    agent = mind(llm)

    async def talk() -> None:
        with pytest.raises(ProviderError):
            await read(agent)
        await read(agent)

    run_virtual(talk())
    assert llm.offered == [["weather"], [], ["weather"]]


def test_a_refusal_of_the_next_model_is_not_held_against_the_first():
    first = TalkingLLM([error(Category.UNAVAILABLE)], [error(Category.UNAVAILABLE)], SUNNY)
    second = TalkingLLM([REFUSED], SUNNY)
    agent = mind(FallbackLLM([first, second]))

    async def talk() -> None:
        await read(agent)
        await asyncio.sleep(REMEMBERED_S / 2)
        await read(agent)

    run_virtual(talk())
    assert first.offered[-1] == ["weather"]


@pytest.mark.parametrize(("name", "replayed"), [("", "_"), ("functions.time", "functions_time")])
def test_a_name_that_no_server_takes_is_replayed_as_one_that_they_do(name: str, replayed: str):
    llm = TalkingLLM([call("a", name), CALLS], SUNNY)
    run_virtual(read(mind(llm)))
    assert llm.heard[1][-2].tool_calls[0].name == replayed
    assert f"there is no tool {name!r}" in llm.heard[1][-1].content
