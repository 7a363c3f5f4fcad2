"""Which tools the avatar waits for: while one runs, nothing else need come of its reply."""

from __future__ import annotations

from ...core.events import SessionEvent, ToolUsed, TurnEnded, TurnStarted
from ...core.tool_use import ToolStatus


class Calls:
    """Of one client; ``observe`` is told what happens in its sessions. Pure."""

    def __init__(self) -> None:
        self._running: set[str] = set()

    @property
    def running(self) -> bool:
        """Whether there is a call that has begun and not ended."""
        return bool(self._running)

    def observe(self, event: SessionEvent) -> None:
        if isinstance(event, TurnStarted | TurnEnded):
            self._running.clear()  # a call whose turn is interrupted is not told of again
        elif isinstance(event, ToolUsed):
            (self._running.add if event.status is ToolStatus.RUNNING else self._running.discard)(event.id)
