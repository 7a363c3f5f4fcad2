"""Tool calls as they come in the pieces of a streamed reply, whatever a server makes of OpenAI's format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from ..core.types import ToolCallDelta


class ToolCalls:
    """The calls of one reply. Each gets an index of its own, and its id with its first piece; id and name come only once.

    Some servers leave out the index or send 0 for every call, repeat id and name with every piece, give no id, or send the
    arguments as an object instead of text.
    """

    def __init__(self) -> None:
        self._ids: list[str | None] = []
        """What the server calls each call."""
        self._named: set[int] = set()
        self._by_index: dict[int, int] = {}
        """The server's index → ours."""

    @property
    def any(self) -> bool:
        return bool(self._ids)

    def feed(self, entries: list[dict[str, Any]]) -> Iterator[ToolCallDelta]:
        """The pieces in a delta's ``tool_calls``. Raises AttributeError, TypeError or ValueError for what is none."""
        for entry in entries:
            function = entry.get("function") or {}
            id, name = entry.get("id") or None, function.get("name") or None
            arguments = _text(function.get("arguments"))
            index = self._found(entry.get("index"), id, name)
            if index is None:
                index = self._begun(entry.get("index"), id, name)
                yield ToolCallDelta(index, id or f"call_{uuid4().hex[:24]}", name, arguments)
            elif name is not None and index not in self._named:
                self._named.add(index)
                yield ToolCallDelta(index, name=name, arguments=arguments)
            elif arguments:
                yield ToolCallDelta(index, arguments=arguments)

    def _found(self, index: int | None, id: str | None, name: str | None) -> int | None:
        """The call that a piece goes on with; None: it begins another one."""
        if id is not None and id in self._ids:
            return self._ids.index(id)
        if id is not None and name is not None:
            return None
        if index is not None:
            return self._by_index.get(index)
        return None if name is not None or not self._ids else len(self._ids) - 1

    def _begun(self, index: int | None, id: str | None, name: str | None) -> int:
        ours = len(self._ids)
        self._ids.append(id)
        self._by_index[ours if index is None else index] = ours
        if name is not None:
            self._named.add(ours)
        return ours


def _text(arguments: Any) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
