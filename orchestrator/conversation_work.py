"""What a conversation asks of its file, a piece of work each. All of it runs on the database's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from ..core.errors import HayakuchiError
from ..core.types import UserInput
from .conversation_rows import Identity, Row, appended, move_head, row_of
from .message_rows import StoredMessage, ancestors, found, newest_below, way_ids

T = TypeVar("T")
Step = Callable[[sqlite3.Connection, Row], tuple[int | None, T]]
"""Where the history is to end, and what the caller is to know of it. Raises NoSuchMessage."""
Window = list[StoredMessage]

WINDOW = 200
"""The newest messages of a history, which are kept at hand."""


class NoSuchMessage(HayakuchiError):
    """The message is none of this conversation, or nothing was asked there."""

    code = "no_such_message"


def loaded(connection: sqlite3.Connection, who: Identity, now: float) -> Window:
    """The newest messages of a conversation, which is made when there is none."""
    row = row_of(connection, who, now)
    return ancestors(connection, row.id, row.head, WINDOW)


def added(
    connection: sqlite3.Connection, who: Identity, messages: Window, now: float, reload: bool
) -> tuple[Window, Window | None]:
    """Write the messages at the end of the history; the messages with their ids, and the newest of the history if wanted."""
    saved = appended(connection, who, messages, now)
    return saved, loaded(connection, who, now) if reload else None


def moved(connection: sqlite3.Connection, who: Identity, step: Step[T], now: float) -> tuple[T, Window]:
    """End the history elsewhere; what the step says, and the newest messages of what is the history then."""
    row = row_of(connection, who, now)
    head, said = step(connection, row)
    move_head(connection, row, head, now)
    return said, loaded(connection, who, now)


def before_last(count: int, connection: sqlite3.Connection, row: Row) -> tuple[int | None, int]:
    """Before the newest ``count`` messages; how many that are."""
    ids = way_ids(connection, row.id, row.head, count) if count > 0 else []
    oldest = found(connection, row.id, ids[-1]) if ids else None
    return (oldest.parent if oldest else row.head), len(ids)


def before_question(message: int | None, connection: sqlite3.Connection, row: Row) -> tuple[int | None, UserInput]:
    """Before what a user said in this message, or was answered by it; what that was. None: the newest message."""
    at = found(connection, row.id, row.head if message is None else message)
    if at is None:
        raise NoSuchMessage("nothing was said yet" if message is None else f"there is no message {message} here")
    while at.message.role != "user":
        above = found(connection, row.id, at.parent)
        if above is None:
            raise NoSuchMessage("that message answers nobody")
        at = above
    said = at.message
    return at.parent, UserInput(said.content, said.viewer, images=said.images)


def newest_after(message: int, connection: sqlite3.Connection, row: Row) -> tuple[int | None, None]:
    """The newest message that was said after this one, or in its place when there is none."""
    newest = newest_below(connection, row.id, message)
    if newest is None:
        raise NoSuchMessage(f"there is no message {message} here")
    return newest, None


def ending_with(message: int, connection: sqlite3.Connection, row: Row) -> tuple[int | None, None]:
    """This message, whatever was said after it."""
    if found(connection, row.id, message) is None:
        raise NoSuchMessage(f"there is no message {message} here")
    return message, None


def checked(connection: sqlite3.Connection, who: Identity, message: int) -> None:
    """Raises NoSuchMessage when there is none of that id in the conversation."""
    query = "SELECT 1 FROM messages JOIN sessions ON sessions.id = session WHERE messages.id = ? AND uid = ?"
    if connection.execute(query, (message, who.uid)).fetchone() is None:
        raise NoSuchMessage(f"there is no message {message} here")


def entries_of(connection: sqlite3.Connection, who: Identity, limit: int, before: int | None) -> Window:
    """The newest messages of the history, or those before one of its messages. Raises NoSuchMessage."""
    found_row = connection.execute("SELECT id, head, title FROM sessions WHERE uid = ?", (who.uid,)).fetchone()
    if found_row is None:
        return []
    row = Row(*found_row)
    start = row.head
    if before is not None:
        at = found(connection, row.id, before)
        if at is None:
            raise NoSuchMessage(f"there is no message {before} here")
        start = at.parent
    return ancestors(connection, row.id, start, limit)
