"""What a caller of the API asks for when it asks for a reply."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...core.types import Generation, Message


@dataclass(frozen=True, slots=True)
class Rewind:
    """The conversation goes back first: to before this message, or before the user's message that this one answers."""

    message: int | None = None
    """None: the last one."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked for. Within a ``session`` the history is the conversation's, and only the last message is new."""

    model: str
    """A character or a raw model; ``default`` or empty: the character on stage."""
    messages: tuple[Message, ...]
    """May be empty with ``rewind``: what was said there is said again."""
    generation: Generation = field(default_factory=Generation)
    session: str | None = None
    user: str | None = None
    """Name of who speaks, where it is known."""
    disable_quick_response: bool = False
    whole_reply: bool = False
    """Nobody reads before the reply is complete: no quick reply is asked for."""
    speak: bool = False
    """The avatar of the session's room says it; the deltas are its segments."""
    rewind: Rewind | None = None

    @property
    def new(self) -> tuple[Message, ...]:
        """The messages that count: within a session the instructions and the last one."""
        if self.session is None:
            return self.messages
        return tuple(one for one in self.messages[:-1] if one.role == "system") + self.messages[-1:]
