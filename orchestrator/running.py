"""Turns that run, and how they are ended: the one that has the floor, and one that may run ahead of its confirmation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from .commands import Command, Say
from .turn import Turn


@dataclass(slots=True)
class Running:
    """A turn and the task that runs it."""

    turn: Turn
    task: asyncio.Task[None]

    async def ended(self) -> None:
        """Cancel the turn and wait until nothing of it runs any more."""
        if not self.task.done():
            self.task.cancel()
            await asyncio.wait([self.task])


async def over(running: Running | None) -> None:
    """End a turn, if there is one."""
    if running is not None:
        await running.ended()


async def kept(ahead: Running | None, command: Command) -> Running | None:
    """The turn that ran ahead, if it answers what was said and is well; else it is ended, and has never been."""
    said = command.heard if isinstance(command, Say) else None
    if ahead and said == ahead.turn.heard and ahead.turn.alive and not ahead.task.done():
        return ahead
    await over(ahead)
    return None
