"""``openai_llm`` against a scripted server: what it sends, and what it makes of odd servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fake_openai import (
    Action,
    Answer,
    FakeOpenAI,
    Recorded,
    Script,
    answer_json,
    chat,
    ended,
    failure,
    models,
    piece_of_call,
    whole_chat,
)
from leaks import nothing_leaks
from pydantic import ValidationError

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import (
    Finish,
    FinishReason,
    Generation,
    Message,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from hayakuchi.llm import openai
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM

MESSAGES = (Message("system", "Be kind."), Message("user", "早口?"))
END = Finish(FinishReason.STOP)
Make = Callable[..., Awaitable[OpenAILLM]]


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


@pytest.fixture(name="make")
async def _make(server: FakeOpenAI) -> AsyncIterator[Make]:
    made: list[OpenAILLM] = []

    async def make(**block: Any) -> OpenAILLM:
        made.append(OpenAILLM(OpenAIConfig.model_validate({"base_url": server.url, "model": "test", **block})))
        await made[-1].open()
        return made[-1]

    yield make
    for provider in made:
        await provider.aclose()


async def collect(provider: OpenAILLM) -> list[Any]:
    async with asyncio.timeout(10):
        return [found async for found in provider.stream(MESSAGES)]


async def test_what_is_asked(server: FakeOpenAI, make: Make):
    await collect(await make())
    request = server.requests[-1]
    assert request.body == {
        "model": "test",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "早口?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert "Authorization" not in request.headers
    assert request.headers["Content-Type"] == "application/json"


async def test_every_option_is_sent(server: FakeOpenAI, make: Make):
    options = {"temperature": 0, "top_p": 0.9, "max_tokens": 50, "stop": ["\n"]}
    block = {"api_key": "k-1", "extra_headers": {"X-Title": "t"}, "extra_body": {"think": False, "max_tokens": 60}}
    await collect(await make(**options, **block))
    request = server.requests[-1]
    assert request.body.items() >= (options | {"think": False, "max_tokens": 60}).items()
    assert (request.headers["Authorization"], request.headers["X-Title"]) == ("Bearer k-1", "t")


@pytest.mark.parametrize(
    "block",
    [
        {"extra_body": {"stream": False}},
        {"extra_body": {"messages": []}},
        {"model": ""},
        {"temperature": 3},
        {"modle": 1},
    ],
)
def test_blocks_that_are_refused(block: dict[str, Any]):
    with pytest.raises(ValidationError):
        OpenAIConfig.model_validate({"base_url": "http://h", "model": "m", **block})


async def test_reasoning_text_and_usage(server: FakeOpenAI, make: Make):
    server.chat = Answer(chat(("a", "b"), reasoning=("hm",), usage=(3, 2)))
    assert await collect(await make()) == [ReasoningDelta("hm"), TextDelta("a"), TextDelta("b"), END, Usage(3, 2)]


def refuses_stream_options(request: Recorded) -> Answer:
    if "stream_options" in request.body:
        return failure(400, "Unrecognized request argument supplied: stream_options")
    return Answer(chat(["fine"]))


async def test_a_server_without_stream_options_is_remembered(server: FakeOpenAI, make: Make):
    server.chat = refuses_stream_options
    llm = await make()
    for _ in range(2):
        assert await collect(llm) == [TextDelta("fine"), END]
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_a_bad_request_is_not_blamed_on_stream_options(server: FakeOpenAI, make: Make):
    llm = await make()
    server.chat = failure(400, "too long")
    with pytest.raises(ProviderError, match="too long"):
        await collect(llm)
    server.chat = Answer(chat(["fine"], usage=(1, 1)))
    assert await collect(llm) == [TextDelta("fine"), END, Usage(1, 1)]
    server.chat = failure(400, "too long")
    with pytest.raises(ProviderError, match="too long"):
        await collect(llm)
    assert ["stream_options" in request.body for request in server.requests] == [True, False, True, True]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_whole_completion(server: FakeOpenAI, make: Make, stream: bool):
    server.chat = whole_chat("Hello there.", reasoning="hm", usage=(1, 2))
    assert await collect(await make(stream=stream)) == [
        ReasoningDelta("hm"),
        TextDelta("Hello there."),
        END,
        Usage(1, 2),
    ]
    assert server.requests[-1].body["stream"] is stream


async def test_a_server_that_streams_unasked(server: FakeOpenAI, make: Make):
    server.chat = Answer(chat(["a"]), content_type="text/plain")
    assert await collect(await make(stream=False)) == [TextDelta("a"), END]
    assert "stream_options" not in server.requests[-1].body


async def test_a_finished_reply_keeps_its_connection(server: FakeOpenAI, make: Make):
    llm = await make()
    for _ in range(3):
        await collect(llm)
    assert server.connections == 1


@pytest.mark.parametrize("end", [Action.HANG, Action.CUT])
@pytest.mark.parametrize("kept", [1, 2, 3])
async def test_a_finished_reply_does_not_wait_for_ever(
    server: FakeOpenAI, make: Make, monkeypatch: pytest.MonkeyPatch, end: Action, kept: int
):
    monkeypatch.setattr(openai, "TAIL_S", 0.05)
    server.chat = Answer([*chat(["a"], usage=(1, 1))[: 1 + kept], 0.02, end])
    assert await collect(await make()) == [TextDelta("a"), END, *([Usage(1, 1)] if kept > 1 else [])]


async def test_probe_names_the_model(server: FakeOpenAI, make: Make):
    assert await (await make(warm_up=False)).probe() == f"test at {server.url}"
    assert [request.path for request in server.requests] == ["/v1/models"]


@pytest.mark.parametrize("warm_up", ["auto", True])
async def test_probe_warms_the_model_up(server: FakeOpenAI, make: Make, warm_up: str | bool):
    await (await make(warm_up=warm_up)).probe()
    assert [request.path for request in server.requests] == ["/v1/models", "/v1/chat/completions"]
    assert server.requests[-1].body["max_tokens"] == 1
    assert server.connections == 1


async def test_probe_tells_that_the_model_is_missing(server: FakeOpenAI, make: Make):
    server.models = models(*(f"m{n}" for n in range(20)))
    with pytest.raises(ProviderError) as caught:
        await (await make()).probe()
    assert caught.value.category is Category.NOT_FOUND
    offered = ", ".join(f"m{n}" for n in range(10))
    assert caught.value.message == f"the server at {server.url} has no model 'test'; it offers: {offered}"
    server.models = models()
    with pytest.raises(ProviderError, match="none at all"):
        await (await make()).probe()
    assert {request.path for request in server.requests} == {"/v1/models"}


@pytest.mark.parametrize(
    "script", [failure(404, "no"), answer_json({"x": 1}), Answer([b"hi"], content_type="text/html")]
)
async def test_probe_is_fine_without_a_list_of_models(server: FakeOpenAI, make: Make, script: Script):
    server.models = script
    assert await (await make()).probe()


@pytest.mark.parametrize(
    ("listing", "reply", "category"),
    [
        (failure(401, "no"), Answer(chat()), Category.AUTH),
        (failure(500, "no"), Answer(chat()), Category.UNAVAILABLE),
        (models("test"), failure(500, "out of memory"), Category.UNAVAILABLE),
        (models("test"), failure(404, "no such model"), Category.NOT_FOUND),
    ],
)
async def test_probe_tells_what_is_wrong(
    server: FakeOpenAI, make: Make, listing: Script, reply: Script, category: Category
):
    server.models, server.chat = listing, reply
    with pytest.raises(ProviderError) as caught:
        await (await make()).probe()
    assert caught.value.category is category


async def test_a_caller_s_options_are_sent(server: FakeOpenAI, make: Make):
    options = Generation(temperature=0.5, max_tokens=9, stop=("x",), seed=3)
    llm = await make(temperature=1, max_tokens=5)
    async with asyncio.timeout(10):
        assert [found async for found in llm.stream(MESSAGES, options)]
    sent = {"temperature": 0.5, "max_tokens": 5, "stop": ["x"], "seed": 3, "stream": True, "model": "test"}
    assert server.requests[-1].body.items() >= sent.items()


def wants_the_new_name(request: Recorded) -> Answer:
    if "max_tokens" in request.body:
        message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
        return failure(400, message)
    return refuses_stream_options(request)


async def test_a_server_that_wants_the_limit_under_its_new_name(server: FakeOpenAI, make: Make):
    server.chat = wants_the_new_name
    llm = await make(max_tokens=7)
    for _ in range(2):
        assert await collect(llm) == [TextDelta("fine"), END]
    assert [request.body.get("max_completion_tokens") for request in server.requests] == [None, 7, 7, 7]


async def test_a_refusal_that_names_the_new_limit_twice_is_told(server: FakeOpenAI, make: Make):
    server.chat = failure(400, "max_completion_tokens is too large")
    with pytest.raises(ProviderError, match="too large"):
        await collect(await make(max_tokens=7))
    assert len(server.requests) == 3


@pytest.mark.parametrize("stream", [True, False])
async def test_calls_of_tools(server: FakeOpenAI, make: Make, stream: bool):
    call = {"id": "a", "type": "function", "function": {"name": "sing", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    streamed = Answer([piece_of_call(0, id="a", name="sing"), piece_of_call(0, arguments="{}"), ended("tool_calls")])
    server.chat = (
        streamed if stream else answer_json({"choices": [{"message": message, "finish_reason": "tool_calls"}]})
    )
    found = await collect(await make(stream=stream))
    calls = [each for each in found if isinstance(each, ToolCallDelta)]
    assert [(calls[0].id, calls[0].name), "".join(each.arguments for each in calls)] == [("a", "sing"), "{}"]
    assert found[-1] == Finish(FinishReason.TOOL_CALLS)
