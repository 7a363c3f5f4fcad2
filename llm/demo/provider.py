"""``demo_llm``: a language model that needs no network, no key and no download, because it is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field

from ...core.provider import Deadlines
from ...core.types import Finish, Generation, LLMDelta, Message, TextDelta, Usage
from ..base import LLMConfig
from . import lines, mind, rules
from .tokens import limited, tokens


class DemoConfig(LLMConfig):
    """The built-in demo mind: canned rules, offline, at the pace of a quick model."""

    seed: int | None = Field(default=None, description="The same conversation gets the same reply; unset: varied")
    first_token_ms: float = Field(default=80, ge=0, le=60_000, description="Milliseconds until the first token")
    token_ms: float = Field(default=20, ge=0, le=10_000, description="Milliseconds between two tokens")


class DemoLLM:
    """Answers from written lines, in character; it says so when asked.

    Everything it knows of a viewer is in the messages, so sessions cannot learn of each other.
    """

    name = "demo_llm"
    Config: ClassVar[type[DemoConfig]] = DemoConfig
    stands_in = True
    """It answers when real models fail, never because one of them is slow."""

    def __init__(self, config: DemoConfig) -> None:
        self.config = config
        self.deadlines: Deadlines = config.deadlines
        self._learned: tuple[lines.Library, Mapping[str, rules.Rules]] | None = None

    async def open(self) -> None:
        """Read the lines and the rules."""
        self._learn()

    async def probe(self) -> str:
        self._learn()
        return "the built-in demo answers from written lines (English, Chinese, Japanese)"

    async def aclose(self) -> None:
        self._learned = None

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        """The reply word by word, at the pace of the configuration; then the count of words as usage.

        Of the options it obeys ``stop``, ``max_tokens`` (words) and ``seed``. It never calls a tool and sees no pictures.
        """
        asked = options or Generation()
        whole = tokens(mind.answer(messages, *self._learn(), self._dice(messages, asked.seed)))
        reply, reason = limited(whole, asked.stop, asked.max_tokens)
        await asyncio.sleep(self.config.first_token_ms / 1000)
        for index, token in enumerate(reply):
            if index:
                await asyncio.sleep(self.config.token_ms / 1000)
            yield TextDelta(token)
        yield Finish(reason)
        yield Usage(sum(len(tokens(message.content)) for message in messages), len(reply))

    def _learn(self) -> tuple[lines.Library, Mapping[str, rules.Rules]]:
        if self._learned is None:
            self._learned = lines.load(), rules.load()
        return self._learned

    def _dice(self, messages: Sequence[Message], asked: int | None) -> Random:
        seed = self.config.seed if asked is None else asked
        if seed is None:
            return Random()
        talk = "\x1e".join(f"{message.role}\x1f{message.content}" for message in messages)
        return Random(f"{seed}\x1e{talk}".encode("utf-8", "surrogatepass"))
