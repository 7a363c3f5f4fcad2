"""What a server says, as tools and texts. Pure: its messages are taken as they come, whatever they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_DESCRIPTION = 4_000
LARGEST_SCHEMA = 40_000
"""Characters of JSON; the model reads them with every request."""


def parameters_of(schema: Any) -> Mapping[str, Any] | None:
    """The schema of a tool's arguments; None: a model could not be shown it."""
    if not isinstance(schema, Mapping) or len(json.dumps(schema, default=str)) > LARGEST_SCHEMA:
        return None
    return {"type": "object", "properties": {}} | {key: value for key, value in schema.items() if key != "$schema"}


def text_of(content: Sequence[Any], structured: Any = None) -> str:
    """What a result says in words; of pictures and sound only that there are some."""
    parts = [_part(block) for block in content]
    if not any(parts) and structured is not None:
        return json.dumps(structured, ensure_ascii=False, default=str)
    return "\n".join(filter(None, parts))


def _part(block: Any) -> str:
    kind = getattr(block, "type", "")
    if kind == "text":
        return str(block.text)
    if kind == "resource":
        text = getattr(block.resource, "text", None)
        return str(text) if text is not None else f"[{block.resource.uri}]"
    if kind == "resource_link":
        return f"[{block.uri}]"
    return f"[{kind}]" if kind else ""
