import json
from contextlib import suppress
from typing import Any

import pytest
from fake_openai import chat, delta, ended, event, piece_of_call
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.http_errors import Failures
from hayakuchi.core.types import Finish, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from hayakuchi.llm.openai_models import has_model, model_names
from hayakuchi.llm.openai_reply import StreamedReply, whole_reply

FAILURES = Failures("llm", "openai_llm", "http://host/v1", "the model 'm'")
END = Finish(FinishReason.STOP)
FINISH = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})


def body(**script: Any) -> bytes:
    return b"".join(step for step in chat(**script) if isinstance(step, bytes))


def read(data: bytes, size: int = 1 << 30) -> list[Any]:
    reply = StreamedReply(FAILURES)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return [found for piece in pieces for found in reply.feed(piece)] + list(reply.end())


def failure(data: bytes) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        read(data)
    return caught.value


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), max_size=6), st.integers(1, 60))
def test_any_cut_gives_the_same_deltas(tokens: list[str], size: int):
    data = body(tokens=tokens, reasoning=["hm…"], usage=(5, 7))
    assert read(data, size) == [ReasoningDelta("hm…"), *map(TextDelta, tokens), END, Usage(5, 7)]


def test_reasoning_has_two_names_and_may_come_with_text():
    data = delta(reasoning="a", content="b") + delta(reasoning_content="c") + FINISH
    assert read(data) == [ReasoningDelta("a"), TextDelta("b"), ReasoningDelta("c"), END]


def test_what_says_nothing_gives_nothing():
    data = delta(role="assistant", content="") + delta(content=None) + event({"choices": []}) + event({"type": "ping"})
    assert read(data + FINISH) == [END]


def test_finish_reason_or_done_ends_the_reply():
    assert read(delta(content="a") + FINISH) == [TextDelta("a"), END]
    assert read(delta(content="a") + b"data: [DONE]") == [TextDelta("a")]


def test_usage_with_every_chunk_is_told_once():
    usage = {"prompt_tokens": 2, "completion_tokens": 1}
    first = event({"choices": [{"delta": {"content": "a"}, "finish_reason": None}], "usage": usage})
    assert read(first + event({"choices": [], "usage": usage | {"completion_tokens": 9}}) + FINISH) == [
        TextDelta("a"),
        END,
        Usage(2, 9),
    ]


def test_a_character_cut_in_two_escapes_is_made_whole():
    halves = [b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % half for half in (b"a\\ud83c", b"\\udf38b")]
    assert read(b"".join(halves) + FINISH) == [TextDelta("a"), TextDelta("🌸b"), END]
    halves = [b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % half for half in (b"\\ud83c", b"\\udf38")]
    assert read(b"".join(halves) + FINISH) == [TextDelta("🌸"), END]


def test_half_a_character_alone_is_replaced():
    text = "".join(
        found.text
        for found in read(b'data: {"choices":[{"delta":{"content":"\\udf38b"}}]}\n\n' + FINISH)
        if found != END
    )
    assert text == "\ufffdb"


def test_a_cut_connection_is_told():
    for data in (b"", delta(content="a"), delta(content="a") + b'data: {"choi'):
        assert failure(data).category in (Category.CONNECTIVITY, Category.BAD_OUTPUT)
    assert failure(delta(content="a")).category is Category.CONNECTIVITY


@pytest.mark.parametrize(
    "data",
    [
        b"data: {nonsense}\n\n",
        b"data: []\n\n",
        b"data: 7\n\n",
        b"data: null\n\n",
        b'data: {"choices": 7}\n\n',
        b'data: {"choices": [7]}\n\n',
        b'data: {"choices": {"a": 1}}\n\n',
        b'data: {"choices": [{"delta": "x"}]}\n\n',
        b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": ["x"]}}]}\n\n',
        b'data: {"choices": [{"delta": {"reasoning": 7}}]}\n\n',
        b'data: {"usage": "lots"}\n\n',
        b'data: {"usage": {"prompt_tokens": "lots"}}\n\n',
        b'data: "\xff"\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
        b"data: " + b"x" * 1_100_000,
        "data: 早".encode()[:-1] + b"\n\n",
    ],
)
def test_garbage_is_bad_output(data: bytes):
    error = failure(data)
    assert error.category is Category.BAD_OUTPUT
    assert len(str(error)) < 400


@given(st.binary(max_size=200))
def test_any_bytes_end_in_deltas_or_a_provider_error(data: bytes):
    with suppress(ProviderError):
        read(data + b"\n\n" + FINISH)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "content", "error", "usage", "reasoning", "finish_reason", "message"]
                ),
                x,
            )
        ),
    )
)
def test_any_json_ends_in_deltas_or_a_provider_error(value: Any):
    for attempt in (
        lambda: read(b"data: " + json.dumps(value).encode() + b"\n\n" + FINISH),
        lambda: whole_reply(value, FAILURES),
    ):
        with suppress(ProviderError):
            attempt()


