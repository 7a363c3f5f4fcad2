"""What of a request a model is to read: pure functions on messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...core.types import Message
from ..api.problem import Problem


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages as a character is told of them."""

    instructions: str
    """What the caller adds to the system prompt."""
    history: tuple[Message, ...]
    heard: Message | None
    """What is to be answered; None: the reply goes on from the history, whose end is no user's."""


def prompt_of(messages: Sequence[Message]) -> Prompt:
    """Sort messages. An instruction at the very end is what is to be answered: some clients ask for a reply that way."""
    last = messages[-1] if messages else None
    heard = None if last is None or last.role in ("assistant", "tool") else last
    before = messages if heard is None else messages[:-1]
    told = [message.content for message in before if message.role == "system" and message.content.strip()]
    return Prompt("\n\n".join(told), tuple(message for message in before if message.role != "system"), heard)


def length(messages: Sequence[Message]) -> int:
    """Characters that a model is to read."""
    return sum(len(one.content) + sum(len(call.arguments) for call in one.tool_calls) for one in messages)


def fitting(messages: Sequence[Message], most: int, long_prompts: Literal["trim", 413, 422]) -> tuple[Message, ...]:
    """The messages, ``most`` characters of them at most.

    Where they are to be trimmed the oldest exchanges go first, each with its tool calls and their results, then instructions,
    then the beginning of the last message. Raises Problem when they are not to be, or when what must stay is too long.
    """
    excess = length(messages) - most
    if excess <= 0:
        return tuple(messages)
    if long_prompts != "trim":
        raise _too_long(long_prompts, length(messages), most)
    turn = _last_turn(messages)
    dropped: set[int] = set()
    for index in sorted(range(turn), key=lambda index: messages[index].role == "system"):
        if excess <= 0 and not _orphan(messages[index]):
            break
        dropped.add(index)
        excess -= length([messages[index]])
    kept = [message for index, message in enumerate(messages) if index not in dropped]
    if excess > 0:
        last = kept[-1]
        if excess >= len(last.content):
            raise _too_long(413, length(messages), most)
        kept[-1] = replace(last, content=last.content[excess:])
    return tuple(kept)


def _last_turn(messages: Sequence[Message]) -> int:
    """Index of the message that the last user's turn begins with: it stays, and so does what follows."""
    users = [index for index, message in enumerate(messages) if message.role == "user"]
    last = len(messages) - 1
    return users[-1] if users and messages[-1].role in ("user", "assistant", "tool") else last


def _orphan(message: Message) -> bool:
    """Whether it makes no sense without what stood before it."""
    return message.role in ("tool", "assistant")


def _too_long(status: int, found: int, most: int) -> Problem:
    message = f"the messages have {found} characters, and {most} is the limit; send fewer or shorter ones"
    return Problem(status, message, "prompt_too_long", "messages")
