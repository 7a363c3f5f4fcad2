"""What a model for embeddings promises, against a scripted server: vectors in order, faults, deadlines, and hanging up."""

from __future__ import annotations

import asyncio
import struct
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_openai import Action, Answer, FakeOpenAI, Recorded, answer_json, failure, models, vectors
from leaks import nothing_leaks
from pydantic import ValidationError

from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.types import Usage
from hayakuchi.llm.embeddings import FallbackEmbedder
from hayakuchi.llm.openai_embeddings import OpenAIEmbeddings, OpenAIEmbeddingsConfig

KEY = "sk-0123456789abcdef"


def made(server: FakeOpenAI, **block: Any) -> OpenAIEmbeddings:
    settings = {"base_url": server.url, "model": "test", "api_key": KEY, **block}
    return OpenAIEmbeddings(OpenAIEmbeddingsConfig.model_validate(settings))


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


@pytest.fixture(name="embedder")
async def _embedder(server: FakeOpenAI) -> AsyncIterator[OpenAIEmbeddings]:
    embedder = made(server)
    await embedder.open()
    yield embedder
    await embedder.aclose()


def echo(request: Recorded) -> Answer:
    return vectors(*([float(len(text)), 0.5] for text in request.body["input"]))


async def test_a_vector_for_each_text(server: FakeOpenAI, embedder: OpenAIEmbeddings):
    server.embeddings = echo
    found = await embedder.embed(["a", "早口", ""])
    assert found == ([[1.0, 0.5], [2.0, 0.5], [0.0, 0.5]], Usage(5, 0))
    request = server.requests[-1]
    assert request.body == {"model": "test", "input": ["a", "早口", ""], "encoding_format": "float"}
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert await embedder.embed([]) == ([], None)
    assert len(server.requests) == 1


async def test_the_length_is_asked_for_and_a_caller_s_wins(server: FakeOpenAI):
    embedder = made(server, dimensions=8, extra_body={"user": "u"})
    await embedder.open()
    await embedder.embed(["a"])
    await embedder.embed(["a"], 4)
    await embedder.aclose()
    assert [request.body["dimensions"] for request in server.requests] == [8, 4]
    assert server.requests[0].body["user"] == "u"


async def test_vectors_come_in_the_order_of_the_texts_and_in_base64_too(server: FakeOpenAI, embedder: OpenAIEmbeddings):
    packed = b64encode(struct.pack("<2f", 2.0, 0.5)).decode()
    server.embeddings = answer_json({"data": [{"index": 1, "embedding": [1, 0]}, {"index": 0, "embedding": packed}]})
    assert await embedder.embed(["a", "b"]) == ([[2.0, 0.5], [1.0, 0.0]], None)


def data(*entries: Any) -> Answer:
    return answer_json({"data": list(entries)})


