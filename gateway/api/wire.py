"""Chat completions on the wire, whole and in chunks, as OpenAI's clients read them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from ...core.types import ReasoningDelta, TextDelta, ToolCall, ToolCallDelta
from ..chat.reply import ChatEvent, Done, Whole

DONE = b"data: [DONE]\n\n"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_bytes(value: Any) -> bytes:
    """JSON. Half a character, which a model's server may send, is replaced."""
    return _encode(value).encode(errors="replace")


def data(value: Any) -> bytes:
    """An event of a stream."""
    return b"data: " + json_bytes(value) + b"\n\n"


def usage_of(done: Done) -> dict[str, Any]:
    """The tokens; ``estimated`` says that nobody counted them."""
    spent = done.usage
    total = spent.prompt_tokens + spent.completion_tokens
    usage: dict[str, Any] = {
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "total_tokens": total,
    }
    return {**usage, "estimated": True} if done.estimated else usage


class Completion:
    """One answer, which begins with its id, and the chunks it is streamed in."""

    def __init__(self, model: str, session: str | None = None) -> None:
        self.id = f"chatcmpl-{uuid4().hex}"
        self._model, self._created = model, int(time.time())
        self._session = {} if session is None else {"session_id": session}
        begun = _encode(self._head("chat.completion.chunk"))[:-1]
        self._before = f'data: {begun},"choices":[{{"index":0,"delta":{{'.encode()
        self._after = b'},"logprobs":null,"finish_reason":null}]}\n\n'

    def first(self) -> bytes:
        """The chunk that says who speaks."""
        return self._before + b'"role":"assistant","content":""' + self._after

    def chunk(self, event: ChatEvent) -> bytes:
        """A delta of the reply."""
        match event:
            case TextDelta(text):
                return self._delta(b'"content":', text)
            case ReasoningDelta(text):
                return self._delta(b'"reasoning_content":', text)
            case ToolCallDelta():
                return self._delta(b'"tool_calls":', [_call_delta(event)])
            case Done():
                return self._finished(event)

    def usage(self, done: Done) -> bytes:
        """The chunk that ``stream_options.include_usage`` asks for."""
        return data({**self._head("chat.completion.chunk"), "choices": [], "usage": usage_of(done)})

    def whole(self, reply: Whole) -> dict[str, Any]:
        """All of it at once."""
        done = reply.done
        content = reply.text or (None if reply.calls else "")
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if reply.thoughts:
            message["reasoning_content"] = reply.thoughts
        if reply.calls:
            message["tool_calls"] = [_call(call) for call in reply.calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": str(done.finish)}
        head = {**self._head("chat.completion"), **_ids(done)}
        return {**head, "choices": [choice], "usage": usage_of(done)}

    def _delta(self, name: bytes, value: Any) -> bytes:
        return self._before + name + json_bytes(value) + self._after

    def _finished(self, done: Done) -> bytes:
        choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": str(done.finish)}
        return data({**self._head("chat.completion.chunk"), **_ids(done), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self._created, "model": self._model, **self._session}


def _ids(done: Done) -> Mapping[str, Any]:
    """Of the messages that were added to the conversation, for editing them and for asking again."""
    return {} if done.message_ids == (None, None) else {"message_ids": list(done.message_ids)}


def _call_delta(delta: ToolCallDelta) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": delta.arguments}
    if delta.name is not None:
        function["name"] = delta.name
    head: dict[str, Any] = {"index": delta.index}
    return (
        {**head, "id": delta.id, "type": "function", "function": function}
        if delta.id
        else head | {"function": function}
    )


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
