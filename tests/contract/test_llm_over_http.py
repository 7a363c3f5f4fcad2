"""What every language model behind HTTP promises besides: faults of its server, and who hangs up when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fake_openai import Action, Answer, FakeOpenAI, Step, chat, delta, event, failure
from leaks import nothing_leaks
from llm_subjects import KEY, MESSAGES, SERVED, closing, collect, text_of

from hayakuchi.core.deadline import within
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import LLMDelta
from hayakuchi.llm import LLM


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


@pytest.fixture(params=SERVED, name="served")
async def _served(request: pytest.FixtureRequest, server: FakeOpenAI) -> AsyncIterator[LLM]:
    provider = SERVED[request.param](server)
    await provider.open()
    try:
        yield provider
    finally:
        await provider.aclose()


async def test_each_delta_is_told_before_the_next_is_made(server: FakeOpenAI, served: LLM):
    may_send = asyncio.Semaphore(1)
    server.chat = Answer(chat("abcdef", before_each=may_send))
    seen = ""
    async with asyncio.timeout(10):
        async for found in served.stream(MESSAGES):
            seen += text_of([found])
            may_send.release()
    assert seen == "abcdef"


async def test_leaving_early_makes_the_server_stop(server: FakeOpenAI, served: LLM):
    server.chat = Answer([*chat(["one "])[:1], Action.HANG])
    async with closing(served.stream(MESSAGES)) as stream:
        await anext(stream)
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()


@pytest.mark.parametrize("steps", [[Action.HANG], [delta(content="one "), Action.HANG]])
async def test_cancelling_makes_the_server_stop(server: FakeOpenAI, served: LLM, steps: list[Step]):
    server.chat = Answer(steps)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(collect(served))
        await server.arrived()
        await asyncio.sleep(0.02)
        task.cancel()
        await server.requests[-1].abandoned.wait()
    assert task.cancelled()


@pytest.mark.parametrize("steps", [[Action.HANG], [delta(content="one "), Action.HANG]])
async def test_silence_breaks_a_deadline_and_the_connection(server: FakeOpenAI, served: LLM, steps: list[Step]):
    server.chat = Answer(steps)
    with pytest.raises(ProviderError) as caught:
        async for _ in within(served.stream(MESSAGES), Deadlines(0.3, 0.1), kind="llm", provider=served.name):
            pass
    assert caught.value.category is Category.TIMEOUT
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()


FIRST = delta(content="one ")
FAULTS: dict[str, tuple[Answer, Category]] = {
    "401": (failure(401, f"bad key {KEY}"), Category.AUTH),
    "403": (failure(403, "not for you"), Category.AUTH),
    "404": (failure(404, "no such model"), Category.NOT_FOUND),
    "400": (failure(400, "too long"), Category.INVALID_REQUEST),
    "413": (failure(413, "too long"), Category.INVALID_REQUEST),
    "422": (failure(422, "no"), Category.INVALID_REQUEST),
    "307": (failure(307, "elsewhere", Location="http://127.0.0.1:9/"), Category.INVALID_REQUEST),
    "408": (failure(408, "late"), Category.TIMEOUT),
    "429": (failure(429, "slow down", Retry_After="7"), Category.RATE_LIMITED),
    "500": (failure(500, "boom"), Category.UNAVAILABLE),
    "503": (failure(503, "loading"), Category.UNAVAILABLE),
    "500, its body hangs": (Answer([b"bo", Action.HANG], status=500), Category.UNAVAILABLE),
    "500, its body is cut": (Answer([b"bo", Action.CUT], status=500), Category.UNAVAILABLE),
    "web page": (Answer([b"<html>hi</html>"], content_type="text/html"), Category.BAD_OUTPUT),
    "json with an error": (failure(200, "boom"), Category.UNAVAILABLE),
    "json that is no reply": (Answer([b'{"hello": 1}'], content_type="application/json"), Category.BAD_OUTPUT),
    "no json": (Answer([b"hello"], content_type="application/json"), Category.BAD_OUTPUT),
    "no answer": (Answer([Action.DROP]), Category.CONNECTIVITY),
    "empty": (Answer([]), Category.CONNECTIVITY),
    "cut before": (Answer([Action.CUT]), Category.CONNECTIVITY),
    "cut after": (Answer([FIRST, 0.02, Action.CUT]), Category.CONNECTIVITY),
    "ends too early": (Answer([FIRST]), Category.CONNECTIVITY),
    "garbage": (Answer([FIRST, b"data: {nonsense}\n\n", Action.HANG]), Category.BAD_OUTPUT),
    "half a character": (Answer([FIRST, b'data: {"a": "\xe6\x97"}\n\n', Action.HANG]), Category.BAD_OUTPUT),
    "long line": (Answer([FIRST, *[b"x" * 65_536] * 32, Action.HANG]), Category.BAD_OUTPUT),
    "error object": (Answer([FIRST, event({"error": {"message": "boom", "code": 500}})]), Category.UNAVAILABLE),
    "error object 429": (Answer([event({"error": {"message": "slow", "code": 429}})]), Category.RATE_LIMITED),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(server: FakeOpenAI, served: LLM, fault: str):
    answer, category = FAULTS[fault]
    server.chat = answer
    seen: list[LLMDelta] = []
    async with asyncio.timeout(10):
        with pytest.raises(ProviderError) as caught:
            await collect(served, into=seen)
    error = caught.value
    assert (error.kind, error.provider, error.category) == ("llm", served.name, category)
    assert KEY not in str(error)
    assert "127.0.0.1" in str(error)
    assert text_of(seen) == ("one " if FIRST in answer.steps else "")
    if fault == "429":
        assert error.retry_after_s == 7
    server.chat = Answer(chat())
    assert text_of(await collect(served)) == "Hello, world."


async def test_nothing_answers(server: FakeOpenAI, served: LLM):
    await server.__aexit__(None)
    for attempt in (collect(served), served.probe()):
        with pytest.raises(ProviderError, match="is the server running") as caught:
            await attempt
        assert caught.value.category is Category.CONNECTIVITY


async def test_fifty_held_open_at_a_time(server: FakeOpenAI, served: LLM):
    may_send = asyncio.Semaphore(0)
    server.chat = Answer(chat(("a", "b"), before_each=may_send))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        tasks = [group.create_task(collect(served)) for _ in range(50)]
        await server.arrived(50)
        for _ in range(100):
            may_send.release()
    assert [text_of(task.result()) for task in tasks] == ["ab"] * 50
    assert server.connections == 50


async def test_use_after_close_and_before_open(server: FakeOpenAI, served: LLM):
    await served.aclose()
    with pytest.raises(ProviderError, match="not open"):
        await collect(served)
    with pytest.raises(ProviderError, match="not open"):
        await served.probe()
    await served.open()
    assert text_of(await collect(served)) == "Hello, world."


async def test_closing_ends_the_streams_that_run(server: FakeOpenAI, served: LLM):
    server.chat = Answer([FIRST, Action.HANG])
    async with asyncio.timeout(10):
        async with closing(served.stream(MESSAGES)) as stream:
            await anext(stream)
            await served.aclose()
            with pytest.raises(ProviderError) as caught:
                await anext(stream)
        await server.requests[-1].abandoned.wait()
    assert caught.value.category is Category.CONNECTIVITY
