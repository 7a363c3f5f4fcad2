"""What a character of a group has heard, on its way into its own conversation."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.types import UserInput
from ...orchestrator.conversation import Conversation
from ...orchestrator.session import Session
from .client import Client


@dataclass(frozen=True, slots=True)
class Memory:
    """What is to be put into a conversation, though nobody answers it."""

    history: Conversation
    by: Session
    lines: tuple[UserInput, ...]

    async def write(self) -> None:
        """What the file does not take is kept with the conversation, and written later."""
        for line in self.lines:
            await self.history.add(line, "", by=self.by)


def memory_of(client: Client, *lines: UserInput) -> Memory:
    """In the conversation that the client is in at the moment."""
    return Memory(client.session.history, client.session, lines)
