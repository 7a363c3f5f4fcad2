"""Messages of a conversation as pages and callers of the API are shown them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...orchestrator.conversation import StoredMessage

HISTORY = 50
"""How many a page is shown."""


def entries(messages: Iterable[StoredMessage]) -> list[dict[str, Any]]:
    return [
        {
            "id": stored.id,
            "role": stored.message.role,
            "content": stored.message.content,
            "viewer": stored.message.viewer,
            "siblings": list(stored.siblings),
        }
        for stored in messages
    ]
