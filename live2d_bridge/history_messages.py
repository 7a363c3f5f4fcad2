"""What a page may ask of the history. Messages are named by the ``id`` that the history gives them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessageEdit:
    """What was said in this message is said anew, in other words; what was said since is another branch."""

    message: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyRegenerate:
    """The last message is to be answered once more."""


@dataclass(frozen=True, slots=True)
class HistoryRollback:
    """The newest ``count`` messages are to go."""

    count: int


@dataclass(frozen=True, slots=True)
class BranchSelect:
    """The branch with this message is to be gone on with."""

    message: int
