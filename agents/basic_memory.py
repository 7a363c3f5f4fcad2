"""``basic_memory_agent``: a character that remembers the last exchanges of its conversation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar

from pydantic import Field

from ..core.character import Character
from ..core.types import LLMDelta, Message, UserInput
from ..llm import LLM, Answerer
from .base import AgentConfig
from .duet import duet, quick_words
from .memory import bounded
from .offering import Offering, Refusals
from .opener import OpenerReader
from .prompt import TOOLS, conversation, reaction, system_prompt
from .tool_use import ToolLimits, using_tools
from .tools import Tool, Toolbox


class BasicMemoryConfig(AgentConfig):
    """A character with a short memory: the last exchanges, in full."""

    max_history: int = Field(default=20, ge=0, le=1000, description="Earlier messages that the model sees; 0: none")
    max_history_chars: int = Field(default=12_000, ge=0, le=1_000_000, description="Characters of them, at most")
    system_prompt_suffix: str = Field(
        default="", max_length=20_000, description="Added to the end of the system prompt, for example house rules"
    )
    quick_timeout_ms: float = Field(
        default=1500, ge=50, le=10_000, description="How long the model of quick_llm may take for its words, ms"
    )
    mcp_servers: tuple[str, ...] = Field(
        default=(), max_length=50, description="Names of mcp_servers whose tools the character may call"
    )
    max_tool_rounds: int = Field(
        default=5, ge=1, le=50, description="How often the model may call tools before it has to answer"
    )
    max_tool_result_chars: int = Field(
        default=8_000, ge=100, le=1_000_000, description="Characters of a tool's result that the model sees"
    )


class BasicMemoryAgent:
    """Holds nothing of a conversation: the history comes with each call, so one agent serves all sessions. It remembers for a
    while that its model takes no tools."""

    name = "basic_memory_agent"
    Config: ClassVar[type[AgentConfig]] = BasicMemoryConfig

    def __init__(
        self,
        config: BasicMemoryConfig,
        llm: LLM,
        character: Character,
        quick: LLM | None = None,
        tools: Toolbox | None = None,
    ) -> None:
        self.config: AgentConfig = config
        self._memory = config
        self._llm = llm
        self._quick = quick if character.quick_reply else None
        self._character = character
        self._toolbox = tools
        self._refusals = Refusals(llm)
        self._limits = ToolLimits(config.max_tool_rounds, config.max_tool_result_chars)
        self._system = system_prompt(character, config.system_prompt_suffix)

    def asks_quick(self, heard: UserInput) -> bool:
        """Whether the small model is asked, too: not when the whole reply is waited for anyway, nor when what is asked for
        may not begin with words: a call of a tool, or a reply in a given form. It sees no pictures and no tools' answers."""
        options = heard.generation
        whole = heard.whole_reply or not self.config.enable_streaming
        formed = options is not None and bool(options.tools or options.response_format)
        plain = bool(heard.text) and not heard.images and not formed
        return self._quick is not None and plain and not whole and not heard.disable_quick_response

    async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
        """The model's deltas as they come, begun by an Opener if the small model is quicker. The character's tools are called
        for it; calls of tools that whoever asks has brought are the asker's.

        Closing this closes the models' streams and gives up calls; the model's errors pass through. An opener has its price,
        see :func:`duet`.
        """
        memory = bounded(history, self._memory.max_history, self._memory.max_history_chars)
        tools = self._tools_for(heard)
        system = f"{self._system}\n\n{TOOLS}" if tools else self._system

        def ask(spoken: str) -> list[Message]:
            return conversation(system, memory, heard, spoken)

        options = heard.generation
        model: Answerer = Offering(self._llm, tools, self._refusals) if tools else self._llm
        if self._quick is None or not self.asks_quick(heard):
            stream: Any = model.stream(ask(""), options)
        else:
            stream = duet(model, ask, self._words(self._quick, heard), self._character.language, options)
        if tools:
            stream = using_tools(self._llm, ask(""), stream, options, tools, self._limits)
        async with aclosing(stream):
            async for delta in stream:
                yield delta

    def _tools_for(self, heard: UserInput) -> Sequence[Tool]:
        """None where an asker brings its own, wants none, or wants a form in which words before a call have no place; nor where
        the model is known to take none."""
        asked = heard.generation
        if self._toolbox is None or (asked and (asked.tools or asked.response_format or asked.tool_choice == "none")):
            return ()
        return () if self._refusals.expected else self._toolbox.tools

    def _words(self, quick: LLM, heard: UserInput) -> AsyncGenerator[LLMDelta, None]:
        person = self._character
        reader = OpenerReader(name=person.name, language=person.language)
        return quick_words(quick, reaction(person, heard), reader, self._memory.quick_timeout_ms)