@pytest.mark.parametrize(
    ("error", "category"),
    [
        ({"message": "slow down", "code": 429}, Category.RATE_LIMITED),
        ({"message": "boom", "type": "server_error"}, Category.UNAVAILABLE),
        ("boom", Category.UNAVAILABLE),
        ({}, Category.UNAVAILABLE),
    ],
)
def test_an_error_inside_the_stream(error: Any, category: Category):
    found = failure(delta(content="a") + event({"error": error}))
    assert found.category is category
    assert "http://host/v1" in found.message


def test_finish_reason_error():
    assert failure(event({"choices": [{"delta": {}, "finish_reason": "error"}]})).category is Category.UNAVAILABLE


def test_whole_reply():
    message = {"content": "Hello.", "reasoning": "hm"}
    value = {"choices": [{"message": message}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    assert whole_reply(value, FAILURES) == [ReasoningDelta("hm"), TextDelta("Hello."), Usage(1, 2)]
    with pytest.raises(ProviderError, match="slow") as caught:
        whole_reply({"error": {"message": "slow", "code": 429}}, FAILURES)
    assert caught.value.category is Category.RATE_LIMITED


@pytest.mark.parametrize("value", [None, [], {}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": "x"}]}])
def test_what_is_no_whole_reply(value: Any):
    with pytest.raises(ProviderError) as caught:
        whole_reply(value, FAILURES)
    assert caught.value.category is Category.BAD_OUTPUT


@pytest.mark.parametrize(
    ("model", "listed", "known"),
    [
        ("qwen2.5", {"qwen2.5": ""}, True),
        ("qwen2.5", {"qwen2.5:latest": "library"}, True),
        ("qwen2.5", {"qwen2.5:14b": "library"}, False),
        ("gemini-2", {"models/gemini-2": "google"}, True),
        ("openai/gpt:free", {"openai/gpt": ""}, True),
        ("anything", {"model.gguf": "llamacpp"}, True),
        ("anything", {"a": "llamacpp", "b": "llamacpp"}, False),
        ("gpt", {"llama": "x"}, False),
        ("gpt", {}, False),
    ],
)
def test_has_model(model: str, listed: dict[str, str], known: bool):
    assert has_model(model, listed) is known


@pytest.mark.parametrize("listing", [None, [], {}, {"data": None}, {"data": {"id": "x"}}, "x"])
def test_what_is_no_list_of_models(listing: Any):
    assert model_names(listing) is None


def test_model_names_skips_what_has_no_name():
    assert model_names({"data": [{"id": "a", "owned_by": "x"}, {"id": 7}, "b", {}]}) == {"a": "x"}


def whole(choice: dict[str, Any], **fields: Any) -> list[Any]:
    return whole_reply({"choices": [choice], **fields}, FAILURES)


CALL = {"id": "a", "type": "function", "function": {"name": "sing", "arguments": "{}"}}


def test_calls_of_tools_streamed_and_whole():
    streamed = piece_of_call(0, id="a", name="sing", arguments="{") + piece_of_call(0, arguments="}")
    end = Finish(FinishReason.TOOL_CALLS)
    assert read(streamed + ended("tool_calls")) == [
        ToolCallDelta(0, "a", "sing", "{"),
        ToolCallDelta(0, arguments="}"),
        end,
    ]
    message = {"content": None, "tool_calls": [CALL]}
    assert whole({"message": message, "finish_reason": "tool_calls"}) == [ToolCallDelta(0, "a", "sing", "{}"), end]


@pytest.mark.parametrize(
    ("said", "called", "reason"),
    [
        ("stop", False, FinishReason.STOP),
        ("stop", True, FinishReason.TOOL_CALLS),
        ("length", False, FinishReason.LENGTH),
        ("length", True, FinishReason.LENGTH),
        ("function_call", True, FinishReason.TOOL_CALLS),
        ("content_filter", False, FinishReason.CONTENT_FILTER),
        ("eos_token", False, FinishReason.STOP),
    ],
)
def test_why_it_ended(said: str, called: bool, reason: FinishReason):
    calls = piece_of_call(0, id="a", name="sing") if called else b""
    assert read(calls + ended(said) + ended(said))[-1] == Finish(reason)
    assert read(calls + ended(said) + ended(said)).count(Finish(reason)) == 1
    message = {"content": "a", "tool_calls": [CALL] if called else None}
    assert whole({"message": message, "finish_reason": said})[-1] == Finish(reason)


def test_an_empty_reason_is_none():
    assert read(delta(content="a") + ended("") + delta(content="b") + FINISH) == [TextDelta("a"), TextDelta("b"), END]
    assert whole({"message": {"content": "a"}}) == [TextDelta("a")]


def test_a_refusal_is_what_the_model_says():
    assert read(delta(refusal="No.") + FINISH) == [TextDelta("No."), END]
    assert whole({"message": {"content": None, "refusal": "No."}}) == [TextDelta("No.")]


@pytest.mark.parametrize("calls", ["x", 7, [7], [{"function": "x"}], {"a": 1}])
def test_odd_calls_are_bad_output(calls: Any):
    assert failure(delta(tool_calls=calls)).category is Category.BAD_OUTPUT
    with pytest.raises(ProviderError) as caught:
        whole({"message": {"tool_calls": calls}})
    assert caught.value.category is Category.BAD_OUTPUT
