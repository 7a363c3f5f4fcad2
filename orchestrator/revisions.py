"""What may be changed of a history from the stage. Whatever is being spoken ends first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from ..core.types import UserInput
from .conversation import Conversation


class Revision(Protocol):
    """A change of a history."""

    async def check(self, history: Conversation) -> None:
        """Before anything ends: raises NoSuchMessage for what cannot be, and StoreError."""
        ...

    async def apply(self, history: Conversation) -> UserInput | None:
        """Change it; what is to be answered then. Raises NoSuchMessage, StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Edited:
    """A user's message is said anew, in other words."""

    message: int
    text: str

    async def check(self, history: Conversation) -> None:
        await history.check(self.message)

    async def apply(self, history: Conversation) -> UserInput | None:
        return replace(await history.rewind_to(self.message), text=self.text)


@dataclass(frozen=True, slots=True)
class Regenerated:
    """The last message is answered once more."""

    async def check(self, history: Conversation) -> None:
        """It is known only when what is being spoken has ended."""

    async def apply(self, history: Conversation) -> UserInput | None:
        return await history.rewind_to()


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The newest messages go."""

    count: int

    async def check(self, history: Conversation) -> None:
        """Any number of messages may go."""

    async def apply(self, history: Conversation) -> UserInput | None:
        await history.rollback(self.count)
        return None


@dataclass(frozen=True, slots=True)
class Selected:
    """Another branch is gone on with."""

    message: int

    async def check(self, history: Conversation) -> None:
        await history.check(self.message)

    async def apply(self, history: Conversation) -> UserInput | None:
        await history.select(self.message)
        return None
