"""The gRPC door, with a real client: what is asked and told, refusals, cancelling, health, and that it says what it offers."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress
from typing import Any

import grpc
import pytest
from calling import ScriptedDoor, ScriptedServices, calling
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from leaks import nothing_leaks

from hayakuchi.core.errors import CapacityError, Category, ConfigError, HayakuchiError, ProviderError
from hayakuchi.core.types import (
    Audio,
    FinishReason,
    Generation,
    Image,
    Message,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from hayakuchi.gateway.access.caller import Caller
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.chat.service import ChatRequest, Done, Rewind
from hayakuchi.gateway.rpc import bystanders, service
from hayakuchi.gateway.rpc.server import check_reach, rpc_server
from hayakuchi.gateway.rpc.service import SERVICE
from hayakuchi.gateway.rpc.v1 import hayakuchi_pb2 as pb
from hayakuchi.orchestrator.gateway_settings import AuthSettings, GatewaySettings

DONE = Done(FinishReason.STOP, Usage(12, 3), "kiyo", (4, 5))
SAY_HI = pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, content="Hi")])
ALL = (("authorization", "Bearer all"),)


async def refused(call: Any) -> grpc.aio.AioRpcError:
    """How a call is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    return caught.value


def trailing(error: grpc.aio.AioRpcError) -> dict[str, Any]:
    return dict(error.trailing_metadata() or ())


async def test_a_reply_comes_as_it_is_made() -> None:
    deltas = [
        ReasoningDelta("Hm."),
        TextDelta("こんに"),
        TextDelta("ちは"),
        ToolCallDelta(0, "c1", "look", '{"at"'),
        DONE,
    ]
    services = ScriptedServices(deltas)
    async with calling(services) as (_, stub):
        events = [event async for event in stub.Chat(SAY_HI)]
    assert [event.WhichOneof("event") for event in events] == ["reasoning", "text", "text", "tool_call", "done"]
    assert "".join(event.text for event in events) == "こんにちは"
    assert events[3].tool_call == pb.ToolCallDelta(index=0, id="c1", name="look", arguments='{"at"')
    usage = pb.Usage(prompt_tokens=12, completion_tokens=3)
    expected = pb.Done(
        finish_reason=pb.FINISH_REASON_STOP, usage=usage, model="kiyo", user_message_id=4, assistant_message_id=5
    )
    assert events[-1].done == expected


async def test_a_piece_is_sent_before_the_next_is_there() -> None:
    services = ScriptedServices([TextDelta("Hello"), 30.0, DONE])
    async with nothing_leaks(), calling(services) as (_, stub):
        call = stub.Chat(SAY_HI)
        async with asyncio.timeout(5):
            assert (await call.read()).text == "Hello"
        call.cancel()


async def test_all_that_is_asked_arrives() -> None:
    services = ScriptedServices([DONE])
    asked = pb.ChatRequest(
        model="kiyo",
        messages=[
            pb.Message(role=pb.ROLE_SYSTEM, content="Be brief."),
            pb.Message(
                role=pb.ROLE_USER,
                content="What is it?",
                name="Ann",
                images=[pb.Image(url="data:image/png;base64,AA==", detail=pb.Image.DETAIL_LOW)],
            ),
            pb.Message(role=pb.ROLE_ASSISTANT, tool_calls=[pb.ToolCall(id="c1", name="look", arguments="{}")]),
            pb.Message(role=pb.ROLE_TOOL, content="a cat", tool_call_id="c1"),
        ],
        generation=pb.Generation(
            temperature=0.0,
            max_tokens=9,
            stop=["END"],
            seed=-3,
            tools=[pb.Tool(name="look", description="Look", parameters='{"type":"object","minProperties":1}')],
            tool_choice="look",
            parallel_tool_calls=False,
            response_format='{"type":"json_object"}',
        ),
        session="s1",
        user="Ann",
        disable_quick_response=True,
        speak=True,
        rewind=pb.Rewind(message=0),
    )
    async with calling(services) as (_, stub):
        await stub.Chat(asked, metadata=ALL).read()
    look = {"name": "look", "description": "Look", "parameters": {"type": "object", "minProperties": 1}}
    expected = ChatRequest(
        model="kiyo",
        messages=(
            Message("system", "Be brief."),
            Message("user", "What is it?", "Ann", (Image("data:image/png;base64,AA==", "low"),)),
            Message("assistant", "", tool_calls=(ToolCall("c1", "look", "{}"),)),
            Message("tool", "a cat", tool_call_id="c1"),
        ),
        generation=Generation(
            temperature=0.0,
            max_tokens=9,
            stop=("END",),
            seed=-3,
            tools=({"type": "function", "function": look},),
            tool_choice={"type": "function", "function": {"name": "look"}},
            parallel_tool_calls=False,
            response_format={"type": "json_object"},
        ),
        session="s1",
        user="Ann",
        disable_quick_response=True,
        speak=True,
        rewind=Rewind(0),
    )
    [(request, caller)] = services.asked
    assert request == expected
    assert (caller.id, caller.owner) == ("all", "all")


