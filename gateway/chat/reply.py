"""A reply as it is written: what a model gives, turned into what its caller gets, and what is to be remembered of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from ...core.errors import ProviderError
from ...core.tool_use import ToolStatus, ToolUse
from ...core.types import (
    Finish,
    FinishReason,
    LLMDelta,
    Message,
    Opener,
    ProviderFailure,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from ...llm.calls import Calls
from .reply_text import ReplyText, estimated


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
    """The model's server counted no tokens; ``usage`` is a guess."""


ChatEvent = TextDelta | ReasoningDelta | ToolCallDelta | Done
"""A reply is any number of deltas, then one Done."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A reply that is complete."""

    text: str
    thoughts: str
    calls: tuple[ToolCall, ...]
    done: Done


async def whole(events: AsyncGenerator[ChatEvent, None]) -> Whole:
    """All of a reply at once. Cancelling this closes it."""
    texts: list[str] = []
    thoughts: list[str] = []
    calls = Calls()
    async with aclosing(events):
        async for event in events:
            match event:
                case TextDelta(text):
                    texts.append(text)
                case ReasoningDelta(text):
                    thoughts.append(text)
                case ToolCallDelta():
                    calls.add(event)
                case Done():
                    return Whole("".join(texts), "".join(thoughts), calls.joined, event)
    raise AssertionError("a reply ends with Done, or raises")


class Reply:
    """``visible`` decides what of the text is given out; thoughts are given out with ``thoughts``. ``failed`` is told of models
    that failed before another one answered, ``called`` of the calls that a character makes itself."""

    def __init__(
        self,
        visible: ReplyText,
        *,
        thoughts: bool,
        failed: Callable[[ProviderError], None] = lambda error: None,
        called: Callable[[ToolStatus], None] = lambda status: None,
    ) -> None:
        self._visible, self._thoughts, self._failed, self._called = visible, thoughts, failed, called
        self._given: list[str] = []
        self._written: list[str] = []
        """All that the model was asked to write: what was given out, thoughts, arguments of calls."""
        self._calls = Calls()
        self._usage: Usage | None = None
        self._finish: FinishReason | None = None

    @property
    def text(self) -> str:
        """What was given out."""
        return "".join(self._given)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """What functions the model asked to be called."""
        return self._calls.joined

    async def events(self, deltas: Any) -> AsyncGenerator[ChatEvent, None]:
        """What is given out of a model's deltas. Leaving early, and a stop in the text, closes them."""
        async with aclosing(deltas):
            async for delta in deltas:
                event = self._event(delta)
                if event is not None:
                    yield event
                if self._visible.cut is not None:
                    break
        if rest := self._visible.flush():
            yield self._text(rest)

    def done(self, asked: Sequence[Message], model: str) -> Done:
        """What ends the reply to ``asked``."""
        usage = self._usage or estimated(asked, "".join(self._written))
        finish = self._visible.cut or self._finish or (FinishReason.TOOL_CALLS if self._calls else FinishReason.STOP)
        return Done(finish, usage, model, estimated=self._usage is None)

    def _event(self, delta: LLMDelta) -> ChatEvent | None:
        match delta:
            case TextDelta(text):
                shown = self._visible.feed(text)
                return self._text(shown) if shown else None
            case Opener(text):
                return self._text(shown) if (shown := self._visible.interject(text)) else None
            case ReasoningDelta(text):
                self._written.append(text)
                return delta if self._thoughts else None
            case ToolCallDelta():
                return self._call(delta)
            case Usage():
                self._usage = delta
            case Finish(reason):
                self._finish = reason
            case ProviderFailure(error):
                self._failed(error)
            case ToolUse():
                self._called(delta.status)
        return None

    def _text(self, text: str) -> TextDelta:
        self._given.append(text)
        self._written.append(text)
        return TextDelta(text)

    def _call(self, delta: ToolCallDelta) -> ToolCallDelta:
        self._calls.add(delta)
        self._written.append(delta.arguments)
        return delta
