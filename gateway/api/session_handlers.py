"""What the endpoints of ``sessions`` do."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...orchestrator.conversation import Conversation, NoSuchMessage, StoredMessage
from ...orchestrator.conversations import ConversationSummary
from ..access.caller import caller_of
from ..doors import Doors, doors_of
from ..stage.entries import entries
from .problem import Problem
from .serving import read_body

MOST = 200
_TIME = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewSession(_Body):
    """A conversation that is to be made."""

    title: str = Field(default="", max_length=200, description="Left out: the first words that are said in it")


class Title(_Body):
    """What a conversation is to be called."""

    title: str = Field(min_length=1, max_length=200, description="The title")


class Rollback(_Body):
    """How much of a history is to go."""

    count: int = Field(ge=1, le=1000, description="Messages, the newest first; a question and its reply are two")


class Selection(_Body):
    """Which branch of a conversation is to be gone on with."""

    message: int = Field(
        ge=1, le=2**53 - 1, description="`id` of any message on that branch, one of `siblings` for example"
    )


async def listed(request: Request) -> Response:
    limit, before = _number(request, "limit", 50), request.query_params.get("before")
    if before is not None and not _TIME.fullmatch(before):
        raise Problem(422, "before: a number is expected, `next` of the answer before", "invalid_query", "before")
    earlier = float(before) if before is not None else None
    found = await _doors(request).engine.conversations.list(_owner(request), limit=limit + 1, before=earlier)
    shown = found[:limit]
    following = shown[-1].updated_at if len(found) > limit else None
    return JSONResponse({"object": "list", "data": [_told(summary) for summary in shown], "next": following})


async def made(request: Request) -> Response:
    doors = _doors(request)
    body = await read_body(request, NewSession, doors.settings.max_body_kb * 1000)
    character = doors.engine.settings.character.name
    summary = await doors.engine.conversations.create(_owner(request), character, body.title)
    return JSONResponse(_told(summary), 201)


async def renamed(request: Request) -> Response:
    doors = _doors(request)
    body = await read_body(request, Title, doors.settings.max_body_kb * 1000)
    conversation = await _conversation(request)
    await conversation.rename(body.title)
    return JSONResponse(_told(await _summary(request)))


async def history(request: Request) -> Response:
    limit = _number(request, "limit", 50)
    before = _number(request, "before", 0, 2**53 - 1) or None
    conversation = await _conversation(request)
    try:
        found = await conversation.entries(limit + 1, before)
    except NoSuchMessage as error:
        raise Problem(404, str(error), error.code, "before") from None
    return JSONResponse(_history(conversation, found[-limit:], more=len(found) > limit))


async def rolled_back(request: Request) -> Response:
    body = await read_body(request, Rollback, _doors(request).settings.max_body_kb * 1000)
    conversation = await _conversation(request)
    removed = await conversation.rollback(body.count)
    return JSONResponse({"removed": removed, **await _newest(conversation)})


async def selected(request: Request) -> Response:
    body = await read_body(request, Selection, _doors(request).settings.max_body_kb * 1000)
    conversation = await _conversation(request)
    try:
        await conversation.select(body.message)
    except NoSuchMessage as error:
        raise Problem(404, str(error), error.code, "message") from None
    return JSONResponse(await _newest(conversation))


async def deleted(request: Request) -> Response:
    name = request.path_params["session"]
    if not await _doors(request).engine.conversations.delete(_owner(request), name):
        raise _unknown(name)
    return JSONResponse({"id": name, "object": "session", "deleted": True})


def _doors(request: Request) -> Doors:
    return doors_of(request)


def _owner(request: Request) -> str:
    return caller_of(request.scope).owner


async def _summary(request: Request) -> ConversationSummary:
    name = request.path_params["session"]
    found = None
    if _NAME.fullmatch(name):
        found = await _doors(request).engine.conversations.find(_owner(request), name)
    if found is None:
        raise _unknown(name)
    return found


async def _conversation(request: Request) -> Conversation:
    """The caller's own; another one's is not found."""
    summary = await _summary(request)
    return await _doors(request).engine.conversations.open(_owner(request), summary.name, summary.character)


def _unknown(name: str) -> Problem:
    return Problem(404, f"there is no conversation {name!r} of yours", "session_not_found", "session")


def _number(request: Request, name: str, default: int, most: int = MOST) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,16}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise Problem(422, f"{name}: a whole number from 1 to {most} is expected", "invalid_query", name)
    return int(text)


def _told(summary: ConversationSummary) -> dict[str, Any]:
    return {
        "id": summary.name,
        "object": "session",
        "title": summary.title,
        "character": summary.character,
        "created_at": summary.created_at,
        "updated_at": summary.updated_at,
        "messages": summary.messages,
    }


async def _newest(conversation: Conversation) -> dict[str, Any]:
    found = await conversation.entries(51)
    return _history(conversation, found[-50:], more=len(found) > 50)


def _history(conversation: Conversation, found: list[StoredMessage], *, more: bool) -> dict[str, Any]:
    shown = [
        {**entry, "parent": stored.parent, "status": stored.status, "created_at": stored.created_at}
        for entry, stored in zip(entries(found), found, strict=True)
    ]
    following = found[0].id if more and found else None
    return {"id": conversation.name, "object": "session.history", "messages": shown, "next": following}
