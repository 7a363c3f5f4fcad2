"""What the characters of a group have heard, on its way into their own conversations."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
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
    lines: deque[UserInput]

    async def write(self) -> None:
        """Each line once, however often this is called. What the file does not take is kept with the conversation, and
        written later."""
        while self.lines:
            await self.history.add(self.lines.popleft(), "", by=self.by)


def memory_of(client: Client, lines: Iterable[UserInput]) -> Memory:
    """In the conversation that the client is in at the moment. A deque stays the caller's, too."""
    return Memory(client.session.history, client.session, lines if isinstance(lines, deque) else deque(lines))


class Overheard:
    """What the members have heard, and their memories do not hold yet."""

    def __init__(self) -> None:
        self._lines: dict[Client, deque[UserInput]] = {}

    def join(self, client: Client) -> None:
        self._lines[client] = deque()

    def leave(self, client: Client) -> deque[UserInput]:
        """What it has heard; it hears nothing more."""
        return self._lines.pop(client)

    def of(self, client: Client) -> deque[UserInput]:
        """What is taken out of it is remembered elsewhere."""
        return self._lines[client]

    def hear(self, line: UserInput, members: Iterable[Client]) -> None:
        for member in members:
            self._lines[member].append(line)

    async def write(self) -> None:
        """Put all of it into the memories."""
        for client, lines in tuple(self._lines.items()):
            await memory_of(client, lines).write()
