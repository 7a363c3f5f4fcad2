"""The conversations that lie in Open-LLM-VTuber's folder: read once, to tell what cannot be taken over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .folder_files import FolderFiles, Unreadable
from .histories import FOLDER, History, HistoryFile, history_files, read_history
from .notes import Notes

MOST = 50_000

Tell = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Conversations:
    """Those that can be read, last used first."""

    files: tuple[HistoryFile, ...] = ()
    messages: int = 0


def conversations_in(files: FolderFiles, notes: Notes, tell: Tell) -> Conversations:
    """Never raises for what is in them."""
    try:
        found = list(history_files(files))
        loose = sum(1 for _ in files.below(FOLDER, ".json"))
    except Unreadable as error:
        notes.not_possible(FOLDER, str(error), "the rest is taken over")
        return Conversations()
    if loose:
        what = f"{loose} files that lie in no character's folder are no conversations"
        notes.not_possible(FOLDER, what, f"move them into one, such as {FOLDER}/NAME")
    if len(found) > MOST:
        notes.not_possible(FOLDER, f"{len(found) - MOST} conversations beyond the first {MOST}")
    good: list[tuple[float, HistoryFile]] = []
    messages = 0
    for number, file in enumerate(found[:MOST]):
        tell("conversations read", number, len(found))
        history = _looked_at(files, file, notes)
        if history is not None:
            good.append((history.used_at, file))
            messages += len(history.messages)
    good.sort(key=lambda one: (-one[0], one[1].name))
    if good:
        notes.taken(FOLDER, f"{len(good)} conversations with {messages} messages")
    return Conversations(tuple(file for _, file in good), messages)


def _looked_at(files: FolderFiles, file: HistoryFile, notes: Notes) -> History | None:
    """None: there is nothing to take."""
    source = file.place
    try:
        history = read_history(files, file)
    except Unreadable as error:
        notes.not_possible(source, str(error), "it is passed over; the others are taken over")
        return None
    if history.unknown:
        notes.not_possible(source, f"{history.unknown} entries in it are no messages", "the others are taken over")
    if not history.messages:
        notes.left_out(source, "nothing was said in it")
        return None
    return history
