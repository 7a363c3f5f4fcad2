"""What ``openai_llm`` asks for, without IO: messages, settings and a caller's options in, the body of a request out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.types import Generation, Image, Message

TOKENS = "max_tokens"
NEW_TOKENS = "max_completion_tokens"
"""What OpenAI's newer models call ``max_tokens``; they refuse the old name."""

_SENT_AS_IS = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "parallel_tool_calls")


def chat_body(
    messages: Sequence[Message], said: Mapping[str, Any], options: Generation | None, tokens_field: str = TOKENS
) -> dict[str, Any]:
    """``said`` is what the settings say, under OpenAI's names; what ``options`` says wins.

    The limit of tokens is the smaller of both, and stands under ``tokens_field``.
    """
    body: dict[str, Any] = {"messages": [message_body(message) for message in messages]}
    body |= {name: value for name, value in said.items() if value is not None}
    if options is not None:
        body |= _chosen(options)
    limit = token_limit(said, options)
    body.pop(TOKENS, None)
    body.pop(NEW_TOKENS, None)
    if limit is not None:
        body[NEW_TOKENS if NEW_TOKENS in said else tokens_field] = limit
    return body


def token_limit(said: Mapping[str, Any], options: Generation | None) -> Any:
    """The longest reply, in tokens; None: as long as the model likes."""
    own = said.get(NEW_TOKENS, said.get(TOKENS))
    asked = options.max_tokens if options else None
    if asked is None or own is None:
        return own if asked is None else asked
    return min(own, asked) if isinstance(own, int) and own > 0 else asked


def message_body(message: Message) -> dict[str, Any]:
    """A message as OpenAI's API takes it."""
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.images:
        text = [{"type": "text", "text": message.content}] if message.content else []
        body["content"] = [*text, *({"type": "image_url", "image_url": _picture(image)} for image in message.images)]
    if message.tool_calls:
        body["content"] = message.content or None
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        body["tool_call_id"] = message.tool_call_id
    return body


def _picture(image: Image) -> dict[str, str]:
    return {"url": image.url} | ({"detail": image.detail} if image.detail else {})


def _chosen(options: Generation) -> dict[str, Any]:
    """What a caller has chosen, without the limit of tokens."""
    chosen = {name: getattr(options, name) for name in _SENT_AS_IS}
    chosen |= {
        "stop": list(options.stop) or None,
        "tools": list(options.tools) or None,
        "tool_choice": options.tool_choice,
        "response_format": options.response_format,
    }
    if not options.tools:
        # Servers refuse these two where there are no tools.
        chosen |= {"tool_choice": None, "parallel_tool_calls": None}
    return {name: value for name, value in chosen.items() if value is not None}