FAULTS: dict[str, tuple[Answer, Category]] = {
    "401": (failure(401, f"bad key {KEY}"), Category.AUTH),
    "404": (failure(404, "no such model"), Category.NOT_FOUND),
    "400": (failure(400, "too long"), Category.INVALID_REQUEST),
    "429": (failure(429, "slow down", Retry_After="7"), Category.RATE_LIMITED),
    "503": (failure(503, "loading"), Category.UNAVAILABLE),
    "web page": (Answer([b"<html>"], content_type="text/html"), Category.BAD_OUTPUT),
    "no json": (Answer([b"hello"], content_type="application/json"), Category.BAD_OUTPUT),
    "an error": (failure(200, "boom"), Category.UNAVAILABLE),
    "no answer": (Answer([Action.DROP]), Category.CONNECTIVITY),
    "cut": (Answer([b'{"data"', Action.CUT]), Category.CONNECTIVITY),
    "one too few": (data({"embedding": [1.0]}), Category.BAD_OUTPUT),
    "one too many": (data(*[{"embedding": [1.0]}] * 3), Category.BAD_OUTPUT),
    "one twice": (data(*[{"index": 0, "embedding": [1.0]}] * 2), Category.BAD_OUTPUT),
    "other lengths": (data({"embedding": [1.0]}, {"embedding": [1.0, 2.0]}), Category.BAD_OUTPUT),
    "empty": (data({"embedding": []}, {"embedding": []}), Category.BAD_OUTPUT),
    "words": (data({"embedding": ["x"]}, {"embedding": [1.0]}), Category.BAD_OUTPUT),
    "odd base64": (data({"embedding": "!!"}, {"embedding": [1.0]}), Category.BAD_OUTPUT),
    "half a float": (data({"embedding": "AAA="}, {"embedding": [1.0]}), Category.BAD_OUTPUT),
    "not a number": (
        Answer([b'{"data": [{"embedding": [NaN]}, {"embedding": [1]}]}'], 200, "application/json"),
        Category.BAD_OUTPUT,
    ),
    "a list": (answer_json([1]), Category.BAD_OUTPUT),
    "nothing": (answer_json({}), Category.BAD_OUTPUT),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(server: FakeOpenAI, embedder: OpenAIEmbeddings, fault: str):
    server.embeddings, category = FAULTS[fault]
    async with asyncio.timeout(10):
        with pytest.raises(ProviderError) as caught:
            await embedder.embed(["a", "b"])
    error = caught.value
    assert (error.kind, error.provider, error.category) == ("embeddings", "openai_embeddings", category)
    assert KEY not in str(error)
    assert "127.0.0.1" in str(error)
    server.embeddings = echo
    assert await embedder.embed(["a"])


@pytest.mark.parametrize("steps", [[Action.HANG], [b'{"data": [', Action.HANG]])
async def test_silence_breaks_its_deadline_and_the_connection(server: FakeOpenAI, steps: list[Any]):
    embedder = made(server, timeout=0.2)
    await embedder.open()
    server.embeddings = Answer(steps, content_type="application/json")
    with pytest.raises(ProviderError, match=r"within 0\.2 s") as caught:
        await embedder.embed(["a"])
    assert caught.value.category is Category.TIMEOUT
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()
    await embedder.aclose()


@pytest.mark.parametrize("steps", [[Action.HANG], [b'{"data": [', Action.HANG]])
async def test_cancelling_makes_the_server_stop(server: FakeOpenAI, embedder: OpenAIEmbeddings, steps: list[Any]):
    server.embeddings = Answer(steps, content_type="application/json")
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(embedder.embed(["a"]))
        await server.arrived()
        await asyncio.sleep(0.02)
        task.cancel()
        await server.requests[-1].abandoned.wait()
    assert task.cancelled()


async def test_fifty_at_a_time(server: FakeOpenAI, embedder: OpenAIEmbeddings):
    server.embeddings = echo
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(embedder.embed(["x" * length])) for length in range(50)]
    assert [task.result().vectors[0][0] for task in tasks] == list(range(50))


async def test_probe_open_and_close(server: FakeOpenAI, embedder: OpenAIEmbeddings):
    assert await embedder.probe() == f"test at {server.url}"
    server.models = failure(404, "no list")
    assert await embedder.probe()
    server.models = failure(401, "no")
    with pytest.raises(ProviderError):
        await embedder.probe()
    await embedder.aclose()
    await embedder.aclose()
    with pytest.raises(ProviderError, match="not open"):
        await embedder.embed(["a"])
    await embedder.open()
    assert await embedder.embed(["a"])
    server.models = models("test")


@pytest.mark.parametrize("block", [{"model": ""}, {"dimensions": 0}, {"extra_body": {"input": []}}, {"timeout": 0}])
def test_blocks_that_are_refused(block: dict[str, Any]):
    with pytest.raises(ValidationError):
        OpenAIEmbeddingsConfig.model_validate({"base_url": "http://h", "model": "m", **block})


async def test_a_chain_of_servers_of_one_model(server: FakeOpenAI):
    async with FakeOpenAI() as second:
        chain = FallbackEmbedder([made(server), made(second)])
        await chain.open()
        server.embeddings, second.embeddings = failure(503, "loading"), vectors((2.0,))
        for _ in range(4):
            assert (await chain.embed(["a"])).vectors == [[2.0]]
        assert len(server.requests) == 3  # then it is left alone for a while
        second.embeddings = failure(400, "too long")
        for _ in range(4):
            with pytest.raises(ProviderError, match="too long"):
                await chain.embed(["a"])
        second.embeddings = failure(401, "no")
        with pytest.raises(AllProvidersFailed):
            await chain.embed(["a"])
        await chain.aclose()
    with pytest.raises(ValueError, match="do not mix: other, test"):
        FallbackEmbedder([made(server), made(server, model="other")])
