"""What of a conversation a model is shown: the latest exchanges, in an order that every server takes. Pure.

A call of a tool and the answers to it stay together: servers refuse one without the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..core.types import Message

PICTURES = 8
"""Pictures of messages that nobody has answered yet, at most, that are shown with the next one."""


def recalled(history: Sequence[Message]) -> list[Message]:
    """A conversation as its model is reminded of it: of a picture that was answered a note is left, since it would be sent, and
    paid for, with every message to come. The newest of what was not answered yet are shown: the answer will be to them, too."""
    told: list[Message] = []
    left = PICTURES
    for message in reversed(history):
        many = len(message.images)
        shown = message.role == "user" and many <= left
        left = left - many if shown else 0
        told.append(message if shown or not many else _noted(message))
    return told[::-1]


def bounded(history: Sequence[Message], max_messages: int, max_chars: int) -> list[Message]:
    """The latest exchanges that fit both bounds.

    An exchange is what users said and what was answered, calls of tools included; it is kept or dropped as a whole, the oldest
    first. One that ends with a tool's answer is not over yet, and is kept whatever its size. What was said before anybody
    asked, such as the opening line, is one of its own. Empty messages and system messages are left out.
    """
    kept: list[Message] = []
    chars = 0
    for exchange in reversed(_exchanges(history)):
        chars += sum(map(_size, exchange))
        goes_on = not kept and exchange[-1].role == "tool"
        if not goes_on and (len(kept) + len(exchange) > max_messages or chars > max_chars):
            break
        kept[:0] = exchange
    return kept


def says_something(message: Message) -> bool:
    return bool(message.content.strip() or message.images or message.tool_calls)


def joined(first: Message, second: Message) -> Message | None:
    """Two neighbours of the same role as one message; None where they must stay two."""
    if first.role != second.role or first.role == "tool" or first.tool_calls:
        return None
    content = "\n".join(filter(None, (first.content, second.content)))
    return Message(first.role, content, images=first.images + second.images, tool_calls=second.tool_calls)


def _noted(message: Message) -> Message:
    """With words in place of its pictures."""
    many = len(message.images)
    note = "[picture]" if many == 1 else f"[{many} pictures]"
    return replace(message, content=f"{message.content} {note}".strip(), images=())


def _size(message: Message) -> int:
    return len(message.content) + sum(len(call.name) + len(call.arguments) for call in message.tool_calls)


def _exchanges(history: Sequence[Message]) -> list[list[Message]]:
    exchanges: list[list[Message]] = []
    previous = None
    for message in _paired(history):
        if not exchanges or (message.role == "user" and previous != "user"):
            exchanges.append([])
        exchanges[-1].append(message)
        previous = message.role
    return exchanges


def _paired(history: Sequence[Message]) -> Iterator[Message]:
    """The messages without what nobody may be shown: calls that were not answered, answers that nobody called for."""
    index = 0
    while index < len(history):
        message = history[index]
        index += 1
        if message.role == "tool" or message.role == "system":
            continue
        answers: list[Message] = []
        if message.tool_calls:
            while index < len(history) and history[index].role == "tool":
                answers.append(history[index])
                index += 1
        given = {answer.tool_call_id: answer for answer in answers}
        calls = tuple(call for call in message.tool_calls if call.id in given)
        shown = message if calls == message.tool_calls else replace(message, tool_calls=calls)
        if says_something(shown):
            yield shown
        yield from (given[call.id] for call in calls)
