"""``POST /v1/completions``: each prompt is answered as a message of its own."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import uuid4

from pydantic import Field, field_validator
from starlette.requests import Request
from starlette.responses import Response

from ...core.types import FinishReason, Generation, Message, TextDelta, Usage
from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..chat.reply import Done, whole
from ..chat.request import ChatRequest
from ..doors import doors_of
from .answering import chat_of, complete, streaming, whole_answer
from .answers import TextCompletion
from .chat import KEY
from .chat_body import LONGEST_TEXT, Sampling, StreamOptions
from .endpoint import Answer, Endpoint
from .serving import read_body
from .wire import DONE, data, json_bytes, usage_of

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]


class CompletionBody(Sampling):
    """Completions are asked for."""

    model: str = Field(default="", max_length=200, description="A character or a raw model; empty: who is on stage")
    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=16)] = Field(
        description="A text, or several; tokens are not understood"
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    echo: bool | None = Field(default=None, description="Only false")
    suffix: str | None = Field(default=None, description="Only empty")
    best_of: int | None = Field(default=None, description="Only 1")

    @field_validator("echo", "suffix", "best_of")
    @classmethod
    def _not_offered(cls, value: object) -> object:
        if value is True or value not in (None, False, "", 1):
            raise ValueError("this is not offered; leave it out")
        return value

    @property
    def prompts(self) -> list[str]:
        """The texts."""
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt

    def request(self, prompt: str) -> ChatRequest:
        """What the service is asked for one of them."""
        generation = Generation(
            self.temperature,
            self.top_p,
            self.max_tokens,
            self.stops,
            self.seed,
            self.presence_penalty,
            self.frequency_penalty,
        )
        return ChatRequest(self.model, (Message("user", prompt),), generation, whole_reply=not self.stream)


async def complete_text(request: Request) -> Response:
    """The completions, whole or as a stream."""
    body = await read_body(request, CompletionBody, doors_of(request).settings.max_body_kb * 1000)
    mind = await chat_of(request).service.models.find(body.model)
    head = {"id": f"cmpl-{uuid4().hex}", "object": "text_completion", "created": int(time.time()), "model": mind.id}
    fingerprint = body.model_dump_json().encode()
    if body.stream:
        return streaming(request, _chunks(request, body, head), fingerprint)
    return whole_answer(*await complete(request, _whole(request, body, head), fingerprint))


async def _whole(request: Request, body: CompletionBody, head: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    service, caller = chat_of(request).service, caller_of(request.scope)
    choices: list[dict[str, Any]] = []
    ends: list[Done] = []
    for index, prompt in enumerate(body.prompts):
        reply = await whole(service.reply(body.request(prompt), caller))
        choices.append(_choice(index, reply.text, reply.done.finish))
        ends.append(reply.done)
    yield json_bytes({**head, "choices": choices, "usage": _sum(ends)})


async def _chunks(request: Request, body: CompletionBody, head: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    service, caller = chat_of(request).service, caller_of(request.scope)
    ends: list[Done] = []
    for index, prompt in enumerate(body.prompts):
        async with aclosing(service.reply(body.request(prompt), caller)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    yield data({**head, "choices": [_choice(index, event.text, None)]})
                elif isinstance(event, Done):
                    yield data({**head, "choices": [_choice(index, "", event.finish)]})
                    ends.append(event)
    if body.stream_options is not None and body.stream_options.include_usage:
        yield data({**head, "choices": [], "usage": _sum(ends)})
    yield DONE


def _choice(index: int, text: str, finish: FinishReason | None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": None if finish is None else str(finish)}


def _sum(ends: list[Done]) -> dict[str, Any]:
    prompt = sum(done.usage.prompt_tokens for done in ends)
    completion = sum(done.usage.completion_tokens for done in ends)
    last = ends[-1]
    estimated = any(done.estimated for done in ends)
    return usage_of(Done(last.finish, Usage(prompt, completion), last.model, estimated=estimated))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/completions",
        Scope.CHAT,
        "A completion of a text",
        complete_text,
        description="Each prompt is answered as a user's message; `/v1/chat/completions` can do more.",
        body=CompletionBody,
        parameters=(KEY,),
        examples={
            "one": {"model": "default", "prompt": "Say hello."},
            "two, streamed": {"model": "default", "prompt": ["Say hello.", "Say goodbye."], "stream": True},
        },
        answers={
            200: Answer(
                "The completions, whole or as they are written",
                TextCompletion,
                further={"text/event-stream": "With `stream`: pieces like the whole, and `data: [DONE]` at the end"},
                example={
                    "id": "cmpl-8d1c5c0e2f6b4f0f9a3d7c21b5e4a690",
                    "object": "text_completion",
                    "created": 1790000000,
                    "model": "kiyo",
                    "choices": [{"index": 0, "text": "Hello!", "logprobs": None, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9, "estimated": True},
                },
            ),
            400: Answer("The model's server refuses the request"),
            404: Answer("No such model"),
        },
        aliases=("/completions",),
    ),
)
