"""``openai_llm`` and a server that knows only llama.cpp's ``/completion``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from fake_openai import Action, Answer, FakeOpenAI, answer_json, chat, completion, event, failure, models
from leaks import nothing_leaks

from hayakuchi.core.deadline import within
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Finish, FinishReason, Generation, Message, TextDelta, Usage
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM

MESSAGES = (Message("system", "Be kind."), Message("user", "Hi"))
END = Finish(FinishReason.STOP)
SAID = [*map(TextDelta, ("Hello", ",", " world", ".")), END, Usage(7, 4)]
OLD = failure(404, "File Not Found")


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        server.chat, server.models, server.completion = OLD, OLD, completion()
        yield server


@pytest.fixture(name="llm")
async def _llm(server: FakeOpenAI) -> AsyncIterator[OpenAILLM]:
    llm = OpenAILLM(OpenAIConfig.model_validate({"base_url": server.url, "model": "test"}))
    await llm.open()
    yield llm
    await llm.aclose()


async def collect(llm: OpenAILLM, options: Generation | None = None) -> list[Any]:
    async with asyncio.timeout(10):
        return [found async for found in llm.stream(MESSAGES, options)]


def paths(server: FakeOpenAI) -> list[str]:
    return [request.path for request in server.requests]


async def test_it_is_found_once_and_remembered(server: FakeOpenAI, llm: OpenAILLM):
    for _ in range(2):
        assert await collect(llm) == SAID
    assert paths(server) == ["/v1/chat/completions", "/completion", "/completion"]
    assert server.requests[-1].body["prompt"] == "Be kind.\n\nUser: Hi\n\nAssistant:"
    assert server.connections == 1


async def test_the_probe_warms_it_up(server: FakeOpenAI, llm: OpenAILLM):
    assert await llm.probe() == f"test at {server.url}"
    assert server.requests[-1].path == "/completion"
    assert server.requests[-1].body["n_predict"] == 1


async def test_a_server_that_has_learned_chat_is_asked_so_again(server: FakeOpenAI, llm: OpenAILLM):
    await collect(llm)
    server.chat, server.completion = Answer(chat(["a"])), OLD
    with pytest.raises(ProviderError):
        await collect(llm)
    assert await collect(llm) == [TextDelta("a"), END]


async def test_a_model_that_is_missing_is_told_as_such(server: FakeOpenAI, llm: OpenAILLM):
    server.chat = failure(404, "model 'test' not found, try pulling it first")
    with pytest.raises(ProviderError, match="try pulling"):
        await collect(llm)
    assert paths(server) == ["/v1/chat/completions"]


async def test_where_neither_is_there_the_first_answer_is_told(server: FakeOpenAI, llm: OpenAILLM):
    server.chat, server.completion = failure(404, "nothing here"), failure(404, "nor there")
    with pytest.raises(ProviderError, match="nothing here") as caught:
        await collect(llm)
    assert caught.value.category is Category.NOT_FOUND


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        (failure(503, "Loading model"), Category.UNAVAILABLE),
        (Answer([event({"content": "a"}), Action.CUT]), Category.CONNECTIVITY),
        (Answer([event({"content": "a"})]), Category.CONNECTIVITY),
        (Answer([event({"text": "a"})]), Category.BAD_OUTPUT),
        (Answer([event({"content": 7})]), Category.BAD_OUTPUT),
        (Answer([event({"error": {"code": 500, "message": "boom"}})]), Category.UNAVAILABLE),
        (answer_json({"error": "Unexpected endpoint"}), Category.UNAVAILABLE),
        (answer_json([1]), Category.BAD_OUTPUT),
    ],
)
async def test_faults(server: FakeOpenAI, llm: OpenAILLM, answer: Answer, category: Category):
    server.completion = answer
    with pytest.raises(ProviderError) as caught:
        await collect(llm)
    assert caught.value.category is category
    server.chat = Answer(chat(["fine"]))
    assert await collect(llm) == [TextDelta("fine"), END]


@pytest.mark.parametrize("last", [{"stop_type": "limit", "tokens_predicted": 4}, {"stopped_limit": True}])
async def test_why_it_ended(server: FakeOpenAI, llm: OpenAILLM, last: dict[str, Any]):
    server.completion = completion(last=last)
    found = await collect(llm)
    assert Finish(FinishReason.LENGTH) in found
    assert (Usage(0, 4) in found) == ("tokens_predicted" in last)


async def test_a_whole_completion(server: FakeOpenAI, llm: OpenAILLM):
    server.completion = answer_json({"content": " Hello.", "tokens_evaluated": 7, "tokens_predicted": 4})
    assert await collect(llm) == [TextDelta("Hello."), END, Usage(7, 4)]


async def test_tools_do_not_fit(server: FakeOpenAI, llm: OpenAILLM):
    tools = Generation(tools=({"type": "function", "function": {"name": "sing"}},))
    with pytest.raises(ProviderError, match="File Not Found"):
        await collect(llm, tools)
    await collect(llm)
    with pytest.raises(ProviderError, match="neither tools nor pictures") as caught:
        await collect(llm, tools)
    assert caught.value.category is Category.INVALID_REQUEST
    assert await collect(llm) == SAID


async def test_leaving_makes_the_server_stop(server: FakeOpenAI, llm: OpenAILLM):
    server.completion = Answer([event({"content": "a"}), Action.HANG])
    stream: Any = llm.stream(MESSAGES)
    async with aclosing(stream):
        assert await anext(stream) == TextDelta("a")
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()


@pytest.mark.parametrize("steps", [[Action.HANG], [event({"content": "a"}), Action.HANG]])
async def test_silence_breaks_a_deadline_and_the_connection(server: FakeOpenAI, llm: OpenAILLM, steps: list[Any]):
    server.completion = Answer(steps)
    with pytest.raises(ProviderError) as caught:
        async for _ in within(llm.stream(MESSAGES), Deadlines(0.3, 0.1), kind="llm", provider=llm.name):
            pass
    assert caught.value.category is Category.TIMEOUT
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()


async def test_a_list_of_models_is_believed(server: FakeOpenAI, llm: OpenAILLM):
    server.models = models("other")
    with pytest.raises(ProviderError, match="no model 'test'"):
        await llm.probe()
