"""A chat completion as it arrives, without IO: bytes of the body in, deltas out.

Understands the streamed form (server-sent events) and the whole one. Whatever is not a reply raises ProviderError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from pydantic_core import from_json

from ..core.errors import Category, ProviderError
from ..core.http_errors import Failures
from ..core.sse import EventTooLong, SSEDecoder
from ..core.types import Finish, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from .openai_tools import ToolCalls

Delta = TextDelta | ReasoningDelta | ToolCallDelta | Finish

_DONE = b"[DONE]"
_REASONS = {
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
}


class Events(Protocol):
    """Reads the events of a streamed reply, one after another."""

    finished: bool
    """The reply is whole; what may still come is its usage."""
    usage: Usage | None

    def read(self, event: dict[str, Any], failures: Failures) -> Sequence[Delta]:
        """What an event adds. Raises ProviderError for what tells of a failure; AttributeError, LookupError, TypeError or
        ValueError for what is no part of a reply."""
        ...


class StreamedReply:
    """One streamed reply: OpenAI's ``chat.completion.chunk``, or what other ``events`` it is made of."""

    def __init__(self, failures: Failures, events: Events | None = None) -> None:
        self._failures = failures
        self._sse = SSEDecoder()
        self._events = events or ChatEvents()

    @property
    def finished(self) -> bool:
        """The reply is whole; what may still come is its usage."""
        return self._events.finished

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """What ``chunk`` adds to the reply; deltas before a mistake come before its error. Raises ProviderError."""
        try:
            payloads = self._sse.feed(chunk)
        except EventTooLong as error:
            raise self._failures.bad_output(f"sent {error}") from None
        for payload in payloads:
            yield from self._event(payload)

    def end(self) -> Iterator[Delta | Usage]:
        """The body is over: what was left in it. Raises ProviderError when the reply is not whole."""
        if not self.finished:
            for payload in self._sse.finish():
                yield from self._event(payload)
        if not self.finished:
            message = f"the connection to {self._failures.url} was closed before the reply was over"
            raise self._failures.error(Category.CONNECTIVITY, message)
        if self._events.usage:
            yield self._events.usage

    def _event(self, payload: bytes) -> Sequence[Delta]:
        if payload == _DONE:
            self._events.finished = True
            return ()
        try:
            event = from_json(payload)
        except ValueError:
            event = self._odd_json(payload)
        try:
            if (error := event.get("error")) is not None:
                raise self._failures.of_error_object(error)
            return self._events.read(event, self._failures)
        except (AttributeError, LookupError, TypeError, ValueError):
            raise self._garbage(payload) from None

    def _odd_json(self, payload: bytes) -> Any:
        """JSON that only the lenient parser takes: half a character as an escape."""
        try:
            return json.loads(payload)
        except (ValueError, RecursionError):
            raise self._garbage(payload) from None

    def _garbage(self, payload: bytes) -> ProviderError:
        said = self._failures.quote(payload[:1000].decode("utf-8", "replace"))
        return self._failures.bad_output(f"sent what is not a chat completion: {said}")


class ChatEvents:
    """OpenAI's ``chat.completion.chunk``."""

    def __init__(self) -> None:
        self.finished = False
        self.usage: Usage | None = None
        self._half = ""
        """First half of a character that the server cut in two (a lone UTF-16 surrogate)."""
        self._calls = ToolCalls()

    def read(self, event: dict[str, Any], failures: Failures) -> Sequence[Delta]:
        if usage := event.get("usage"):
            self.usage = usage_of(usage)
        choices = event.get("choices")
        return self._choice(choices[0], failures) if choices else ()

    def _choice(self, choice: dict[str, Any], failures: Failures) -> list[Delta]:
        deltas: list[Delta] = []
        if delta := choice.get("delta"):
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                deltas.append(ReasoningDelta(without_halves(thought)))
            if text := delta.get("content") or delta.get("refusal"):
                if self._half or not text.isascii():
                    text = self._whole_characters(text)
                if text:
                    deltas.append(TextDelta(text))
            if calls := delta.get("tool_calls"):
                deltas += self._calls.feed(calls)
        # Some servers send an empty reason with every piece.
        if reason := choice.get("finish_reason"):
            if reason == "error":
                raise failures.of_error_object(choice.get("error") or "the model failed")
            if not self.finished:
                deltas.append(finish_of(reason, called=self._calls.any))
            self.finished = True
        return deltas

    def _whole_characters(self, text: str) -> str:
        """``text`` without half a character at its end; the half is kept for the next delta."""
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return without_halves(text)


def whole_reply(body: Any, failures: Failures) -> list[Delta | Usage]:
    """The deltas of a completion that came at once (OpenAI's ``chat.completion``). Raises ProviderError."""
    if isinstance(body, dict) and not body.get("choices") and body.get("error") is not None:
        raise failures.of_error_object(body["error"])
    deltas: list[Delta | Usage] = []
    try:
        choice = body["choices"][0]
        message = choice["message"]
        if reasoning := message.get("reasoning_content") or message.get("reasoning"):
            deltas.append(ReasoningDelta(without_halves(reasoning)))
        if text := message.get("content") or message.get("refusal"):
            deltas.append(TextDelta(without_halves(text)))
        if calls := message.get("tool_calls"):
            deltas += ToolCalls().feed(calls)
        if reason := choice.get("finish_reason"):
            deltas.append(finish_of(reason, called=bool(calls)))
        if usage := body.get("usage"):
            deltas.append(usage_of(usage))
    except (AttributeError, LookupError, TypeError, ValueError):
        raise failures.bad_output(f"sent what is not a chat completion: {failures.quote(str(body)[:1000])}") from None
    return deltas


def finish_of(reason: str, *, called: bool) -> Finish:
    """Why the reply is over, whatever the server calls it. Some say ``stop`` where tools are to be called."""
    found = _REASONS.get(reason, FinishReason.STOP)
    return Finish(FinishReason.TOOL_CALLS if called and found is FinishReason.STOP else found)


def usage_of(usage: dict[str, Any]) -> Usage:
    return Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))


def without_halves(text: str) -> str:
    """``text`` with lone surrogates joined where they belong together, and replaced where they do not."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
