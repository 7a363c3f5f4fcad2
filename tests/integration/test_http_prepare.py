"""A connection that is there before the request is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fake_openai import Action, Answer, FakeOpenAI
from leaks import nothing_leaks

from hayakuchi.core import http
from hayakuchi.core.http import HttpClient, hang_up
from hayakuchi.core.remote import ServerBlock


@pytest.fixture(name="server")
async def _server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeOpenAI]:
    monkeypatch.setattr(ServerBlock, "loopback", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


@pytest.fixture(name="client")
async def _client(server: FakeOpenAI) -> AsyncIterator[HttpClient]:
    block = ServerBlock.model_validate({"base_url": server.url})
    client = HttpClient(block, "llm", "openai_llm", "the model 'm'")
    await client.open()
    yield client
    await client.aclose()


async def ask(client: HttpClient) -> None:
    response = await client.post("chat/completions", b"{}")
    try:
        await client.read_all(response)
    finally:
        hang_up(response)


async def test_the_request_finds_the_connection_open(server: FakeOpenAI, client: HttpClient) -> None:
    client.prepare()
    await server.arrived(1)
    await asyncio.sleep(0.05)
    await ask(client)
    assert [request.path for request in server.requests] == ["/v1/models", "/v1/chat/completions"]
    assert server.connections == 1


async def test_a_connection_that_is_in_use_is_enough(
    server: FakeOpenAI, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(client)
    client.prepare()
    await asyncio.sleep(0.05)
    assert len(server.requests) == 1
    monkeypatch.setattr(http, "FRESH_MS", 0.0)
    client.prepare()
    await server.arrived(2)


async def test_a_connection_that_an_interruption_cost_is_made_anew(server: FakeOpenAI, client: HttpClient) -> None:
    server.chat = Answer([b"x", Action.HANG])
    response = await client.post("chat/completions", b"{}")
    client.hang_up(response)
    client.prepare()
    await server.arrived(2)
    assert server.requests[1].path == "/v1/models"


async def test_a_server_that_refuses_is_not_asked_again_and_again(server: FakeOpenAI, client: HttpClient) -> None:
    server.models = Answer([b"no"], status=500)
    for _ in range(5):
        client.prepare()
        await asyncio.sleep(0.02)
    assert len(server.requests) == 1
    await ask(client)


async def test_closing_ends_it(server: FakeOpenAI, client: HttpClient) -> None:
    server.models = Answer([Action.HANG])
    client.prepare()
    await server.arrived(1)
    async with asyncio.timeout(1):
        await client.aclose()
    client.prepare()


async def test_a_server_on_this_machine_is_left_alone(
    server: FakeOpenAI, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServerBlock, "loopback", True)
    client.prepare()
    await asyncio.sleep(0.05)
    assert server.requests == []
