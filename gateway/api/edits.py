"""``POST /chat/history/{id}/edit`` and ``/regenerate``: the conversation goes back, and another reply is made from there."""

from __future__ import annotations

import re

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from ...core.types import Message
from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..chat.request import ChatRequest, Rewind
from ..doors import doors_of
from .answering import chat_answer, chat_of
from .answers import ChatCompletion
from .chat import CHUNKS, KEY, WHOLE
from .chat_body import LONGEST_TEXT, SESSION, Body
from .endpoint import Answer, Endpoint, Parameter
from .problem import Problem
from .serving import read_body

ID = Parameter("id", "path", "The session", {"type": "string", "pattern": SESSION}, required=True, example="main")


class RegenerateBody(Body):
    """Another reply is asked for."""

    message: int | None = Field(default=None, ge=1, description="The reply, or what it answers; left out: the last one")
    model: str = Field(default="", max_length=200, description="Who answers; empty: who did, else who is on stage")
    stream: bool | None = None
    disable_quick_response: bool | None = None


class EditBody(RegenerateBody):
    """Something else was said."""

    message: int | None = Field(default=None, ge=1, description="What was said, by its id; left out: the last one")
    content: str = Field(min_length=1, max_length=LONGEST_TEXT, description="What is to stand there instead")


async def edit(request: Request) -> Response:
    """The reply to the changed message."""
    body = await read_body(request, EditBody, doors_of(request).settings.max_body_kb * 1000)
    return await _again(request, body, (Message("user", body.content),))


async def regenerate(request: Request) -> Response:
    """Another reply to what was said."""
    body = await read_body(request, RegenerateBody, doors_of(request).settings.max_body_kb * 1000)
    return await _again(request, body, ())


async def _again(request: Request, body: RegenerateBody, messages: tuple[Message, ...]) -> Response:
    name = request.path_params["id"]
    doors, caller = doors_of(request), caller_of(request.scope)
    found = await doors.engine.conversations.find(caller.owner, name) if re.fullmatch(SESSION, name) else None
    if found is None:
        raise Problem(404, f"there is no session {name[:64]!r}", "session_not_found", "id")
    asked = ChatRequest(
        body.model or await _same(request, found.character),
        messages,
        session=name,
        disable_quick_response=bool(body.disable_quick_response),
        whole_reply=not body.stream,
        rewind=Rewind(body.message),
    )
    return await chat_answer(request, asked, body.model_dump_json().encode(), stream=bool(body.stream))


async def _same(request: Request, model: str) -> str:
    """Who answered before; whoever is on stage where that one is no longer there."""
    try:
        await chat_of(request).service.models.find(model)
    except Problem:
        return ""
    return model


_ANSWERS = {
    200: Answer(
        "The reply, as of `/v1/chat/completions`",
        ChatCompletion,
        example={**WHOLE, "session_id": "main", "message_ids": [7, 8]},
        further={"text/event-stream": CHUNKS},
    ),
    400: Answer("The model's server refuses the request"),
    404: Answer("No such session, message or model"),
    409: Answer("Another reply is still being written in this conversation"),
}
ENDPOINTS = (
    Endpoint(
        "POST",
        "/chat/history/{id}/edit",
        Scope.CHAT,
        "Say something else instead, and have it answered",
        edit,
        description="What was said before stays as another branch. When no reply can be made the conversation is as before.",
        tag="Sessions",
        body=EditBody,
        parameters=(ID, KEY),
        examples={"the last message": {"content": "Hello once more!"}},
        answers=_ANSWERS,
    ),
    Endpoint(
        "POST",
        "/chat/history/{id}/regenerate",
        Scope.CHAT,
        "Another reply to the same message",
        regenerate,
        description="The reply before stays as another branch. When no reply can be made the conversation is as before.",
        tag="Sessions",
        body=RegenerateBody,
        parameters=(ID, KEY),
        examples={"the last reply": {}},
        answers=_ANSWERS,
    ),
)
