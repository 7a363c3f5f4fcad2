"""``POST /v1/chat/completions``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...orchestrator.gateway_settings import Scope
from ..doors import doors_of
from .answering import chat_answer
from .answers import ChatCompletion
from .chat_body import ChatBody
from .endpoint import Answer, Endpoint, Parameter
from .serving import read_body

KEY = Parameter(
    "Idempotency-Key",
    "header",
    "Sent again with the same key and body within ten minutes, the request is answered as it was the first time, with the "
    "header `Idempotent-Replayed: true`. `X-Idempotency-Key` is the same",
    {"type": "string", "maxLength": 255},
)
WHOLE = {
    "id": "chatcmpl-8d1c5c0e2f6b4f0f9a3d7c21b5e4a690",
    "object": "chat.completion",
    "created": 1790000000,
    "model": "kiyo",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Oh, hello you!", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11, "estimated": True},
}
CHUNKS = (
    "With `stream`: `data: ` and JSON for each piece, an empty line after each, `data: [DONE]` at the end. The pieces are "
    "like the whole reply, with `delta` in place of `message`; an error on the way is the last event."
)
_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


async def complete(request: Request) -> Response:
    """A reply, whole or as a stream."""
    body = await read_body(request, ChatBody, doors_of(request).settings.max_body_kb * 1000)
    usage = body.stream_options is not None and bool(body.stream_options.include_usage)
    fingerprint = body.model_dump_json().encode()
    return await chat_answer(request, body.request(), fingerprint, stream=bool(body.stream), usage=usage)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/chat/completions",
        Scope.CHAT,
        "A reply of a character or of a raw model",
        complete,
        description=(
            "As OpenAI's clients ask for it. `model` is a character's name or a raw model of conf.yaml; empty or `default`: "
            "the character on stage. A character answers with its persona, its quick first words (unless "
            "`disable_quick_response`) and without tags of expressions; `system` messages are added to its instructions. With "
            "`stream` the answer is a stream of server-sent events that ends with `data: [DONE]`; a comment is sent every 15 s "
            "while nothing else is. With `session_id` the history is the conversation's, only the last message counts, and "
            "the exchange is kept before the end is told: `message_ids` are its ids. With `speak` too, the avatar on stage "
            "says the reply. Where the model counts no tokens, `usage` is a guess and has `estimated: true`."
        ),
        body=ChatBody,
        parameters=(KEY,),
        examples={
            "whole": {"model": "default", "messages": [{"role": "user", "content": "Hello!"}]},
            "streamed": {
                "model": "default",
                "messages": [{"role": "user", "content": "Tell me of your day."}],
                "stream": True,
                "stream_options": {"include_usage": True},
            },
            "direct": {
                "model": "default",
                "messages": [{"role": "user", "content": "Hello!"}],
                "disable_quick_response": True,
            },
            "in a session": {
                "model": "default",
                "messages": [{"role": "user", "content": "Do you remember me?"}],
                "session_id": "main",
            },
            "tools": {
                "model": "default",
                "messages": [{"role": "user", "content": "What is the weather in Oslo?"}],
                "tools": [_TOOL],
            },
        },
        answers={
            200: Answer(
                "The reply, whole or as it is written",
                ChatCompletion,
                example=WHOLE,
                further={"text/event-stream": CHUNKS},
            ),
            400: Answer("The model's server refuses the request"),
            404: Answer("No such model; the message names those that there are"),
            409: Answer("Another reply is still being written in this conversation"),
        },
        aliases=("/chat/completions",),
    ),
)
