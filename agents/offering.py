"""A model that is offered tools, and does without them where it takes none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from ..core.errors import ProviderError
from ..core.types import Generation, LLMDelta, Message, ProviderFailure, TextDelta, ToolCallDelta
from ..llm import LLM, Answerer
from ..llm.calls import refuses_tools
from .tools import Tool

REMEMBERED_S = 300.0
"""How long a model that took no tools is not offered any: each offer costs a request before the first word."""
RESULTS = "Results of what you looked up; go on with your answer:"


class Refusals:
    """The models that took no tools lately. ``llm`` may be a chain: then it is about whoever of it is asked first."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm
        self._until: dict[Any, float] = {}

    @property
    def asked(self) -> Any:
        """Who would be asked at this moment."""
        return getattr(self._llm, "upcoming", None) or self._llm

    @property
    def expected(self) -> bool:
        """Whether an offer would be refused, as far as anybody knows."""
        return self._until.get(self.asked, 0.0) > asyncio.get_running_loop().time()

    def add(self, model: Any) -> None:
        """It took none."""
        self._until[model] = asyncio.get_running_loop().time() + REMEMBERED_S


class Offering:
    """``llm`` with the tools offered in each request. Many models refuse such a request: the same one is asked again without
    them, before a chain goes on to another one, and at last without calls and results, which are told in words. The refusal is
    told as a ProviderFailure. ``choice`` is sent with the tools: ``none`` where nothing may be called any more, and yet is
    spoken of."""

    def __init__(
        self, llm: Answerer, tools: Sequence[Tool], refusals: Refusals | None = None, *, choice: str | None = None
    ) -> None:
        self._llm, self._refusals, self._choice = llm, refusals, choice
        self._offers = tuple(tool.offer for tool in tools)

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        """As a model's own."""
        model = self._refusals.asked if self._refusals is not None else None
        ways = list(self._ways(messages, options))
        for number, (asked, chosen) in enumerate(ways, start=1):
            begun = refused = False
            stream: Any = self._llm.stream(asked, chosen)
            try:
                async with aclosing(stream) as deltas:
                    async for delta in deltas:
                        yield delta
                        failed = isinstance(delta, ProviderFailure)
                        refused = number < len(ways) and not begun and failed and refuses_tools(delta.error)
                        if refused:
                            break
                        model = None if failed else model  # another one than was expected answers
                        begun = begun or isinstance(delta, TextDelta | ToolCallDelta)
                        if begun and number == 2 and self._refusals is not None and model is not None:
                            self._refusals.add(model)
            except ProviderError as error:
                if number == len(ways) or begun or not refuses_tools(error):
                    raise
                yield ProviderFailure(error, None)
                refused = True
            if not refused:
                return

    def _ways(
        self, messages: Sequence[Message], options: Generation | None
    ) -> Iterator[tuple[Sequence[Message], Generation | None]]:
        """What may be asked, the best first. What a caller chose of tools was about the caller's own."""
        plain = options or Generation()
        yield messages, replace(plain, tools=self._offers, tool_choice=self._choice, parallel_tool_calls=None)
        if any(message.role == "tool" for message in messages):
            yield messages, plain
            yield in_words(messages), options
        else:
            yield messages, options


def in_words(messages: Sequence[Message]) -> list[Message]:
    """The same conversation for a model that knows of no tools: what was called is named, what came of it is the user's."""
    told: list[Message] = []
    names: dict[str | None, str] = {}
    for message in messages:
        if message.tool_calls:
            names |= {call.id: call.name for call in message.tool_calls}
            called = ", ".join(call.name for call in message.tool_calls)
            told.append(Message("assistant", message.content or f"({called})"))
        elif message.role == "tool":
            result = f"{names.get(message.tool_call_id, 'tool')}: {message.content}"
            before = told[-1].content if told and told[-1].role == "user" else ""
            if before.startswith(RESULTS):
                told[-1] = Message("user", f"{before}\n{result}")
            else:
                told.append(Message("user", f"{RESULTS}\n{result}"))
        else:
            told.append(message)
    return told
