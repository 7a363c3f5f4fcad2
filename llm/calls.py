"""Calls of functions: put together from the pieces in which a model streams them, or refused by its server."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.errors import Category, ProviderError
from ..core.types import ToolCall, ToolCallDelta


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)


class Calls:
    """Calls of functions, put together from their pieces."""

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, delta: ToolCallDelta) -> None:
        """One piece more. A call whose model gives it no id gets one, so that its result can name it."""
        call = self._calls.setdefault(delta.index, _Call(delta.id or f"call_{delta.index}", ""))
        call.name = call.name or delta.name or ""
        call.arguments.append(delta.arguments)

    @property
    def joined(self) -> tuple[ToolCall, ...]:
        """The calls so far."""
        return tuple(ToolCall(call.id, call.name, "".join(call.arguments)) for call in self._calls.values())


def refuses_tools(error: ProviderError) -> bool:
    """Whether a request in which tools were offered may have failed because of them. Some servers call that an error of their
    own, or say that there is nothing of the kind; then they name the tools."""
    return error.category is Category.INVALID_REQUEST or "tool" in error.message.lower()
