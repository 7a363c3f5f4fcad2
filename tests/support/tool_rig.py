"""Tools that do what their script says, and a model that answers differently each time it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripted_llm import FakeLLM, Step

from hayakuchi.agents.tools import Tool, ToolError
from hayakuchi.core.types import Finish, FinishReason, Generation, LLMDelta, Message, ToolCallDelta


class TalkingLLM(FakeLLM):
    """One script for each time that it is asked; the last one is used again."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        super().__init__("talking")
        self.scripts = scripts
        self.heard: list[list[Message]] = []
        self.options: list[Generation | None] = []

    def __new__(cls, *scripts: Sequence[Step]) -> TalkingLLM:
        made: Any = super().__new__(cls, "talking")
        return made

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        self.script = self.scripts[min(len(self.heard), len(self.scripts) - 1)]
        self.heard.append(list(messages))
        self.options.append(options)
        async for delta in super().stream(messages, options):
            yield delta

    @property
    def offered(self) -> list[list[str]]:
        """The names of the tools that each request has offered."""
        return [[tool["function"]["name"] for tool in options.tools] if options else [] for options in self.options]


def call(id: str, name: str, arguments: str = "{}", index: int = 0) -> ToolCallDelta:
    return ToolCallDelta(index, id, name, arguments)


CALLS = Finish(FinishReason.TOOL_CALLS)
STOP = Finish(FinishReason.STOP)


@dataclass
class Doer:
    """``does`` maps a tool's name to its result, to how long it takes (s), or to what it raises."""

    does: Mapping[str, str | float | Exception]
    timeout_s: float = 20.0
    called: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    @property
    def tools(self) -> list[Tool]:
        return [Tool(name, f"does {name}", {"type": "object"}, self._maker(name), self.timeout_s) for name in self.does]

    def _maker(self, name: str) -> Any:
        async def run(arguments: Mapping[str, Any]) -> str:
            return await self._run(name, arguments)

        return run

    async def _run(self, name: str, arguments: Mapping[str, Any]) -> str:
        self.called.append((name, arguments))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            does = self.does[name]
            if isinstance(does, Exception):
                raise does
            await asyncio.sleep(does if isinstance(does, float) else 0.1)
            return does if isinstance(does, str) else f"{name} is done"
        finally:
            self.running -= 1


def failing(message: str = "no such city") -> ToolError:
    return ToolError(message)
