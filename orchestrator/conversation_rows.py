"""Conversations as rows: their names and titles, and where each one's history ends. All of it runs on the database's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .message_rows import StoredMessage, storable, way_ids, way_length, written

TITLE = 60
"""Characters of a title that is made of what was said first."""
LATEST = 300
"""Characters of the newest message that a list of conversations tells."""

_SUMMARY = "name, uid, title, character, sessions.created_at, updated_at, messages"


@dataclass(frozen=True, slots=True)
class Latest:
    """The message that a history ends with."""

    role: str
    content: str
    """Its beginning."""
    created_at: float
    """Unix time in s."""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """What a list of conversations tells of one."""

    name: str
    uid: str
    """Unlike that of every other one, also of one that had this name before."""
    title: str
    character: str
    created_at: float
    """Unix time in s."""
    updated_at: float
    messages: int
    """How many there are in its history."""
    latest: Latest | None = None
    """In lists; None where nothing was said."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a conversation is known by."""

    owner: str
    name: str
    uid: str
    character: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation's place in the file."""

    id: int
    head: int | None
    title: str


def row_of(connection: sqlite3.Connection, who: Identity, now: float) -> Row:
    """The conversation's row; made when there is none."""
    query = "SELECT id, head, title FROM sessions WHERE uid = ?"
    found = connection.execute(query, (who.uid,)).fetchone()
    if found is None:
        connection.execute(
            "INSERT INTO sessions (uid, owner, name, character, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (who.uid, who.owner, who.name, storable(who.character), storable(who.title), now, now),
        )
        found = connection.execute(query, (who.uid,)).fetchone()
    return Row(*found)


def summary_of(connection: sqlite3.Connection, owner: str, name: str) -> ConversationSummary | None:
    query = f"SELECT {_SUMMARY} FROM sessions WHERE owner = ? AND name = ?"
    found = connection.execute(query, (owner, name)).fetchone()
    return ConversationSummary(*found) if found else None


def summaries(
    connection: sqlite3.Connection, owner: str, limit: int, before: float | None, characters: Sequence[str] = ()
) -> list[ConversationSummary]:
    """Those used last come first; ``before``: only those used earlier than that; ``characters``: only those with these."""
    theirs = f" AND character IN ({', '.join('?' * len(characters))})" if characters else ""
    query = (
        f"SELECT {_SUMMARY}, role, substr(content, 1, {LATEST}), said.created_at"
        " FROM sessions LEFT JOIN messages AS said ON said.id = head"
        f" WHERE owner = ? AND updated_at < ?{theirs} ORDER BY updated_at DESC LIMIT ?"
    )
    known = [storable(character) for character in characters]
    rows = connection.execute(query, (owner, float("inf") if before is None else before, *known, limit))
    return [
        replace(ConversationSummary(*row[:-3]), latest=Latest(*row[-3:]) if row[-3] is not None else None)
        for row in rows
    ]


def appended(
    connection: sqlite3.Connection, who: Identity, messages: list[StoredMessage], now: float
) -> list[StoredMessage]:
    """Write the messages at the end of the conversation's history, and name it by the first of them if it has no name."""
    row = row_of(connection, who, now)
    saved = written(connection, row.id, row.head, messages)
    inserted = [stored.id for stored, is_new in saved if is_new]
    title = row.title or next((title_of(m.message.content) for m in messages if m.message.role == "user"), "")
    connection.execute(
        "UPDATE sessions SET head = ?, messages = messages + ?, title = ?, updated_at = ? WHERE id = ?",
        (inserted[-1] if inserted else row.head, len(inserted), title, now, row.id),
    )
    return [stored for stored, _ in saved]


def move_head(connection: sqlite3.Connection, row: Row, head: int | None, now: float) -> None:
    """The history ends with ``head``; a message that is not there ends none."""
    length = way_length(connection, row.id, head)
    connection.execute(
        "UPDATE sessions SET head = ?, messages = ?, updated_at = ? WHERE id = ?",
        (head if length else None, length, now, row.id),
    )


