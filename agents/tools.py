"""Tools that a character may call while it makes a reply, whoever offers them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..core.errors import HayakuchiError

LONGEST_NAME = 64


def tool_name(name: str) -> str:
    """A name that models take."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:LONGEST_NAME] or "_"


class ToolError(HayakuchiError):
    """A call came to nothing. The text is for the model, which makes the best of it."""

    code = "tool"


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that can be called."""

    name: str
    """Letters, digits, ``_`` and ``-``, 64 at most: models take no other names."""
    description: str
    parameters: Mapping[str, Any]
    """A JSON schema of the arguments, which are an object."""
    call: Callable[[Mapping[str, Any]], Awaitable[str]]
    """The result of a call with these arguments. Raises ToolError and nothing else; cancelling it gives it up at once."""
    timeout_s: float = 20.0
    """How long a call may take; whoever calls keeps it."""

    @property
    def offer(self) -> Mapping[str, Any]:
        """As in OpenAI's API."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}


class Toolbox(Protocol):
    """What may be called, which changes as servers of tools come and go."""

    @property
    def tools(self) -> Sequence[Tool]:
        """Those that are there at this moment, each with a name of its own."""
        ...
