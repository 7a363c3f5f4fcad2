"""``basic_memory_agent``: a character that remembers the last exchanges of its conversation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar

from pydantic import Field

from ..core.character import Character
from ..core.types import LLMDelta, Message, UserInput
from ..llm import LLM
from .base import AgentConfig
from .prompt import bounded, conversation, system_prompt


class BasicMemoryConfig(AgentConfig):
    """A character with a short memory: the last exchanges, in full."""

    max_history: int = Field(default=20, ge=0, le=1000, description="Earlier messages that the model sees; 0: none")
    max_history_chars: int = Field(default=12_000, ge=0, le=1_000_000, description="Characters of them, at most")
    system_prompt_suffix: str = Field(
        default="", max_length=20_000, description="Added to the end of the system prompt, for example house rules"
    )


class BasicMemoryAgent:
    """Holds no state of its own: the history comes with each call, so one agent serves all sessions."""

    name = "basic_memory_agent"
    Config: ClassVar[type[AgentConfig]] = BasicMemoryConfig

    def __init__(self, config: BasicMemoryConfig, llm: LLM, character: Character) -> None:
        self.config: AgentConfig = config
        self._memory = config
        self._llm = llm
        self._system = system_prompt(character, config.system_prompt_suffix)

    async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
        """The model's deltas as they come. Closing this closes the model's stream; the model's errors pass through."""
        memory = bounded(history, self._memory.max_history, self._memory.max_history_chars)
        stream: Any = self._llm.stream(conversation(self._system, memory, heard))
        async with aclosing(stream):
            async for delta in stream:
                yield delta
