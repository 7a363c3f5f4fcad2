"""``openai_llm`` against a real llama.cpp server with a generated model."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from requirements import require

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Finish, FinishReason, Generation, Message, TextDelta, Usage
from hayakuchi.llm import openai_requests
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM

SENTENCES = (
    "Hello and welcome to the show .",
    "The fox runs over the hill and sings a song .",
    "My favourite song is the one about the moon .",
)
MESSAGES = (Message("user", "Sing!"),)


@pytest.fixture(scope="module", name="url")
def _url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for package in ("xllamacpp", "gguf"):
        require(importlib.util.find_spec(package), f"{package} is not installed: it has no wheel for this platform")
    xllamacpp: Any = importlib.import_module("xllamacpp")
    from canned_gguf import write_canned_gguf

    path: Path = tmp_path_factory.mktemp("model") / "canned.gguf"
    write_canned_gguf(path, SENTENCES)
    parameters: Any = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = 2048
    parameters.n_parallel = 1
    parameters.ctx_shift = True
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    yield server.listening_address
    del server


@pytest.fixture(name="llm")
async def _llm(url: str) -> AsyncIterator[OpenAILLM]:
    provider = OpenAILLM(
        OpenAIConfig.model_validate({"base_url": url, "model": "canned", "max_tokens": 60, "temperature": 0})
    )
    await provider.open()
    yield provider
    await provider.aclose()


async def collect(provider: OpenAILLM) -> list[Any]:
    async with asyncio.timeout(30):
        return [found async for found in provider.stream(MESSAGES)]


async def test_probe(llm: OpenAILLM, url: str):
    assert await llm.probe() == f"canned at {url}/v1"


async def test_text_comes_in_pieces_and_is_counted(llm: OpenAILLM):
    deltas = await collect(llm)
    texts = [found.text for found in deltas if isinstance(found, TextDelta)]
    assert len(texts) >= 5
    assert set("".join(texts).split()) <= set(" ".join(SENTENCES).split())
    usage = deltas[-1]
    assert isinstance(usage, Usage)
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens >= len(texts)


async def test_a_whole_completion_says_the_same(llm: OpenAILLM):
    whole = OpenAILLM(llm.config.model_copy(update={"stream": False}))
    await whole.open()
    streamed = "".join(found.text for found in await collect(llm) if isinstance(found, TextDelta))
    assert [found.text for found in await collect(whole) if isinstance(found, TextDelta)] == [streamed]
    await whole.aclose()


async def test_leaving_frees_the_only_slot_at_once(llm: OpenAILLM):
    """The model would go on for a million tokens, which takes minutes; who asks next would wait for it."""
    for_ever = {"max_tokens": None, "extra_body": {"n_predict": 1_000_000, "ignore_eos": True}}
    endless = OpenAILLM(llm.config.model_copy(update=for_ever))
    await endless.open()
    for _ in range(3):
        stream: Any = endless.stream(MESSAGES)
        async with aclosing(stream):
            assert isinstance(await anext(stream), TextDelta)
        assert any(isinstance(found, TextDelta) for found in await collect(llm))
    await endless.aclose()


async def test_too_long_a_prompt_is_an_invalid_request(llm: OpenAILLM):
    with pytest.raises(ProviderError) as caught:
        async for _ in llm.stream([Message("user", "word " * 5_000)]):
            pass
    assert caught.value.category is Category.INVALID_REQUEST


async def test_its_own_completion_is_understood_too(llm: OpenAILLM, monkeypatch: pytest.MonkeyPatch):
    """A llama.cpp that does not speak OpenAI's API, played by one that is asked for a route it does not have."""
    monkeypatch.setattr(openai_requests, "CHAT", "no/such/route")
    deltas = await collect(llm)
    texts = [found.text for found in deltas if isinstance(found, TextDelta)]
    assert len(texts) >= 5
    assert set("".join(texts).split()) <= set(" ".join(SENTENCES).split())
    usage = deltas[-1]
    assert isinstance(usage, Usage)
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    options = Generation(max_tokens=2)
    assert Finish(FinishReason.LENGTH) in [found async for found in llm.stream(MESSAGES, options)]