HI = pb.Message(role=pb.ROLE_USER, content="Hi")


def asking(**generation: Any) -> pb.ChatRequest:
    return pb.ChatRequest(messages=[HI], generation=pb.Generation(**generation))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (pb.ChatRequest(), "messages"),
        (pb.ChatRequest(messages=[HI, pb.Message(content="x")]), "messages.1.role"),
        (pb.ChatRequest(messages=[HI], speak=True), "session"),
        (pb.ChatRequest(messages=[HI], session=""), "session"),
        (pb.ChatRequest(messages=[HI], session="../x"), "session"),
        (pb.ChatRequest(messages=[HI], session="a" * 65), "session"),
        (pb.ChatRequest(rewind=pb.Rewind()), "rewind"),
        (pb.ChatRequest(messages=[HI], model="m" * 201), "model"),
        (pb.ChatRequest(messages=[HI], user="u" * 201), "user"),
        (pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, name="n" * 201)]), "messages.0.name"),
        (
            pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, images=[pb.Image(url="https://a b")])]),
            "messages.0.images.0.url",
        ),
        (pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_TOOL, content="x")]), "messages.0.tool_call_id"),
        (
            pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, images=[pb.Image(url="file:///etc/passwd")])]),
            "messages.0.images.0.url",
        ),
        (
            pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, images=[pb.Image(url="http://10.0.0.1/x")])]),
            "messages.0.images.0.url",
        ),
        (asking(temperature=float("nan")), "generation.temperature"),
        (asking(top_p=1.1), "generation.top_p"),
        (asking(max_tokens=0), "generation.max_tokens"),
        (asking(stop=["a", ""]), "generation.stop"),
        (asking(stop=list("abcde")), "generation.stop"),
        (asking(response_format="[1]"), "generation.response_format"),
        (asking(tools=[pb.Tool(name="x", parameters="[" * 100_000)]), "generation.tools.0.parameters"),
        (asking(tools=[pb.Tool()]), "generation.tools.0.name"),
        (asking(tool_choice="x"), "generation.tool_choice"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_cannot_be_asked_is_named(asked: pb.ChatRequest, field: str) -> None:
    services = ScriptedServices([DONE])
    async with calling(services) as (_, stub):
        error = await refused(stub.Chat(asked))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert str(error.details()).startswith(f"{field}: ")
    assert services.asked == []


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (Problem(404, "no such model", "model_not_found"), grpc.StatusCode.NOT_FOUND, "model_not_found", None),
        (
            Problem(429, "slow down", "daily_limit", retry_after_s=3600),
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "daily_limit",
            "3600",
        ),
        (CapacityError("full", 5), grpc.StatusCode.UNAVAILABLE, "overloaded", "5"),
        (
            ProviderError("llm", "openai_llm", Category.TIMEOUT, "no first token"),
            grpc.StatusCode.UNAVAILABLE,
            "llm.timeout",
            "5",
        ),
        (Problem(500, "x", "internal"), grpc.StatusCode.INTERNAL, "internal", None),
    ],
    ids=["404", "429", "full", "model", "500"],
)
@pytest.mark.parametrize("after", [0, 1])
async def test_errors_have_their_status(
    error: HayakuchiError, status: grpc.StatusCode, code: str, retry_after: str | None, after: int
) -> None:
    async with calling(ScriptedServices([*[TextDelta("a")] * after, error])) as (_, stub):
        told = await refused(stub.Chat(SAY_HI))
    assert told.code() is status
    assert trailing(told)["hayakuchi-code"] == code
    assert trailing(told).get("retry-after") == retry_after


async def test_long_errors_fit_into_the_headers() -> None:
    async with calling(ScriptedServices([Problem(404, "長" * 100_000, "model_not_found")])) as (_, stub):
        told = await refused(stub.Chat(SAY_HI))
    assert told.code() is grpc.StatusCode.NOT_FOUND
    assert told.details() == "長" * 500


