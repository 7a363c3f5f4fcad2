"""A character that calls tools with a model behind OpenAI's API: what is sent, and servers that take no tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_openai import Answer, FakeOpenAI, Recorded, Script, chat, ended, failure, piece_of_call
from leaks import nothing_leaks
from tool_rig import Doer, TalkingLLM

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.character import Character
from hayakuchi.core.types import TextDelta, UserInput
from hayakuchi.llm.fallback import FallbackLLM
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM

CALLS = Answer(
    [
        piece_of_call(0, id="a", name="weather", arguments='{"city":'),
        piece_of_call(0, arguments=' "Kyoto"}'),
        piece_of_call(1, id="b", name="time", arguments=""),
        ended("tool_calls"),
        b"data: [DONE]\n\n",
    ]
)


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


async def said(server: FakeOpenAI, doer: Doer, script: Script) -> str:
    """What the character says, with another model behind the one of the server."""
    server.chat = script
    model = OpenAILLM(OpenAIConfig.model_validate({"base_url": server.url, "model": "test"}))
    chain = FallbackLLM([model, TalkingLLM([TextDelta("I am the other one.")])])
    await chain.open()
    try:
        mind = BasicMemoryAgent(BasicMemoryConfig(), chain, Character(name="Kiyo"), tools=doer)
        async with asyncio.timeout(10):
            deltas = [delta async for delta in mind.reply(UserInput("How is the weather?"), [])]
    finally:
        await chain.aclose()
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def asked(server: FakeOpenAI) -> list[dict[str, Any]]:
    return [request.body for request in server.requests if request.path.endswith("/chat/completions")]


async def test_calls_and_results_go_over_the_wire(server: FakeOpenAI):
    doer = Doer({"weather": "23 degrees", "time": "noon"})

    def answer(request: Recorded) -> Answer:
        return Answer(chat(["It is ", "sunny."])) if request.body["messages"][-1]["role"] == "tool" else CALLS

    assert await said(server, doer, answer) == "It is sunny."
    assert doer.called == [("weather", {"city": "Kyoto"}), ("time", {})]
    first, second = asked(server)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["weather", "time"]
    assert second["tools"] == first["tools"]
    assert second["messages"][:-3] == first["messages"]
    call, weather, time = second["messages"][-3:]
    assert call["role"] == "assistant"
    assert [one["function"] for one in call["tool_calls"]] == [
        {"name": "weather", "arguments": '{"city": "Kyoto"}'},
        {"name": "time", "arguments": "{}"},
    ]
    assert weather == {"role": "tool", "content": "23 degrees", "tool_call_id": "a"}
    assert time == {"role": "tool", "content": "noon", "tool_call_id": "b"}


@pytest.mark.parametrize(
    "refusal",
    [
        failure(400, "registry.ollama.ai/library/gemma:2b does not support tools"),
        failure(404, "No endpoints found that support tool use. Try disabling the tool."),
        failure(422, "extra fields not permitted"),
        failure(500, "tools param requires --jinja flag"),
    ],
)
async def test_a_server_without_tools_answers_all_the_same(server: FakeOpenAI, refusal: Answer):
    def answer(request: Recorded) -> Answer:
        return refusal if "tools" in request.body else Answer(chat(["Hello."]))

    assert await said(server, Doer({"weather": "23"}), answer) == "Hello."
    assert ["tools" in body for body in asked(server)][-2:] == [True, False]


async def test_a_server_that_fails_otherwise_is_replaced_as_ever(server: FakeOpenAI):
    assert await said(server, Doer({"weather": "23"}), failure(500, "out of memory")) == "I am the other one."
