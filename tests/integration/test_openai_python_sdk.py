"""OpenAI's own Python library, unchanged, against the real server: waiting and not waiting for answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import openai
import pytest
from chatting import Desk, RecordingEmbedder, RecordingLLM, chatting, until, words

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Finish, FinishReason, TextDelta, ToolCallDelta, Usage
from hayakuchi.orchestrator.gateway_settings import Scope

T = TypeVar("T")
HELLO: Any = [{"role": "user", "content": "Hello!"}]
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
    },
}
GONE = ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "is gone")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    keys = {"main": (Scope.CHAT,), "busy": (Scope.CHAT,)}
    limits = {"busy": {"concurrent_turns": 1}}
    raw = {"tiny/model-1": RecordingLLM(*words("raw words"))}
    embedder = RecordingEmbedder()
    quick = RecordingLLM(*words("Oh, "))
    async with chatting(quick=quick, keys=keys, key_limits=limits, raw=raw, embedder=embedder) as desk:
        yield desk


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=desk.url + "/v1", api_key=desk.tokens["main"], max_retries=0) as client:
        yield client


async def waiting(desk: Desk, work: Callable[[openai.OpenAI], T]) -> T:
    """Run something with the client that waits, on another thread."""

    def run() -> T:
        with openai.OpenAI(base_url=desk.url + "/v1", api_key=desk.tokens["main"], max_retries=0) as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_a_whole_reply(desk: Desk, client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="default", messages=HELLO)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("Hello you there.", "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id
    same = await waiting(desk, lambda client: client.chat.completions.create(model="Test", messages=HELLO))
    assert same.choices[0].message.content == "Hello you there."


async def test_a_streamed_reply(desk: Desk, client: openai.AsyncOpenAI) -> None:
    desk.llm.script = [*words("[joy] Hi you."), Finish(FinishReason.STOP), Usage(9, 3)]
    options: Any = {"include_usage": True}
    body = {"disable_quick_response": True}
    stream = await client.chat.completions.create(
        model="default", messages=HELLO, stream=True, stream_options=options, extra_body=body
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hi you."
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 12

    def read(client: openai.OpenAI) -> str:
        with client.chat.completions.stream(model="default", messages=HELLO, extra_body=body) as events:
            return events.get_final_completion().choices[0].message.content or ""

    assert await waiting(desk, read) == "Hi you."


async def test_the_quick_reply_and_a_direct_one(desk: Desk, client: openai.AsyncOpenAI) -> None:
    desk.llm.script = [0.3, TextDelta("that is nice.")]

    async def text(**more: Any) -> str:
        stream = await client.chat.completions.create(model="default", messages=HELLO, stream=True, extra_body=more)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert await text() == "Oh, that is nice."
    assert await text(disable_quick_response=True) == "that is nice."


async def test_a_round_of_tools(desk: Desk, client: openai.AsyncOpenAI) -> None:
    call = [
        ToolCallDelta(0, "c1", "look"),
        ToolCallDelta(0, arguments='{"at": "sky"}'),
        Finish(FinishReason.TOOL_CALLS),
    ]
    desk.llm.scripts = [call, words("It is blue."), call]
    first = await client.chat.completions.create(model="default", messages=HELLO, tools=[TOOL], tool_choice="auto")
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "blue"}
    messages: Any = [*HELLO, message.model_dump(exclude_none=True), result]
    second = await client.chat.completions.create(model="default", messages=messages, tools=[TOOL])
    assert second.choices[0].message.content == "It is blue."
    assert [role for role, _ in desk.llm.asked[1].told] == ["system", "user", "assistant", "tool"]

    def read(client: openai.OpenAI) -> Any:
        with client.chat.completions.stream(model="default", messages=HELLO, tools=[TOOL]) as events:
            return events.get_final_completion().choices[0].message.tool_calls

    (streamed,) = await waiting(desk, read)
    assert (streamed.id, streamed.function.name, streamed.function.arguments) == ("c1", "look", '{"at": "sky"}')


async def test_pictures_reach_the_model(desk: Desk, client: openai.AsyncOpenAI) -> None:
    url = "data:image/png;base64,iVBORw0KGgo="
    parts: Any = [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": url, "detail": "low"}}]
    await client.chat.completions.create(model="default", messages=[{"role": "user", "content": parts}])
    last = desk.llm.asked[0].messages[-1]
    assert (last.content, [(image.url, image.detail) for image in last.images]) == ("Look:", [(url, "low")])


async def test_a_session(desk: Desk, client: openai.AsyncOpenAI) -> None:
    body = {"session_id": "sdk"}
    answer = await client.chat.completions.create(model="default", messages=HELLO, extra_body=body)
    assert (answer.model_extra or {})["session_id"] == "sdk"
    await client.chat.completions.create(model="default", messages=HELLO, extra_body=body)
    assert [role for role, _ in desk.llm.asked[1].told] == ["system", "user", "assistant", "user"]


async def test_errors_are_what_the_library_has_for_them(desk: Desk, client: openai.AsyncOpenAI) -> None:
    ask = client.chat.completions.create
    direct = {"disable_quick_response": True}
    with pytest.raises(openai.NotFoundError, match="tiny/model-1") as missing:
        await ask(model="gpt-9", messages=HELLO)
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        await ask(model="default", messages=HELLO, n=2)
    assert wrong.value.param == "n"
    desk.llm.scripts = [[GONE], [GONE], [TextDelta("Well, "), TextDelta("it "), GONE]]
    for stream in (False, True):
        with pytest.raises(openai.InternalServerError) as gone:
            await ask(model="default", messages=HELLO, stream=stream, extra_body=direct)
        assert gone.value.status_code == 503
    chunks = await ask(model="default", messages=HELLO, stream=True, extra_body=direct)
    assert (await anext(chunks)).choices[0].delta.role == "assistant"
    with pytest.raises(openai.APIError, match="is gone"):
        [chunk async for chunk in chunks]
    gate = asyncio.Semaphore(0)
    desk.llm.scripts = [[gate, TextDelta("Yes.")]]
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="none").models.list()
    ask = client.with_options(api_key=desk.tokens["busy"]).chat.completions.create
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ask(model="default", messages=HELLO))
        await until(lambda: desk.llm.running > 0)
        with pytest.raises(openai.RateLimitError):
            await ask(model="default", messages=HELLO)
        gate.release()
    assert first.result().choices[0].message.content == "Yes."

    def missing_model(client: openai.OpenAI) -> None:
        client.models.retrieve("gpt-9")

    with pytest.raises(openai.NotFoundError):
        await waiting(desk, missing_model)


async def test_a_stream_that_is_closed_closes_the_model(desk: Desk, client: openai.AsyncOpenAI) -> None:
    desk.llm.script = [TextDelta("Well, "), TextDelta("hm "), 60.0]
    body = {"disable_quick_response": True}
    for _ in range(20):
        stream = await client.chat.completions.create(model="default", messages=HELLO, stream=True, extra_body=body)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        async with asyncio.timeout(5):
            await desk.llm.asked[-1].closed.wait()
        await until(lambda: desk.turns == 0)

    def leave(client: openai.OpenAI) -> None:
        stream = client.chat.completions.create(model="default", messages=HELLO, stream=True, extra_body=body)
        next(iter(stream))
        stream.close()

    await waiting(desk, leave)
    await until(lambda: desk.turns == 0 and desk.llm.running == 0)


async def test_completions(desk: Desk, client: openai.AsyncOpenAI) -> None:
    answer = await client.completions.create(model="tiny/model-1", prompt=["One", "Two"])
    assert [(one.index, one.text, one.finish_reason) for one in answer.choices] == [
        (0, "raw words", "stop"),
        (1, "raw words", "stop"),
    ]
    stream = await client.completions.create(model="tiny/model-1", prompt="One", stream=True, max_tokens=1)
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].text for chunk in chunks) == "raw "
    assert chunks[-1].choices[0].finish_reason == "length"
    with pytest.raises(openai.UnprocessableEntityError):
        await client.completions.create(model="tiny/model-1", prompt="One", echo=True)
    with pytest.raises(openai.UnprocessableEntityError):
        await client.completions.create(model="tiny/model-1", prompt=[1, 2, 3])


async def test_embeddings(desk: Desk, client: openai.AsyncOpenAI) -> None:
    for form in ("float", "base64", None):
        more: Any = {"encoding_format": form} if form else {}
        answer = await client.embeddings.create(model="vectors-1", input=["abc", "ab"], **more)
        if form != "base64":
            assert [one.embedding for one in answer.data] == [[3.0, 0.5, -1.0], [2.0, 0.5, -1.0]]
        assert (answer.model, answer.usage.prompt_tokens) == ("vectors-1", 6)
    with pytest.raises(openai.NotFoundError, match="vectors-1"):
        await client.embeddings.create(model="other", input="abc")
    with pytest.raises(openai.UnprocessableEntityError):
        await client.embeddings.create(model="vectors-1", input=[])


async def test_models(client: openai.AsyncOpenAI, desk: Desk) -> None:
    found = [(model.id, model.owned_by) async for model in client.models.list()]
    assert found[0] == ("Test", "hayakuchi")
    assert "tiny/model-1" in [name for name, _ in found]
    assert (await client.models.retrieve("tiny/model-1")).id == "tiny/model-1"
    assert (await client.models.retrieve("default")).id == "Test"


async def test_the_same_key_is_answered_once(desk: Desk, client: openai.AsyncOpenAI) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await client.chat.completions.create(model="default", messages=HELLO, extra_headers=headers)
    again = await client.chat.completions.with_raw_response.create(
        model="default", messages=HELLO, extra_headers=headers
    )
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.parse() == first
    assert len(desk.llm.asked) == 1