async def test_what_nobody_foresaw_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async with calling(ScriptedServices([RuntimeError("secret sauce")])) as (_, stub):
        told = await refused(stub.Chat(SAY_HI))
    assert told.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(told.details())
    assert "secret sauce" in caplog.text


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ((("authorization", "Bearer wrong"),), grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", "Basic all"),), grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", "Bearer all"), ("authorization", "Bearer all")), grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", "Bearer ears"),), grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_who_may_not_is_told_so(metadata: Any, status: grpc.StatusCode, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    services = ScriptedServices([DONE])
    async with calling(services) as (_, stub):
        told = await refused(stub.Chat(SAY_HI, metadata=metadata))
    assert told.code() is status
    assert services.asked == []
    assert "wrong" not in str(told.details()) + caplog.text


async def test_without_a_key_one_is_known_by_the_address() -> None:
    services = ScriptedServices([DONE])
    async with calling(services) as (_, stub):
        await stub.Chat(SAY_HI).read()
        assert (await refused(stub.Speak(pb.SpeakRequest(text="Hi")))).code() is grpc.StatusCode.PERMISSION_DENIED
    assert services.asked[0][1].id == "ip:127.0.0.1"


async def test_a_key_that_ends_ends_what_goes_on() -> None:
    services, door = ScriptedServices([TextDelta("a"), 30.0]), ScriptedDoor()
    async with nothing_leaks(), calling(services, door) as (_, stub):
        call = stub.Chat(SAY_HI, metadata=ALL)
        assert (await call.read()).text == "a"
        door.end_keys()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async with asyncio.timeout(5):
                await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert services.running == 0


async def test_a_text_is_spoken() -> None:
    services = ScriptedServices([Audio(b"\1\0" * 10, 24000), Audio(b"\2\0", 24000)])
    async with calling(services) as (_, stub):
        chunks = [chunk async for chunk in stub.Speak(pb.SpeakRequest(text="Hi", voice="v", speed=1.5), metadata=ALL)]
        await stub.Speak(pb.SpeakRequest(text="Ho"), metadata=ALL).read()
    assert [(chunk.pcm, chunk.sample_rate) for chunk in chunks] == [(b"\1\0" * 10, 24000), (b"\2\0", 24000)]
    caller = Caller("all", "all")
    assert services.asked == [("Hi", caller, "v", 1.5), ("Ho", caller, None, 1.0)]


@pytest.mark.parametrize(
    "asked",
    [
        pb.SpeakRequest(),
        pb.SpeakRequest(text=" \n"),
        pb.SpeakRequest(text="x" * 4097),
        pb.SpeakRequest(text="x", speed=0),
        pb.SpeakRequest(text="x", speed=float("nan")),
    ],
    ids=["nothing", "blank", "long", "standing", "nan"],
)
async def test_what_cannot_be_spoken_is_refused(asked: pb.SpeakRequest) -> None:
    services = ScriptedServices()
    async with calling(services) as (_, stub):
        assert (await refused(stub.Speak(asked, metadata=ALL))).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert services.asked == []


async def test_the_models_are_listed() -> None:
    async with calling(ScriptedServices()) as (_, stub):
        models = (await stub.ListModels(pb.ListModelsRequest())).models
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ListModels(pb.ListModelsRequest(), metadata=(("authorization", "Bearer ears"),))
    assert [(model.id, model.owned_by) for model in models] == [("kiyo", "hayakuchi"), ("qwen2.5", "openai_llm")]
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("how", ["cancel", "deadline", "gone"])
@pytest.mark.parametrize(
    "script", [[30.0], [TextDelta("a"), 30.0], [TextDelta("a" * 1000)] * 100_000], ids=["wait", "begun", "amid"]
)
async def test_who_hangs_up_stops_the_model(how: str, script: list[Any]) -> None:
    services = ScriptedServices(script)
    async with nothing_leaks(), calling(services) as (channel, stub):
        call = stub.Chat(SAY_HI, timeout=0.3 if how == "deadline" else None)
        async with asyncio.timeout(5):
            await services.started.wait()
            if how == "cancel":
                call.cancel()
            elif how == "gone":
                await channel.close()
            await services.stopped.wait()
            if how == "deadline":
                assert (await refused(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert services.running == 0


async def test_who_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "READ_WITHIN_S", 0.2)
    services = ScriptedServices([TextDelta("a" * 10_000)] * 10_000)
    async with nothing_leaks(), calling(services) as (_, stub):
        call = stub.Chat(SAY_HI)
        await call.read()
        async with asyncio.timeout(5):
            await services.stopped.wait()
        assert services.running == 0
        call.cancel()


async def test_messages_have_a_limit() -> None:
    services = ScriptedServices([DONE])
    async with calling(services, max_body_kb=16) as (_, stub):
        big = pb.ChatRequest(messages=[pb.Message(role=pb.ROLE_USER, content="x" * 17_000)])
        assert (await refused(stub.Chat(big))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        await stub.Chat(SAY_HI).read()
    assert len(services.asked) == 1


async def test_health_follows_readiness() -> None:
    states = [True]
    async with calling(ScriptedServices(), ready=lambda: states[-1]) as (channel, _):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE))
        async with asyncio.timeout(5):
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            states.append(False)
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            overall = await stub.Check(health_pb2.HealthCheckRequest())
            assert overall.status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()


