"""llama.cpp's own ``/completion``, for servers that do not speak OpenAI's chat completions. Without IO.

The messages become one text that the model goes on with, so it knows neither tools nor pictures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.http_errors import Failures
from ..core.types import Finish, FinishReason, Generation, Message, TextDelta, Usage
from .openai_reply import Delta
from .openai_request import token_limit

PATH = "/completion"
_SPEAKERS = {"user": "User", "assistant": "Assistant"}
_LABEL = re.compile(r"^(?=\s*(?:User|Assistant)\s*:)", re.MULTILINE | re.IGNORECASE)
_END = "\nUser:"
_SAME_NAME = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty")
_NOT_SENT = frozenset({"model", "stream_options", "max_tokens", "max_completion_tokens", "stop"})


def fits(messages: Sequence[Message], options: Generation | None) -> bool:
    """Whether a request can be put as one text."""
    return not (options and options.tools) and not any(message.images or message.tool_calls for message in messages)


def prompt(messages: Sequence[Message]) -> str:
    """The conversation as a transcript that ends where the assistant is to speak.

    Nobody can speak in another one's name: lines that begin like a speaker's are quoted.
    """
    parts = [_line(message) for message in messages if message.content.strip()]
    return "\n\n".join([*parts, "Assistant:"])


def _line(message: Message) -> str:
    if message.role == "system":
        return message.content
    said = "\n".join(message.content.splitlines())
    return f"{_SPEAKERS.get(message.role, 'User')}: {_LABEL.sub('> ', said)}"


def completion_body(
    messages: Sequence[Message], said: Mapping[str, Any], options: Generation | None, *, stream: bool
) -> dict[str, Any]:
    """``said`` is what the settings say, under OpenAI's names; what ``options`` says wins."""
    asked = {name: getattr(options, name) for name in _SAME_NAME} if options else {}
    limit = token_limit(said, options)
    stop = list(options.stop) if options and options.stop else list(said.get("stop") or ())
    schema = _schema(options.response_format if options else None)
    return {
        "prompt": prompt(messages),
        "stream": stream,
        "cache_prompt": True,
        "stop": [*stop, _END],
        **{name: value for name, value in said.items() if value is not None and name not in _NOT_SENT},
        **{name: value for name, value in asked.items() if value is not None},
        **({"n_predict": limit} if limit is not None else {}),
        **({"json_schema": schema} if schema is not None else {}),
    }


class CompletionEvents:
    """What ``/completion`` streams: ``{"content", "stop"}``; the last one counts the tokens."""

    def __init__(self) -> None:
        self.finished = False
        self.usage: Usage | None = None
        self._begun = False

    def read(self, event: dict[str, Any], failures: Failures) -> list[Delta]:
        text: str = event["content"]
        if not self._begun:
            text = text.lstrip()
        deltas: list[Delta] = []
        if text:
            self._begun = True
            deltas.append(TextDelta(text))
        if event.get("stop") and not self.finished:
            self.finished = True
            cut = event.get("stop_type") == "limit" or event.get("stopped_limit") is True
            deltas.append(Finish(FinishReason.LENGTH if cut else FinishReason.STOP))
            if "tokens_predicted" in event:
                self.usage = Usage(int(event.get("tokens_evaluated") or 0), int(event["tokens_predicted"]))
        return deltas


def whole_completion(body: Any, failures: Failures) -> list[Delta | Usage]:
    """The deltas of a completion that came at once. Raises ProviderError."""
    if isinstance(body, dict) and body.get("error") is not None:
        raise failures.of_error_object(body["error"])
    events = CompletionEvents()
    try:
        deltas: list[Delta | Usage] = [*events.read({**body, "stop": True}, failures)]
    except (AttributeError, LookupError, TypeError, ValueError):
        raise failures.bad_output(f"sent what is not a completion: {failures.quote(str(body)[:1000])}") from None
    return [*deltas, events.usage] if events.usage else deltas


def _schema(response_format: Mapping[str, Any] | None) -> Any:
    """The JSON schema that a ``response_format`` asks for; None: any text."""
    match response_format:
        case {"type": "json_object"}:
            return {"type": "object"}
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return schema
        case _:
            return None
