"""A client's conversations: listed, gone on with, begun, deleted. They are those of its caller with the character on stage.

What was said to one character is not shown or told to another. Callers with keys see their own ones. Where no keys are asked
for, all callers are one: they share theirs, with the studio, too.

A new one is kept when the first thing is said in it, so that loading a page leaves nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, takewhile
from typing import Any
from uuid import uuid4

from ...core.errors import ProtocolError
from ...orchestrator.cast import Part
from ...orchestrator.conversation import StoredMessage
from ...orchestrator.conversation_rows import Latest
from . import server_messages as told
from .client import Client, Handler
from .client_messages import CreateNewHistory, DeleteHistory, FetchAndSetHistory, FetchHistoryList

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST = 200
"""Conversations of a list."""
MESSAGES = 500
"""The newest of a conversation that a client is shown."""
CHARACTERS = 1 << 20
"""Of them, at most, so that they are not too much for a client's outbox."""
ROLES: Mapping[str, str] = {"user": "human", "assistant": "ai"}
"""Whose messages are shown, and what their clients call them."""


async def _list(client: Client, message: FetchHistoryList, request_id: str | None) -> None:
    """Those in which something was said, used last first. Raises StoreError."""
    conversations, owner = client.doors.engine.conversations, client.caller.owner
    async with client.choosing:
        found = await conversations.list(owner, limit=MOST, characters=_known_as(client.part))
        shown = [
            {"uid": one.name, "latest_message": _latest(one.latest), "timestamp": _time(one.updated_at)}
            for one in found
            if one.latest is not None
        ]
        client.send(told.history_list(shown), request_id)


async def _go_on(client: Client, message: FetchAndSetHistory, request_id: str | None) -> None:
    """Raises ProtocolError where there is none with this character, and StoreError: then nothing has changed."""
    name = _checked(message.history_uid)
    async with client.choosing:
        if name != client.history_uid:
            if not await _is_there(client, name):
                raise ProtocolError(f"there is no conversation {name!r} of yours")
            await client.begin(name)
        messages = await client.session.history.entries(MESSAGES)
        client.send(told.history_data(_shown(client, messages)), request_id)


async def _is_there(client: Client, name: str) -> bool:
    """Whether its caller has such a conversation. Raises ProtocolError where it was held with another character, and
    StoreError."""
    found = await client.doors.engine.conversations.find(client.caller.owner, name)
    if found is not None and found.character not in _known_as(client.part):
        here = client.part.character.name
        raise ProtocolError(
            f"the conversation {name!r} was held with {found.character}, and {here} is on stage: switch to that character first"
        )
    return found is not None


def _known_as(part: Part) -> tuple[str, str]:
    """What a conversation says that it was held with: the name of the character, or its id where it was held in text."""
    return part.character.name, part.id


async def _create(client: Client, message: CreateNewHistory, request_id: str | None) -> None:
    async with client.choosing:
        await _begin_anew(client, request_id)


async def _delete(client: Client, message: DeleteHistory, request_id: str | None) -> None:
    """For good. Where it is the one in use, another one begins. Raises ProtocolError where it was held with another character,
    and StoreError: then it is still there."""
    name, conversations = _checked(message.history_uid), client.doors.engine.conversations
    async with client.choosing:
        in_use = name == client.history_uid
        if not in_use:
            await _is_there(client, name)
        gone = await conversations.delete(client.caller.owner, name)
        # One in which nothing was said is not kept, and is gone when it is left.
        client.send(told.history_deleted(gone or in_use, name), request_id)
        if in_use:
            await _begin_anew(client)


async def _begin_anew(client: Client, request_id: str | None = None) -> None:
    await client.begin(fresh_name())
    client.send(told.new_history_created(client.history_uid), request_id)


def fresh_name() -> str:
    """A name for a conversation that nobody can guess."""
    return uuid4().hex


def _checked(name: str) -> str:
    """Raises ProtocolError."""
    if not NAME.fullmatch(name):
        raise ProtocolError("history_uid: a conversation's name is 1 to 64 of A-Z a-z 0-9 _ -")
    return name


def _shown(client: Client, messages: Sequence[StoredMessage]) -> list[dict[str, Any]]:
    name, avatar = client.part.character.name, client.doors.look.avatar(client.part)
    return [
        {
            "role": ROLES[stored.message.role],
            "timestamp": _time(stored.created_at),
            "content": stored.message.content,
            "name": name if stored.message.role == "assistant" else stored.message.viewer or "",
            "avatar": avatar if stored.message.role == "assistant" else "",
        }
        for stored in _newest(messages)
    ]


def _newest(messages: Sequence[StoredMessage]) -> Sequence[StoredMessage]:
    """Those that somebody said, oldest first, as many as a client is shown."""
    said = [stored for stored in messages if stored.message.role in ROLES and stored.message.content]
    lengths = accumulate(len(stored.message.content) for stored in reversed(said))
    fitting = sum(1 for _ in takewhile(lambda length: length <= CHARACTERS, lengths))
    return said[len(said) - fitting :]


def _latest(said: Latest) -> dict[str, str]:
    return {"role": ROLES.get(said.role, "ai"), "timestamp": _time(said.created_at), "content": said.content}


def _time(seconds: float) -> str:
    """Unix time as ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


HANDLERS: Mapping[type, Handler] = {
    FetchHistoryList: _list,
    FetchAndSetHistory: _go_on,
    CreateNewHistory: _create,
    DeleteHistory: _delete,
}