async def test_it_says_what_it_offers() -> None:
    async with calling(ScriptedServices()) as (channel, _):
        any_channel: Any = channel  # the stub is of either kind
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(any_channel)
        call = stub.ServerReflectionInfo()
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        listed = {each.name for each in (await call.read()).list_services_response.service}
        await call.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE))
        described = (await call.read()).file_descriptor_response.file_descriptor_proto
        await call.done_writing()
    assert {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= listed
    assert pb.DESCRIPTOR.serialized_pb in described


async def test_a_port_that_is_taken_is_named() -> None:
    services = ScriptedServices()
    behind = service.Service(ScriptedDoor(), services, services, services.listed)
    async with rpc_server(
        behind, GatewaySettings.model_validate({"grpc": {"port": 0}}), "127.0.0.1", lambda: True
    ) as port:
        taken = GatewaySettings.model_validate({"grpc": {"port": port}})
        with pytest.raises(ConfigError, match=r"gateway\.grpc: cannot listen"):
            async with rpc_server(behind, taken, "127.0.0.1", lambda: True):
                pytest.fail("two servers on a port")


def test_no_door_without_keys_to_the_network() -> None:
    closed, guarded = GatewaySettings(), GatewaySettings(auth=AuthSettings(enabled=True))
    check_reach("127.0.0.1", "127.0.0.1", closed)
    check_reach("0.0.0.0", "127.0.0.1", guarded)
    check_reach("0.0.0.0", "0.0.0.0", closed)  # --open-to-network was said
    with pytest.raises(ConfigError, match=r"gateway\.grpc\.host"):
        check_reach("0.0.0.0", "127.0.0.1", closed)


async def test_those_who_watch_without_a_key_leave_room_for_callers() -> None:
    services = ScriptedServices([DONE])
    async with calling(services, max_turns=10) as (channel, stub):
        health: Any = health_pb2_grpc.HealthStub(channel)
        watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(100)]
        first = await asyncio.gather(*(watch.read() for watch in watches), return_exceptions=True)
        assert sum(isinstance(one, grpc.aio.AioRpcError) for one in first) == 100 - bystanders.MOST
        for _ in range(3):
            assert [event.WhichOneof("event") async for event in stub.Chat(SAY_HI)] == ["done"]
            await health.Check(health_pb2.HealthCheckRequest())
        for watch in watches:
            watch.cancel()
        for _ in range(100):
            await asyncio.sleep(0.02)
            with suppress(grpc.aio.AioRpcError):
                assert (await health.Watch(health_pb2.HealthCheckRequest()).read()).status
                return
        raise AssertionError("those that have gone are still counted")


async def test_garbage_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    services = ScriptedServices([DONE])
    rng = random.Random(5)
    async with nothing_leaks(), calling(services) as (channel, stub):
        raw = channel.unary_stream(f"/{SERVICE}/Chat")
        for length in range(1, 200):
            call = raw(rng.randbytes(length))
            with suppress(grpc.aio.AioRpcError):
                async with asyncio.timeout(5):
                    async for _ in call:
                        pass
            assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert services.asked == []
        assert caplog.text == ""
        assert [event.WhichOneof("event") async for event in stub.Chat(SAY_HI)] == ["done"]


async def test_what_speaks_another_protocol_is_closed() -> None:
    services = ScriptedServices([DONE])
    async with nothing_leaks(), calling(services) as (_, stub):
        await stub.Chat(SAY_HI).read()
        for greeting in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 1000, random.Random(5).randbytes(5000)):
            reader, writer = await asyncio.open_connection("127.0.0.1", services.port)
            writer.write(greeting)
            async with asyncio.timeout(5):
                while await reader.read(4096):
                    pass
            writer.close()
            await writer.wait_closed()
        await stub.Chat(SAY_HI).read()


async def test_many_at_a_time() -> None:
    services = ScriptedServices([TextDelta("a"), 0.2, *[TextDelta("b")] * 20, DONE])

    async def one(stub: Any) -> int:
        return len([event async for event in stub.Chat(SAY_HI)])

    async with nothing_leaks(), calling(services) as (_, stub):
        async with asyncio.timeout(30):
            counts = await asyncio.gather(*(one(stub) for _ in range(200)))
    assert counts == [22] * 200
    assert services.running == 0
