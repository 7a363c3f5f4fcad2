"""Turns that run, and how they are ended: the one that has the floor, and one that may run ahead of its confirmation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ..core.database import StoreError
from ..core.types import UserInput
from .commands import Command, Interrupt, Revise, Say
from .conversation import Conversation, NoSuchMessage
from .turn import Turn


@dataclass(slots=True)
class Running:
    """A turn and the task that runs it."""

    turn: Turn
    task: asyncio.Task[None]

    def answers(self, heard: UserInput) -> bool:
        """Whether it answers this, and may still be begun."""
        return self.turn.heard == heard and self.turn.alive and not self.task.done()

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
    if ahead is not None and isinstance(command, Say) and ahead.answers(command.heard):
        return ahead
    await over(ahead)
    return None


async def revised(
    history: Conversation, command: Revise, running: Running | None, ahead: Running | None
) -> Say | Interrupt | None:
    """Change the history when all that runs has ended; what is to be done then. None: it was refused."""
    try:
        await command.revision.check(history)
        await over(running)
        await over(ahead)
        heard = await command.revision.apply(history)
    except (NoSuchMessage, StoreError) as error:
        command.refused(error)
        return None
    return Say(heard, command.at) if heard is not None else Interrupt()
