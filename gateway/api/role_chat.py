"""``POST /llm``: the reply as plain text."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...core.types import Generation
from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..chat.reply import whole
from ..chat.request import ChatRequest
from ..doors import doors_of
from .answering import chat_of, complete, whole_answer
from .chat import KEY
from .chat_body import Body, ChatMessage, SessionId
from .endpoint import Answer, Endpoint
from .serving import read_body
from .wire import json_bytes


class RoleChatBody(Body):
    """A reply is asked for."""

    messages: list[ChatMessage] = Field(min_length=1, max_length=2000)
    model: str = Field(default="", max_length=200, description="A character or a raw model; empty: who is on stage")
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    session_id: SessionId | None = Field(default=None, description="The conversation that this belongs to")

    def request(self) -> ChatRequest:
        """What the service is asked."""
        return ChatRequest(
            self.model,
            tuple(message.message() for message in self.messages),
            Generation(temperature=self.temperature, max_tokens=self.max_tokens),
            self.session_id,
            whole_reply=True,
        )


class RoleChatAnswer(Body):
    """The reply."""

    text: str
    model: str = Field(description="Who answered")
    cached: bool = Field(description="It is the answer of an earlier request with the same idempotency key")
    session_id: str | None = None


async def say(request: Request) -> Response:
    """The reply as text."""
    body = await read_body(request, RoleChatBody, doors_of(request).settings.max_body_kb * 1000)
    found, replayed = await complete(request, _reply(request, body), body.model_dump_json().encode())
    answer = whole_answer(found, replayed)
    if found is None:
        return answer
    told = JSONResponse({**json.loads(found), "cached": replayed})
    told.headers.update({name: value for name, value in answer.headers.items() if name != "content-length"})
    return told


async def _reply(request: Request, body: RoleChatBody) -> AsyncGenerator[bytes, None]:
    reply = await whole(chat_of(request).service.reply(body.request(), caller_of(request.scope)))
    session = {} if body.session_id is None else {"session_id": body.session_id}
    yield json_bytes({"text": reply.text, "model": reply.done.model, **session})


ENDPOINTS = (
    Endpoint(
        "POST",
        "/llm",
        Scope.CHAT,
        "A reply as plain text",
        say,
        description="The short form of `/v1/chat/completions`. `cached` is true where an idempotency key was sent again.",
        body=RoleChatBody,
        parameters=(KEY,),
        examples={
            "hello": {"messages": [{"role": "user", "content": "Hello!"}]},
            "short": {
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who are you?"}],
                "temperature": 0.7,
                "max_tokens": 60,
                "session_id": "main",
            },
        },
        answers={
            200: Answer(
                "The reply", RoleChatAnswer, example={"text": "Oh, hello you!", "model": "kiyo", "cached": False}
            ),
            400: Answer("The model's server refuses the request"),
            404: Answer("No such model"),
            409: Answer("Another reply is still being written in this conversation"),
        },
    ),
)
