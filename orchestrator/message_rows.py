"""Messages as rows: what is kept of each, and the way through their tree. All of it runs on the database's thread."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..core.types import Image, Message, ToolCall

_ANCESTORS = """
WITH RECURSIVE way (id, parent, place) AS (
  SELECT id, parent, 1 FROM messages WHERE session = :session AND id = :start
  UNION ALL
  SELECT older.id, older.parent, place + 1 FROM way JOIN messages AS older ON older.id = way.parent
  WHERE older.session = :session AND place < :most
)
"""
_DESCENDANTS = """
WITH RECURSIVE below (id) AS (
  SELECT id FROM messages WHERE session = :session AND id = :start
  UNION ALL
  SELECT newer.id FROM below JOIN messages AS newer ON newer.session = :session AND newer.parent = below.id
)
"""
_LONGEST = 1 << 40
"""No way has so many messages."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message in its place in the tree."""

    id: int | None
    """None: it could not be written yet."""
    parent: int | None
    message: Message
    status: str | None
    """Of a reply: ``completed``, ``interrupted`` or ``failed``."""
    created_at: float
    """Unix time in s; no two messages of a conversation have the same."""
    siblings: tuple[int, ...] = ()
    """The messages of the same role with the same parent, itself included, oldest first."""


def ancestors(connection: sqlite3.Connection, session: int, start: int | None, most: int) -> list[StoredMessage]:
    """The way to ``start``, itself included, oldest first, at most so many."""
    query = f"{_ANCESTORS} SELECT messages.* FROM way JOIN messages USING (id) ORDER BY place DESC"
    rows = connection.execute(query, {"session": session, "start": start, "most": most}).fetchall()
    return [with_siblings(connection, session, _message(row)) for row in rows]


def way_length(connection: sqlite3.Connection, session: int, start: int | None) -> int:
    query = f"{_ANCESTORS} SELECT count(*) FROM way"
    return connection.execute(query, {"session": session, "start": start, "most": _LONGEST}).fetchone()[0]


def way_ids(connection: sqlite3.Connection, session: int, start: int | None, most: int) -> list[int]:
    """The ids on the way to ``start``, itself included, newest first, at most so many."""
    query = f"{_ANCESTORS} SELECT id FROM way ORDER BY place"
    return [row[0] for row in connection.execute(query, {"session": session, "start": start, "most": most})]


def newest_below(connection: sqlite3.Connection, session: int, start: int) -> int | None:
    """The newest message under ``start``, or itself: always one that nothing was said after. None: there is no such message."""
    query = f"{_DESCENDANTS} SELECT max(id) FROM below"  # what is said later has the greater id
    return connection.execute(query, {"session": session, "start": start}).fetchone()[0]


def found(connection: sqlite3.Connection, session: int, message: int | None) -> StoredMessage | None:
    row = connection.execute("SELECT * FROM messages WHERE session = ? AND id = ?", (session, message)).fetchone()
    return _message(row) if row else None


def with_siblings(connection: sqlite3.Connection, session: int, stored: StoredMessage) -> StoredMessage:
    rows = connection.execute(
        "SELECT id FROM messages WHERE session = ? AND parent IS ? AND role = ? ORDER BY id",
        (session, stored.parent, stored.message.role),
    )
    return replace(stored, siblings=tuple(row[0] for row in rows))


def written(
    connection: sqlite3.Connection, session: int, parent: int | None, messages: Iterable[StoredMessage]
) -> list[tuple[StoredMessage, bool]]:
    """The messages with their ids, one under the other, and whether each is new: those that are there already, by their
    time, are left as they are."""
    done: list[tuple[StoredMessage, bool]] = []
    for stored in messages:
        before = _written_before(connection, session, stored)
        saved = before or _inserted(connection, session, parent, stored)
        if before is None:
            parent = saved.id
        done.append((with_siblings(connection, session, saved), before is None))
    return done


def _written_before(connection: sqlite3.Connection, session: int, stored: StoredMessage) -> StoredMessage | None:
    row = connection.execute(
        "SELECT * FROM messages WHERE session = ? AND created_at = ?", (session, stored.created_at)
    ).fetchone()
    return _message(row) if row else None


def _inserted(connection: sqlite3.Connection, session: int, parent: int | None, stored: StoredMessage) -> StoredMessage:
    message = stored.message
    values = (
        session,
        parent,
        message.role,
        storable(message.content),
        storable(message.viewer) if message.viewer is not None else None,
        _extra(message),
        stored.status,
        stored.created_at,
    )
    cursor = connection.execute(
        "INSERT INTO messages (session, parent, role, content, viewer, extra, status, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return replace(stored, id=cursor.lastrowid, parent=parent)


def storable(text: str) -> str:
    """The text without halves of surrogate pairs, which no file can hold: a question mark stands for each."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _extra(message: Message) -> str | None:
    extra: dict[str, Any] = {}
    if message.images:
        extra["images"] = [{"url": image.url, "detail": image.detail} for image in message.images]
    if message.tool_calls:
        extra["tool_calls"] = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in message.tool_calls]
    if message.tool_call_id is not None:
        extra["tool_call_id"] = message.tool_call_id
    return json.dumps(extra) if extra else None


def _message(row: tuple[Any, ...]) -> StoredMessage:
    id_, _, parent, role, content, viewer, extra_text, status, created_at = row
    extra = json.loads(extra_text) if extra_text else {}
    message = Message(
        role,
        content,
        viewer,
        tuple(Image(image["url"], image["detail"]) for image in extra.get("images", ())),
        tuple(ToolCall(call["id"], call["name"], call["arguments"]) for call in extra.get("tool_calls", ())),
        extra.get("tool_call_id"),
    )
    return StoredMessage(id_, parent, message, status, created_at)
