"""How far a call of a tool is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ToolStatus(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How far a call of one of the character's own tools is. It begins when the reader asks for what follows RUNNING."""

    id: str
    """Of the call, the same in all that is told of it."""
    name: str
    status: ToolStatus
    content: str
    """RUNNING: the arguments, as the model wrote them; COMPLETED: the result; ERROR: what went wrong."""