def rename(connection: sqlite3.Connection, who: Identity, title: str, now: float) -> None:
    row = row_of(connection, who, now)
    connection.execute("UPDATE sessions SET title = ? WHERE id = ?", (storable(title), row.id))


def title_of(text: str) -> str:
    """The first words of a text, as a title."""
    line = " ".join(storable(text).split())
    if len(line) <= TITLE:
        return line
    words = line[:TITLE].rpartition(" ")[0]
    return f"{words or line[: TITLE - 1]}…"


def last_use(connection: sqlite3.Connection) -> float:
    """The latest time in the file; 0 in an empty one."""
    return connection.execute(
        "SELECT max(coalesce((SELECT max(updated_at) FROM sessions), 0), coalesce((SELECT max(created_at) FROM messages), 0))"
    ).fetchone()[0]


def overdue(connection: sqlite3.Connection, before: float, most: int, nobody: str) -> list[tuple[str, str]]:
    """Owner and name of the conversations that were not used since ``before``, of those beyond ``most`` of one owner, and of
    those that are nobody's. Of too many those go first in which nothing was ever said: opening one costs nothing."""
    said = "EXISTS (SELECT 1 FROM messages WHERE session = sessions.id)"
    place = f"row_number() OVER (PARTITION BY owner ORDER BY {said} DESC, updated_at DESC) AS place"
    return connection.execute(
        f"SELECT owner, name FROM (SELECT owner, name, updated_at, {place} FROM sessions)"
        " WHERE updated_at < ? OR place > ? OR owner = ? ORDER BY updated_at",
        (before, most, nobody),
    ).fetchall()


def hide(connection: sqlite3.Connection, owner: str, name: str, nobody: str) -> int | None:
    """Take a conversation from its owner, so that it is gone at once for everybody; its row. None: there is none."""
    found = connection.execute("SELECT id FROM sessions WHERE owner = ? AND name = ?", (owner, name)).fetchone()
    if found is None:
        return None
    connection.execute("UPDATE sessions SET owner = ?, name = uid WHERE id = ?", (nobody, *found))
    return found[0]


def forget_some(connection: sqlite3.Connection, session: int, at_most: int) -> bool:
    """Delete some messages of a conversation, or, when it has none left, the conversation. Whether there is more to delete."""
    gone = connection.execute(
        "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE session = ? LIMIT ?)", (session, at_most)
    ).rowcount
    if not gone:
        connection.execute("DELETE FROM sessions WHERE id = ?", (session,))
    return bool(gone)


def too_long(connection: sqlite3.Connection, most: int) -> list[int]:
    """The rows that have more than ``most`` messages, those of all branches counted."""
    query = "SELECT session FROM messages GROUP BY session HAVING count(*) > ?"
    return [row[0] for row in connection.execute(query, (most,))]


def shorten_some(connection: sqlite3.Connection, session: int, most: int, at_most: int) -> bool:
    """Delete some of the oldest messages, while there are more than ``most`` and not of the newest ``most`` of the history.
    Whether there may be more to delete."""
    (count,) = connection.execute("SELECT count(*) FROM messages WHERE session = ?", (session,)).fetchone()
    found = connection.execute("SELECT head FROM sessions WHERE id = ?", (session,)).fetchone()
    if found is None or count <= most:
        return False
    kept = way_ids(connection, session, found[0], most)
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM temp.kept")
    connection.executemany("INSERT INTO temp.kept VALUES (?)", [(id_,) for id_ in kept])
    gone = connection.execute(
        "DELETE FROM messages WHERE id IN (SELECT id FROM messages"
        " WHERE session = ? AND id NOT IN (SELECT id FROM temp.kept) ORDER BY id LIMIT ?)",
        (session, min(at_most, count - most)),
    ).rowcount
    length = way_length(connection, session, found[0])
    connection.execute("UPDATE sessions SET messages = ? WHERE id = ?", (length, session))
    return gone > 0
