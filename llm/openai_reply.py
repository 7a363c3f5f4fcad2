"""A chat completion as it arrives, without IO: bytes of the body in, deltas out.

Understands the streamed form (server-sent events) and the whole one. Whatever is not a reply raises ProviderError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import from_json

from ..core.errors import Category, ProviderError
from ..core.http_errors import Failures
from ..core.sse import EventTooLong, SSEDecoder
from ..core.types import ReasoningDelta, TextDelta, Usage

Delta = TextDelta | ReasoningDelta

_DONE = b"[DONE]"


class StreamedReply:
    """One streamed chat completion (OpenAI's ``chat.completion.chunk``)."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._sse = SSEDecoder()
        self._half = ""
        """First half of a character that the server cut in two (a lone UTF-16 surrogate)."""
        self._usage: Usage | None = None
        self.finished = False
        """The reply is whole; what may still come is its usage."""

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
        if self._usage:
            yield self._usage

    def _event(self, payload: bytes) -> Sequence[Delta]:
        if payload == _DONE:
            self.finished = True
            return ()
        try:
            event = from_json(payload)
        except ValueError:
            event = self._odd_json(payload)
        try:
            if (error := event.get("error")) is not None:
                raise self._failures.of_error_object(error)
            if usage := event.get("usage"):
                self._usage = usage_of(usage)
            choices = event.get("choices")
            return self._choice(choices[0]) if choices else ()
        except (AttributeError, LookupError, TypeError, ValueError):
            raise self._garbage(payload) from None

    def _choice(self, choice: dict[str, Any]) -> list[Delta]:
        deltas: list[Delta] = []
        delta = choice.get("delta")
        if delta:
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                deltas.append(ReasoningDelta(_without_halves(thought)))
            if text := delta.get("content"):
                if self._half or not text.isascii():
                    text = self._whole_characters(text)
                if text:
                    deltas.append(TextDelta(text))
        if (reason := choice.get("finish_reason")) is not None:
            if reason == "error":
                raise self._failures.of_error_object(choice.get("error") or "the model failed")
            self.finished = True
        return deltas

    def _whole_characters(self, text: str) -> str:
        """``text`` without half a character at its end; the half is kept for the next delta."""
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return _without_halves(text)

    def _odd_json(self, payload: bytes) -> Any:
        """JSON that only the lenient parser takes: half a character as an escape."""
        try:
            return json.loads(payload)
        except (ValueError, RecursionError):
            raise self._garbage(payload) from None

    def _garbage(self, payload: bytes) -> ProviderError:
        said = self._failures.quote(payload[:1000].decode("utf-8", "replace"))
        return self._failures.bad_output(f"sent what is not a chat completion: {said}")


def whole_reply(body: Any, failures: Failures) -> list[Delta | Usage]:
    """The deltas of a completion that came at once (OpenAI's ``chat.completion``). Raises ProviderError."""
    if isinstance(body, dict) and not body.get("choices") and body.get("error") is not None:
        raise failures.of_error_object(body["error"])
    deltas: list[Delta | Usage] = []
    try:
        message = body["choices"][0]["message"]
        if reasoning := message.get("reasoning_content") or message.get("reasoning"):
            deltas.append(ReasoningDelta(_without_halves(reasoning)))
        if text := message.get("content"):
            deltas.append(TextDelta(_without_halves(text)))
        if usage := body.get("usage"):
            deltas.append(usage_of(usage))
    except (AttributeError, LookupError, TypeError, ValueError):
        raise failures.bad_output(f"sent what is not a chat completion: {failures.quote(str(body)[:1000])}") from None
    return deltas


def usage_of(usage: dict[str, Any]) -> Usage:
    return Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))


def _without_halves(text: str) -> str:
    """``text`` with lone surrogates joined where they belong together, and replaced where they do not."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
