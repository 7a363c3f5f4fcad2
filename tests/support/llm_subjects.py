"""The language models that are held to their contract. A further one is one more entry in ``SUBJECTS``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any

from fake_openai import FakeOpenAI

from hayakuchi.core.types import LLMDelta, Message, TextDelta
from hayakuchi.llm import LLM
from hayakuchi.llm.demo import DemoConfig, DemoLLM
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM

MESSAGES = (Message("system", "You are kind."), Message("user", "Tell me a long story, please."))
KEY = "sk-0123456789abcdef"


def openai_llm(server: FakeOpenAI) -> OpenAILLM:
    return OpenAILLM(OpenAIConfig.model_validate({"base_url": server.url, "model": "test", "api_key": KEY}))


@asynccontextmanager
async def served_openai_llm() -> AsyncIterator[LLM]:
    async with FakeOpenAI() as server:
        yield openai_llm(server)


@asynccontextmanager
async def demo_llm() -> AsyncIterator[LLM]:
    yield DemoLLM(DemoConfig(seed=1, first_token_ms=5, token_ms=1))


SUBJECTS: dict[str, Callable[[], AbstractAsyncContextManager[LLM]]] = {
    "openai_llm": served_openai_llm,
    "demo_llm": demo_llm,
}
"""Providers that are not open yet, and can say a few words."""

SERVED: dict[str, Callable[[FakeOpenAI], LLM]] = {"openai_llm": openai_llm}
"""Those among them that ask a server over HTTP."""


async def collect(provider: LLM, into: list[LLMDelta] | None = None) -> list[LLMDelta]:
    """A whole reply; ``into`` also holds what came before an error."""
    deltas = [] if into is None else into
    async for found in provider.stream(MESSAGES):
        deltas.append(found)
    return deltas


def text_of(deltas: Sequence[LLMDelta]) -> str:
    return "".join(found.text for found in deltas if isinstance(found, TextDelta))


def closing(stream: Any) -> aclosing[Any]:
    return aclosing(stream)
