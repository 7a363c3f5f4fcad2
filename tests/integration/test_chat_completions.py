"""``/v1/chat/completions`` over a real socket: what is answered, what the model is told, and what becomes of who hangs up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from chatting import Desk, RecordingLLM, chatting, until, words
from leaks import nothing_leaks

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import (
    Finish,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from hayakuchi.gateway.api import event_stream

HELLO = [{"role": "user", "content": "Hello!"}]
BAD_END = [{"role": "assistant", "content": "I said this."}]
PATH = "/v1/chat/completions"


class Client:
    def __init__(self, desk: Desk, http: aiohttp.ClientSession) -> None:
        self.desk, self.http = desk, http

    async def post(self, path: str = PATH, headers: dict[str, str] | None = None, **body: Any) -> tuple[int, Any, Any]:
        body.setdefault("messages", HELLO)
        async with self.http.post(self.desk.url + path, json=body, headers=headers) as response:
            return response.status, await response.json(), response.headers

    async def whole(self, path: str = PATH, **body: Any) -> Any:
        status, answer, _ = await self.post(path, **body)
        assert status == 200, answer
        return answer

    async def text(self, **body: Any) -> str:
        return (await self.whole(**body))["choices"][0]["message"]["content"]

    async def events(self, path: str = PATH, **body: Any) -> list[Any]:
        """The JSON of all events; ``[DONE]`` must be the last one, unless an error is."""
        body = {"messages": HELLO, "stream": True, **body}
        async with self.http.post(self.desk.url + path, json=body) as response:
            assert response.status == 200, await response.text()
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["x-accel-buffering"] == "no"
            assert response.headers["x-request-id"]
            raw = (await response.read()).decode()
        assert raw.endswith("\n\n")
        events = [part.removeprefix("data: ") for part in raw[:-2].split("\n\n") if not part.startswith(":")]
        if '"error"' not in events[-1]:
            assert events.pop() == "[DONE]"
        return [json.loads(event) for event in events]


@pytest.fixture
async def llm() -> RecordingLLM:
    return RecordingLLM()


@pytest.fixture
async def client(llm: RecordingLLM) -> AsyncIterator[Client]:
    async with chatting(llm, raw={"tiny": RecordingLLM(*words("raw <think>x</think>[joy] text"))}) as desk:
        async with aiohttp.ClientSession() as http:
            yield Client(desk, http)


async def test_a_whole_reply(client: Client, llm: RecordingLLM) -> None:
    status, answer, headers = await client.post()
    assert status == 200
    assert answer["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "Hello you there.", "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
    }
    assert (answer["object"], answer["model"]) == ("chat.completion", "Test")
    assert answer["usage"]["estimated"] is True
    assert headers["x-request-id"]
    asked = llm.asked[0]
    assert asked.told[0][1].startswith('You are "Test".')
    assert asked.told[1:] == [("user", "Hello!")]
    assert asked.options is not None
    assert asked.options.max_tokens == 2048


async def test_a_streamed_reply(client: Client, llm: RecordingLLM) -> None:
    llm.script = [*words("[joy] Hi [thinking] you."), Finish(FinishReason.STOP), Usage(12, 5)]
    chunks = await client.events(stream_options={"include_usage": True})
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]) == "Hi you."
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks[:-2])
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
    assert len({chunk["id"] for chunk in chunks}) == 1


async def test_the_unprefixed_path_is_the_same(client: Client) -> None:
    assert (await client.whole("/chat/completions"))["choices"][0]["message"]["content"] == "Hello you there."


async def test_what_a_character_is_told(client: Client, llm: RecordingLLM) -> None:
    await client.whole(
        messages=[
            {"role": "system", "content": "Answer in rhymes."},
            {"role": "user", "content": "One."},
            {"role": "assistant", "content": "Fun."},
            {"role": "user", "name": "Mika", "content": [{"type": "text", "text": "Look:"}, picture()]},
        ],
        temperature=0.3,
        max_completion_tokens=50,
        seed=7,
        stop="\n",
    )
    asked = llm.asked[0]
    assert "Answer in rhymes." in asked.told[0][1]
    assert asked.told[1:] == [("user", "One."), ("assistant", "Fun."), ("user", '"Mika" says: Look:')]
    assert asked.messages[-1].images[0].url == picture()["image_url"]["url"]
    options = asked.options
    assert options is not None
    assert (options.temperature, options.max_tokens, options.seed, options.stop) == (0.3, 50, 7, ("\n",))


def picture(url: str = "data:image/png;base64,iVBORw0KGgo=") -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


async def test_a_raw_model_is_told_what_was_sent_and_its_words_are_left_alone(client: Client) -> None:
    assert await client.text(model="tiny") == "raw <think>x</think>[joy] text"
    for name in ("default", "Test", "test", ""):
        assert (await client.whole(model=name))["model"] == "Test"


async def test_an_unknown_model_is_named_with_the_known_ones(client: Client) -> None:
    status, answer, _ = await client.post(model="gpt-9")
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (404, "model_not_found", "model")
    assert "Test" in answer["error"]["message"]
    assert "tiny" in answer["error"]["message"]
    assert (await client.post(model="gpt-9", stream=True))[0] == 404


async def test_a_round_of_tools(client: Client, llm: RecordingLLM) -> None:
    llm.scripts = [
        [
            ToolCallDelta(0, "call_a", "look"),
            ToolCallDelta(0, arguments='{"at":'),
            ToolCallDelta(0, arguments=' "sky"}'),
            Finish(FinishReason.TOOL_CALLS),
        ],
        words("It is blue."),
    ]
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    answer = (await client.whole(tools=[tool], tool_choice="auto"))["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"]["content"] is None
    call = {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}
    assert answer["message"]["tool_calls"] == [call]
    result = {"role": "tool", "tool_call_id": "call_a", "content": "blue"}
    assert await client.text(messages=[*HELLO, answer["message"], result], tools=[tool]) == "It is blue."
    first, second = llm.asked
    assert first.options is not None
    assert first.options.tools[0]["function"]["name"] == "look"
    assert [role for role, _ in second.told] == ["system", "user", "assistant", "tool"]
    assert second.messages[2].tool_calls[0].id == second.messages[3].tool_call_id == "call_a"


async def test_tool_calls_are_streamed_in_pieces(client: Client, llm: RecordingLLM) -> None:
    llm.script = [ToolCallDelta(0, "c", "look"), ToolCallDelta(0, arguments="{}"), ToolCallDelta(1, "d", "go", "{}")]
    chunks = await client.events()
    calls = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert calls == [
        {"index": 0, "id": "c", "type": "function", "function": {"arguments": "", "name": "look"}},
        {"index": 0, "function": {"arguments": "{}"}},
        {"index": 1, "id": "d", "type": "function", "function": {"arguments": "{}", "name": "go"}},
    ]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_thoughts_are_a_raw_models_only(client: Client, llm: RecordingLLM) -> None:
    thinking = [ReasoningDelta("hm"), TextDelta("<think>so</think>Yes.")]
    llm.script = thinking
    assert "reasoning_content" not in (await client.whole())["choices"][0]["message"]
    client.desk.engine.llm_for("tiny")
    events = await client.events()
    assert not any("reasoning_content" in chunk["choices"][0]["delta"] for chunk in events)
    raw = RecordingLLM(ReasoningDelta("hm"), TextDelta("Yes."))
    async with chatting(raw, raw={"big": raw}) as desk:
        message = (await Client(desk, client.http).whole(model="big"))["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("hm", "Yes.")


async def test_stop_and_max_tokens_hold_where_a_model_ignores_them(client: Client, llm: RecordingLLM) -> None:
    llm.script = words("one two three four five six")
    cut = (await client.whole(max_tokens=3))["choices"][0]
    assert (cut["message"]["content"].strip(), cut["finish_reason"]) == ("one two three", "length")
    ended = (await client.whole(stop=["four", "zero"]))["choices"][0]
    assert (ended["message"]["content"], ended["finish_reason"]) == ("one two three ", "stop")
    assert all(asked.closed.is_set() for asked in llm.asked)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [picture("http://10.0.0.1/x")]}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [picture("file:///etc/passwd")]}]}, "messages.0.content"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"n": 2}, "n"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"session_id": "../x"}, "session_id"),
        ({"speak": True}, None),
        ({"tools": [{"type": "function"}]}, "tools.0.function"),
    ],
)
async def test_a_mistake_names_its_field(
    client: Client, llm: RecordingLLM, body: dict[str, Any], where: str | None
) -> None:
    status, answer, _ = await client.post(**body)
    assert (status, answer["error"]["type"]) == (422, "invalid_request_error")
    assert (answer["error"]["param"] or "").startswith(where or "")
    assert not llm.asked


async def test_unknown_fields_and_nulls_do_not_matter(client: Client) -> None:
    body = {"logit_bias": {}, "user": "u", "store": False, "temperature": None, "tools": None, "stream": None, "n": 1}
    assert await client.text(**body) == "Hello you there."


async def test_a_model_that_fails_is_told_of(client: Client, llm: RecordingLLM) -> None:
    gone = ProviderError("llm", "recording_llm", Category.CONNECTIVITY, "nobody answers")
    llm.script = [gone]
    for stream in (False, True):
        status, answer, headers = await client.post(stream=stream)
        assert (status, answer["error"]["type"]) == (503, "server_error")
        assert int(headers["Retry-After"]) >= 1
    llm.script = [TextDelta("Well, "), TextDelta("it "), gone]
    events = await client.events()
    assert events[-1]["error"]["type"] == "server_error"
    assert "nobody answers" in events[-1]["error"]["message"]
    assert client.desk.turns == 0


async def test_a_first_token_that_is_late_is_an_error_and_no_hang() -> None:
    async with chatting(RecordingLLM(60.0, first_s=0.1)) as desk, aiohttp.ClientSession() as http:
        client = Client(desk, http)
        async with asyncio.timeout(5):
            for stream in (False, True):
                status, answer, _ = await client.post(stream=stream)
                assert status == 503, answer
        assert desk.llm.running == 0


async def test_who_hangs_up_frees_the_model_and_the_turn(client: Client, llm: RecordingLLM) -> None:
    for stream in (True, False):
        llm.script = [TextDelta("Well, "), 60.0]
        async with nothing_leaks(), aiohttp.ClientSession() as http:
            call = http.post(client.desk.url + PATH, json={"messages": HELLO, "stream": stream})
            if stream:
                response = await call
                await response.content.readany()
                assert client.desk.turns == 1
                loop = asyncio.get_running_loop()
                left = loop.time()
                response.close()
            else:
                task = asyncio.ensure_future(_read(call))
                await until(lambda: llm.running > 0)
                left = asyncio.get_running_loop().time()
                task.cancel()
            async with asyncio.timeout(5):
                await llm.asked[-1].closed.wait()
            assert asyncio.get_running_loop().time() - left < 0.5
        assert client.desk.turns == 0


async def _read(call: Any) -> None:
    async with call as response:
        await response.read()


async def test_a_quiet_stream_is_kept_alive(client: Client, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_MS", 50.0)
    gate = asyncio.Semaphore(0)
    llm.script = [gate, TextDelta("Well."), gate]
    async with client.http.post(client.desk.url + PATH, json={"messages": HELLO, "stream": True}) as response:
        assert await response.content.readuntil(b"\n\n") == b": keep-alive\n\n"
        gate.release()
        while b"Well" not in await response.content.readuntil(b"\n\n"):
            pass
        assert await response.content.readuntil(b"\n\n") == b": keep-alive\n\n"
        gate.release()
        assert (await response.read()).endswith(b"data: [DONE]\n\n")


async def test_more_turns_than_the_server_makes_are_refused() -> None:
    gate = asyncio.Semaphore(0)
    async with chatting(RecordingLLM(gate, TextDelta("Yes.")), max_turns=1) as desk, aiohttp.ClientSession() as http:
        client = Client(desk, http)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(client.text())
            await until(lambda: desk.llm.running > 0)
            status, answer, headers = await client.post()
            assert (status, answer["error"]["code"]) == (503, "overloaded")
            assert "Retry-After" in headers
            gate.release()
        assert first.result() == "Yes."


async def test_prompts_that_are_too_long() -> None:
    long = [{"role": "user", "content": "old " * 20}, {"role": "user", "content": "What is new?"}]
    async with aiohttp.ClientSession() as http:
        async with chatting(max_prompt_chars=20) as desk:
            assert await Client(desk, http).text(messages=long) == "Hello you there."
            assert desk.llm.asked[0].told[1:] == [("user", "What is new?")]
        async with chatting(max_prompt_chars=20, long_prompts=422) as desk:
            status, answer, _ = await Client(desk, http).post(messages=long)
            assert (status, answer["error"]["code"]) == (422, "prompt_too_long")
        async with chatting(max_body_kb=16) as desk:
            status, answer, _ = await Client(desk, http).post(messages=[{"role": "user", "content": "x" * 20_000}])
            assert (status, answer["error"]["code"]) == (413, "body_too_large")


async def test_the_same_key_is_answered_as_before(client: Client, llm: RecordingLLM) -> None:
    for name in ("Idempotency-Key", "X-Idempotency-Key"):
        first = await client.post(headers={name: name})
        again = await client.post(headers={name: name})
        assert first[1] == again[1]
        assert "Idempotent-Replayed" not in first[2]
        assert again[2]["Idempotent-Replayed"] == "true"
        status, answer, _ = await client.post(headers={name: name}, seed=1)
        assert (status, answer["error"]["code"]) == (422, "idempotency_key_reused")
    assert len(llm.asked) == 2


async def test_a_stream_is_replayed_as_a_stream(client: Client, llm: RecordingLLM) -> None:
    async def read() -> tuple[bytes, str | None]:
        body = {"messages": HELLO, "stream": True}
        headers = {"Idempotency-Key": "k"}
        async with client.http.post(client.desk.url + PATH, json=body, headers=headers) as response:
            return await response.read(), response.headers.get("Idempotent-Replayed")

    (first, before), (again, after) = await read(), await read()
    assert first == again
    assert (before, after, len(llm.asked)) == (None, "true", 1)


async def test_an_answer_has_one_id_which_is_that_of_the_log(client: Client) -> None:
    for body in ({}, {"stream": True}, {"model": "nobody"}, {"stream": True, "session_id": "s", "messages": BAD_END}):
        asked = {"messages": HELLO, **body}
        async with client.http.post(client.desk.url + PATH, json=asked, headers={"X-Request-ID": "mine-1"}) as response:
            await response.read()
            assert response.headers.getall("x-request-id") == ["mine-1"], (body, response.status)


async def test_a_bug_of_ours_is_answered_in_the_form_of_all_errors(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def listed() -> None:
        raise LookupError("secret sauce")

    monkeypatch.setattr(client.desk.app.state.chat.service.models, "listed", listed)
    async with client.http.get(client.desk.url + "/v1/models", headers={"X-Request-ID": "mine-1"}) as response:
        answer = await response.json()
    assert (response.status, answer["error"]["code"], answer["error"]["type"]) == (500, "internal", "server_error")
    assert response.headers.getall("x-request-id") == ["mine-1"]
    assert "secret" not in str(answer)
    assert "secret sauce" in caplog.text
