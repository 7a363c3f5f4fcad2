"""A scripted model whose server counts tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from scripted import ScriptedLLM

from hayakuchi.core.types import Generation, LLMDelta, Message, Usage


class CountingLLM(ScriptedLLM):
    """7 tokens in, 5 out, whatever was said."""

    async def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]:
        async for delta in super().stream(messages, options):
            yield delta
        yield Usage(7, 5)
