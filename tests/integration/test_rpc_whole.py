"""gRPC on the whole server: beside HTTP, with its conversations, keys and limits, until the server ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from leaks import nothing_leaks
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.core.database import Database
from hayakuchi.core.errors import ConfigError
from hayakuchi.gateway.access.keys import Key, insert, new_key, revoke
from hayakuchi.gateway.rpc.v1 import hayakuchi_pb2 as pb
from hayakuchi.gateway.rpc.v1.hayakuchi_pb2_grpc import HayakuchiStub
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import Scope, SessionsSettings
from hayakuchi.orchestrator.schema import MIGRATIONS


def saying(text: str, **further: Any) -> pb.ChatRequest:
    return pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, content=text)], **further)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def whole(llm: ScriptedLLM, file: Path | None = None, **gateway: Any) -> AsyncIterator[tuple[Any, Engine, str]]:
    """A stub of the server's gRPC door, its engine and its URL."""
    port = free_port()
    grpc_settings = {"enabled": True, "host": "127.0.0.1", "port": port}
    settings = settings_for(lambda: llm, lambda: ScriptedTTS(first_ms=1), grpc=grpc_settings, **gateway)
    if file is not None:
        settings = replace(settings, sessions=SessionsSettings(file=file))
    async with serving(settings) as (url, engine):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            async with asyncio.timeout(10):
                await channel.channel_ready()
            yield HayakuchiStub(channel), engine, url


async def made_key(file: Path, *scopes: Scope, limits: dict[str, int] | None = None) -> tuple[Key, Any]:
    """A key in the file, and the metadata that carries it."""
    key, token = new_key("test", scopes, time.time(), limits=limits)
    database = Database(file, MIGRATIONS)
    await database.open()
    await database.write(lambda connection: insert(connection, key))
    await database.aclose()
    return key, (("authorization", f"Bearer {token}"),)


async def status_of(call: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    return caught.value.code()


async def ended(call: Any) -> grpc.StatusCode:
    """How a call ends whose first event was read."""
    try:
        while await call.read():
            pass
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def test_conversations_are_shared_with_the_other_doors() -> None:
    llm = ScriptedLLM(["Hello ", "there."], first_ms=1, token_ms=0)
    async with whole(llm) as (stub, engine, _):
        events = [event async for event in stub.Chat(saying("Hi", session="s1"))]
        assert "".join(event.text for event in events) == "Hello there."
        done = events[-1].done
        assert done.finish_reason == pb.FINISH_REASON_STOP
        assert 0 < done.user_message_id < done.assistant_message_id
        assert await engine.conversations.find("", "s1") is not None
        async for _ in stub.Chat(saying("And?", session="s1")):
            pass
    assert [message.content for message in llm.asked[-1]][-3:] == ["Hi", "Hello there.", "And?"]


async def test_hanging_up_stops_the_model() -> None:
    llm = ScriptedLLM(["word "] * 1000, first_ms=1, token_ms=20)
    async with nothing_leaks(), whole(llm) as (stub, _, _url):
        call = stub.Chat(saying("Hi"))
        assert (await call.read()).text
        call.cancel()
        async with asyncio.timeout(2):
            while llm.running:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_the_voice_speaks() -> None:
    async with whole(ScriptedLLM([])) as (stub, engine, _):
        chunks = [chunk async for chunk in stub.Speak(pb.SpeakRequest(text="Hello there."))]
        assert {chunk.sample_rate for chunk in chunks} == {engine.voice.sample_rate}
        assert sum(len(chunk.pcm) for chunk in chunks) > 1000


async def test_models_are_those_of_the_other_doors() -> None:
    async with whole(ScriptedLLM([])) as (stub, _, _url):
        models = (await stub.ListModels(pb.ListModelsRequest())).models
        assert ("Test", "hayakuchi") in [(model.id, model.owned_by) for model in models]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Chat(saying("Hi", model="nobody")).read()
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_keys_open_this_door_as_well(tmp_path: Path) -> None:
    file = tmp_path / "hayakuchi.sqlite3"
    key, metadata = await made_key(file, Scope.CHAT)
    llm = ScriptedLLM(["word "] * 1000, first_ms=1, token_ms=20)
    async with whole(llm, file, auth={"enabled": True}) as (stub, engine, _):
        assert await status_of(stub.Chat(saying("Hi"))) is grpc.StatusCode.UNAUTHENTICATED
        wrong = (("authorization", f"Bearer hk_{'a' * 8}_{'b' * 43}"),)
        assert await status_of(stub.Chat(saying("Hi"), metadata=wrong)) is grpc.StatusCode.UNAUTHENTICATED
        speaking = stub.Speak(pb.SpeakRequest(text="Hi"), metadata=metadata)
        assert await status_of(speaking) is grpc.StatusCode.PERMISSION_DENIED
        call = stub.Chat(saying("Hi", session="s1"), metadata=metadata)
        assert (await call.read()).text
        assert await engine.conversations.find(key.owner, "s1") is not None
        assert await engine.conversations.find("", "s1") is None
        await engine.conversations.database.write(lambda connection: revoke(connection, key.id, time.time()))
        async with asyncio.timeout(5):
            assert await ended(call) is grpc.StatusCode.UNAUTHENTICATED
        assert not llm.running


async def test_limits_count_here_as_well(tmp_path: Path) -> None:
    file = tmp_path / "hayakuchi.sqlite3"
    _, metadata = await made_key(file, Scope.CHAT, limits={"requests_per_minute": 2})
    llm = ScriptedLLM(["Hi."], first_ms=1)
    async with whole(llm, file, auth={"enabled": True}) as (stub, _, _url):
        for _ in range(2):
            assert (await stub.Chat(saying("Hi"), metadata=metadata).read()).text
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Chat(saying("Hi"), metadata=metadata).read()
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert int(dict(caught.value.trailing_metadata() or ())["retry-after"]) > 0


async def test_a_taken_port_ends_the_server_with_its_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = settings_for(
            lambda: ScriptedLLM([]),
            ScriptedTTS,
            grpc={"enabled": True, "port": port},
        )
        with pytest.raises(BaseExceptionGroup) as caught:
            async with serving(settings):
                await asyncio.sleep(10)
    assert caught.group_contains(ConfigError, match=rf"gateway\.grpc: cannot listen on 127\.0\.0\.1:{port}", depth=None)
