"""A model that is offered tools, and does without them where it takes none."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from ..core.errors import ProviderError
from ..core.types import Generation, LLMDelta, Message, ProviderFailure, TextDelta, ToolCallDelta
from ..llm import Talker
from ..llm.calls import refuses_tools
from .tools import Tool


class Offering:
    """``llm`` with the tools offered in each request. Many models refuse such a request: the same one is asked again without
    them, before a chain goes on to another one. The refusal is told as a ProviderFailure."""

    def __init__(self, llm: Talker, tools: Sequence[Tool]) -> None:
        self._llm = llm
        self._offers = tuple(tool.offer for tool in tools)

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        """As a model's own."""
        offered: Any = self._llm.stream(messages, replace(options or Generation(), tools=self._offers))
        begun = refused = False
        try:
            async with aclosing(offered) as deltas:
                async for delta in deltas:
                    yield delta
                    refused = not begun and isinstance(delta, ProviderFailure) and refuses_tools(delta.error)
                    if refused:
                        break
                    begun = begun or isinstance(delta, TextDelta | ToolCallDelta)
        except ProviderError as error:
            if begun or not refuses_tools(error):
                raise
            yield ProviderFailure(error, None)
            refused = True
        if refused:
            plain: Any = self._llm.stream(messages, options)
            async with aclosing(plain) as deltas:
                async for delta in deltas:
                    yield delta
