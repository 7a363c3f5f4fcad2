"""A scripted model, and what tests look at in its answers."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Self

from hayakuchi.core.block import Block
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Generation, LLMDelta, Message, ProviderFailure, TextDelta, Usage
from hayakuchi.llm.fallback import FallbackLLM

ASK = (Message("user", "hi"),)
Step = LLMDelta | ProviderError | float
"""Of a script: a delta, an error to raise, or seconds to wait."""


def error(category: Category = Category.UNAVAILABLE, retry_after_s: float | None = None) -> ProviderError:
    return ProviderError("llm", "fake", category, str(category), retry_after_s=retry_after_s)


class FakeLLM:
    name = "fake"
    Config: ClassVar[type[Block]] = Block

    def __new__(cls, name: str, *_: object, **__: object) -> Self:
        named: Any = type(name, (cls,), {"name": name})
        return super().__new__(named)

    def __init__(self, name: str, *script: Step, opens: ProviderError | float | None = None) -> None:
        self.script: Sequence[Step] = script
        self.opens = opens
        self.deadlines = Deadlines(4.0, 5.0)
        self.asked = self.closed = self.opened = 0

    async def open(self) -> None:
        self.opened += 1
        await self._run_opening()

    async def _run_opening(self) -> None:
        if isinstance(self.opens, ProviderError):
            raise self.opens
        await asyncio.sleep(self.opens or 0)

    async def probe(self) -> str:
        await self._run_opening()
        return f"{self.name} is there"

    async def aclose(self) -> None:
        self.opened = -1

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        self.asked += 1
        try:
            for step in self.script:
                if isinstance(step, ProviderError):
                    raise step
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.closed += 1


async def read(chain: FallbackLLM, got: list[LLMDelta] | None = None) -> list[LLMDelta]:
    """The answer; ``got`` has it even when reading it raises."""
    got = [] if got is None else got
    async with aclosing(chain.stream(ASK)) as stream:
        async for delta in stream:
            got.append(delta)
    return got


def shown(deltas: Sequence[LLMDelta]) -> list[str]:
    """Text as it is; ``!CATEGORY>FALLBACK`` for a failure; the type's name for the rest."""
    return [
        delta.text
        if isinstance(delta, TextDelta)
        else f"!{delta.error.category}>{delta.fallback}"
        if isinstance(delta, ProviderFailure)
        else type(delta).__name__
        for delta in deltas
    ]


GOOD = (TextDelta("Hello "), TextDelta("there."), Usage(3, 2))
