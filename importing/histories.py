"""Conversations of Open-LLM-VTuber: ``chat_history/CHARACTER/NAME.json``, a list of messages each."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..core.types import Message
from ..orchestrator.message_rows import StoredMessage, storable
from ..orchestrator.unique_clock import STEP_S
from .folder_files import FolderFiles, Unreadable

FOLDER = "chat_history"
LARGEST = 16_000_000
"""Bytes of one conversation."""
LONGEST_VIEWER = 60
LONGEST_OWNER = 60
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)_(\d\d)-(\d\d)-(\d\d)", re.ASCII)
_NOBODY = frozenset({"human", "user", "you"})
"""Names that stand for whoever it was."""
_AHEAD_S = 86_400.0
"""What claims to be later than tomorrow is no time; what is less ahead was written in another zone, and counts as just said.
The clock of the store never goes behind what is in it, and what is old by that clock is forgotten."""


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """Where a conversation is, and what it is called."""

    path: Path
    conf_uid: str
    name: str
    """Fits the names of our conversations; the same file has the same name every time."""

    @property
    def owner(self) -> str:
        """What its folder is called, as something that can be shown."""
        kept = "".join(char if char.isprintable() else " " for char in self.conf_uid)
        return " ".join(kept.split())[:LONGEST_OWNER] or FOLDER

    @property
    def place(self) -> str:
        """Where it is in their folder, for people."""
        return f"{FOLDER}/{self.conf_uid}/{self.path.name}"


@dataclass(frozen=True, slots=True)
class History:
    """A conversation that was read."""

    messages: tuple[StoredMessage, ...]
    """In the file's order; each later than the one before, whatever the file says."""
    created_at: float
    """Unix time in s."""
    unknown: int
    """What is in the file and no message."""

    @property
    def used_at(self) -> float:
        return self.messages[-1].created_at if self.messages else self.created_at


def history_files(files: FolderFiles) -> Iterator[HistoryFile]:
    """All that look like it, sorted, with names of which no two are the same. Raises Unreadable."""
    used: set[str] = set()
    for folder in files.folders(FOLDER):
        for path in files.below(f"{FOLDER}/{folder.name}", ".json"):
            name = path.stem if _NAME.fullmatch(path.stem) else _digest(path.stem)
            if name in used:
                name = _digest(f"{folder.name}/{path.stem}")
            used.add(name)
            yield HistoryFile(path, folder.name, name)


def read_history(files: FolderFiles, file: HistoryFile) -> History:
    """Raises Unreadable."""
    document = files.json(file.path, LARGEST)
    if not isinstance(document, list):
        raise Unreadable("it is no list of messages")
    metadata = next((item for item in document if isinstance(item, Mapping) and item.get("role") == "metadata"), {})
    created = _time(metadata.get("timestamp"))
    if created is None:
        created = _time_in(file.path.stem)
    messages: list[StoredMessage] = []
    unknown = 0
    for item in document:
        if isinstance(item, Mapping) and item.get("role") == "metadata":
            continue
        taken = _taken(item, messages, created or 0.0)
        unknown += not taken
    first = messages[0].created_at if messages else 0.0
    return History(tuple(messages), min(filter(None, (created, first)), default=0.0), unknown)


def _taken(item: Any, messages: list[StoredMessage], created: float) -> bool:
    """Put it behind the others, or do to the last one what it says; whether it could be understood."""
    if not isinstance(item, Mapping) or not isinstance(item.get("content"), str):
        return False
    role, content = item.get("role"), storable(item["content"]).replace("\0", "")
    if role == "system" and messages and messages[-1].message.role == "assistant":
        last = messages.pop()
        messages.append(StoredMessage(None, None, last.message, "interrupted", last.created_at))
        return True
    if role not in ("human", "ai") or not content.strip():
        return False
    earliest = messages[-1].created_at + STEP_S if messages else created
    at = max(_time(item.get("timestamp")) or earliest, earliest if messages else 0.0)
    if role == "human":
        messages.append(StoredMessage(None, None, Message("user", content, _viewer(item.get("name"))), None, at))
    else:
        messages.append(StoredMessage(None, None, Message("assistant", content), "completed", at))
    return True


def _viewer(name: Any) -> str | None:
    text = " ".join(storable(name).split())[:LONGEST_VIEWER] if isinstance(name, str) else ""
    return None if text.casefold() in _NOBODY else text or None


def _time(text: Any) -> float | None:
    """Unix time in s, never ahead; what has no zone is of this computer's."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        at = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    now = time.time()
    return min(at, now) if 0 < at < now + _AHEAD_S else None


def _time_in(name: str) -> float | None:
    found = _DATE.search(name)
    return _time(f"{found[1]}T{found[2]}:{found[3]}:{found[4]}") if found else None


def _digest(text: str) -> str:
    return f"imported-{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"
