"""Replies in text: to whoever asks by HTTP, WebSocket or gRPC, from a character or a raw model, within a conversation or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from ..core.types import FinishReason, Generation, Message, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from .caller import Caller
from .doors import Doors


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


@dataclass(frozen=True, slots=True)
class Done:
    """The reply is complete and, within a conversation, kept."""

    finish: FinishReason
    usage: Usage
    model: str
    """The id of what answered, as the list of models has it."""
    message_ids: tuple[int | None, int | None] = (None, None)
    """Of the user's message and the reply, within a conversation."""
    estimated: bool = False
    """The model's server counted no tokens; ``usage`` is an estimate."""


ChatEvent = TextDelta | ReasoningDelta | ToolCallDelta | Done
"""A reply is any number of deltas, then one Done."""


class ChatService:
    """One per server. It holds nothing of its callers."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def reply(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[ChatEvent, None]:
        """The reply as it comes. Closing this closes the model's connection; what was given out until then is kept in the
        conversation as interrupted.

        Raises Problem, ProviderError, AllProvidersFailed, CapacityError and StoreError: before the first event, or later.
        """
        raise NotImplementedError
        yield
