"""The HTTP layer of the providers against real sockets."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_openai import Action, Answer, FakeOpenAI, Recorded, answer_json
from leaks import nothing_leaks

from hayakuchi.core import http
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.http import HttpClient, hang_up
from hayakuchi.core.remote import ServerBlock


def client_of(url: str, **block: Any) -> HttpClient:
    return HttpClient(ServerBlock.model_validate({"base_url": url, **block}), "llm", "openai_llm", "the model 'm'")


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        server.chat = answer_json({"fine": True})
        yield server


@pytest.fixture(name="client")
async def _client(server: FakeOpenAI) -> AsyncIterator[HttpClient]:
    client = client_of(server.url)
    await client.open()
    yield client
    await client.aclose()


async def ask(client: HttpClient) -> bytes:
    response = await client.post("chat/completions", b"{}")
    try:
        return await client.read_all(response)
    finally:
        hang_up(response)


async def test_connections_are_kept_for_minutes(server: FakeOpenAI, client: HttpClient):
    connector: Any = (await client._made_session()).connector
    assert connector._keepalive_timeout == 300
    for idle_s in (0, 0, 0.4):
        await asyncio.sleep(idle_s)
        await ask(client)
    assert [request.nth for request in server.requests] == [1, 2, 3]
    assert server.connections == 1


async def test_small_packets_are_not_delayed(server: FakeOpenAI, client: HttpClient):
    server.chat = Answer([b"x", Action.HANG])
    response = await client.post("chat/completions", b"{}")
    connection: Any = response.connection
    assert connection.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    hang_up(response)


async def test_a_kept_connection_that_died_is_replaced(server: FakeOpenAI, client: HttpClient):
    def second_on_a_connection_is_dropped(request: Recorded) -> Answer:
        return answer_json({"fine": True}) if request.nth == 1 else Answer([Action.DROP])

    server.chat = second_on_a_connection_is_dropped
    for _ in range(3):
        assert await ask(client) == b'{"fine": true}'
    assert [request.nth for request in server.requests] == [1, 2, 1, 2, 1]


async def test_a_request_is_repeated_once_at_most(server: FakeOpenAI, client: HttpClient):
    await ask(client)
    server.chat = Answer([Action.DROP])
    with pytest.raises(ProviderError) as caught:
        await ask(client)
    assert caught.value.category is Category.CONNECTIVITY
    assert [request.nth for request in server.requests] == [1, 2, 1]


async def test_a_fresh_connection_that_dies_is_not_tried_again(server: FakeOpenAI, client: HttpClient):
    server.chat = Answer([Action.DROP])
    with pytest.raises(ProviderError) as caught:
        await ask(client)
    assert caught.value.category is Category.CONNECTIVITY
    assert len(server.requests) == 1


async def test_an_answer_that_began_is_never_asked_for_again(server: FakeOpenAI, client: HttpClient):
    await ask(client)
    server.chat = Answer([b"x", Action.CUT])
    with pytest.raises(ProviderError, match="middle of the answer"):
        await ask(client)
    assert len(server.requests) == 2


async def test_an_answer_is_bounded(server: FakeOpenAI, client: HttpClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 100_000)
    server.chat = Answer([b"x" * 60_000, b"x" * 60_000, Action.HANG])
    with pytest.raises(ProviderError) as caught:
        await ask(client)
    assert caught.value.category is Category.BAD_OUTPUT


async def test_a_listing_has_a_deadline(server: FakeOpenAI, client: HttpClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "PROBE_S", 0.1)
    for steps in ([Action.HANG], [b"[", Action.HANG]):
        server.models = Answer(steps, content_type="application/json")
        with pytest.raises(ProviderError, match=r"within 0\.1 s") as caught:
            await client.get_json("models")
        assert caught.value.category is Category.TIMEOUT
        await asyncio.wait_for(server.requests[-1].abandoned.wait(), 10)


async def test_a_connection_has_a_deadline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "CONNECT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = client_of(f"https://127.0.0.1:{listener.getsockname()[1]}")
        await client.open()
        async with asyncio.timeout(10):
            with pytest.raises(ProviderError, match="cannot be reached in time") as caught:
                await ask(client)
        await client.aclose()
    assert caught.value.category is Category.CONNECTIVITY


async def test_https_where_there_is_none(server: FakeOpenAI):
    client = client_of(server.url.replace("http:", "https:"))
    await client.open()
    with pytest.raises(ProviderError, match="no secure connection") as caught:
        await ask(client)
    await client.aclose()
    assert caught.value.category is Category.CONNECTIVITY


async def test_what_does_not_speak_http():
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()
        writer.close()

    async with nothing_leaks(), await asyncio.start_server(greet, "127.0.0.1", 0) as listener:
        client = client_of(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
        await client.open()
        with pytest.raises(ProviderError, match="does not speak HTTP") as caught:
            await ask(client)
        await client.aclose()
    assert caught.value.category is Category.BAD_OUTPUT


PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@pytest.fixture(name="environment")
def _environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


async def test_the_proxy_of_the_environment_is_used(server: FakeOpenAI, environment: pytest.MonkeyPatch):
    proxy = server.url.removesuffix("/v1").replace("//", "//user:word@")
    environment.setenv("HTTP_PROXY", proxy)
    client = client_of("http://models.invalid", api_key="sk-1234567890")
    await client.open()
    assert await ask(client) == b'{"fine": true}'
    await client.aclose()
    assert server.requests[0].headers["Host"] == "models.invalid"
    assert server.requests[0].headers["Proxy-Authorization"].startswith("Basic ")
    assert server.requests[0].headers["Authorization"] == "Bearer sk-1234567890"


@pytest.mark.parametrize(
    ("url", "trust_env", "no_proxy"),
    [
        ("http://127.0.0.1:9", True, ""),
        ("http://localhost:9", True, ""),
        ("http://models.invalid", False, ""),
        ("http://models.invalid", True, "other.invalid,models.invalid"),
    ],
)
async def test_when_the_proxy_is_not_used(environment: pytest.MonkeyPatch, url: str, trust_env: bool, no_proxy: str):
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    environment.setenv("NO_PROXY", no_proxy)
    client = client_of(url, trust_env=trust_env)
    await client.open()
    assert (await client._made_session())._default_proxy is None
    await client.aclose()


async def test_a_proxy_that_cannot_be_used_is_told(environment: pytest.MonkeyPatch):
    environment.setenv("HTTP_PROXY", "socks5://me:secret@127.0.0.1:1")
    client = client_of("http://models.invalid")
    with pytest.raises(ProviderError, match="trust_env") as caught:
        await client.open()
    assert "secret" not in str(caught.value)


async def test_a_proxy_that_does_not_answer_is_told(environment: pytest.MonkeyPatch, unused_tcp_port: int):
    environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_tcp_port}")
    client = client_of("http://models.invalid")
    await client.open()
    with pytest.raises(ProviderError, match="proxy") as caught:
        await ask(client)
    await client.aclose()
    assert caught.value.category is Category.CONNECTIVITY


def test_nothing_loads_aiohttp_before_a_provider_is_asked_for():
    code = "import sys, hayakuchi.core, hayakuchi.llm, hayakuchi.tts; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
