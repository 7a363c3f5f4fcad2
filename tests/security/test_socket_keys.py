"""How a WebSocket shows its key, and what becomes of it when the key ends."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from keyed import asking, bearing, keyed
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from hayakuchi.gateway.access import meter, socket_keeper
from hayakuchi.orchestrator.gateway_settings import Scope

SPEAK = Scope.SPEAK


def protocols(*names: str) -> list[Subprotocol]:
    return [Subprotocol(name) for name in names]


async def told(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """Code and reason, once what was sent before is read."""
    async with asyncio.timeout(10):
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass
        await socket.wait_closed()
    return socket.close_code or 0, socket.close_reason or ""


async def test_a_key_among_the_subprotocols(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        offered = protocols("hayakuchi", f"hayakuchi-key.{server.key(SPEAK)}")
        async with connect(f"{server.ws}/stage/ws", proxy=None, subprotocols=offered) as socket:
            assert socket.subprotocol == "hayakuchi"
            assert (await told(socket))["type"] == "session.snapshot"


@pytest.mark.parametrize("offered", [("hayakuchi",), ()])
async def test_a_key_as_the_first_message(tmp_path: Path, offered: tuple[str, ...]) -> None:
    async with keyed(tmp_path) as server:
        token = server.key(SPEAK)
        names = protocols(*offered) if offered else None
        async with connect(f"{server.ws}/stage/ws", proxy=None, subprotocols=names) as socket:
            assert socket.subprotocol == (offered[0] if offered else None)
            await socket.send(json.dumps({"type": "auth", "key": token}))
            assert await told(socket) == {"type": "auth.ok"}
            assert (await told(socket))["type"] == "session.snapshot"
            await socket.send(json.dumps({"type": "ping", "id": 3}))
            while (message := await told(socket))["type"] != "pong":
                pass
            assert message["id"] == 3


async def test_the_query_is_no_place_for_a_key(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, asking() as client:
        token = server.key(Scope.ADMIN, SPEAK)
        for name in ("key", "api_key", "token", "access_token", "authorization"):
            async with client.get(f"{server.url}/metrics?{name}={token}") as answer:
                assert answer.status == 401
            async with connect(f"{server.ws}/stage/ws?{name}={token}", proxy=None) as socket:
                await socket.send('{"type": "ping"}')
                assert (await closed(socket))[0] == 1008


FIRST = [
    "",
    "{}",
    "[]",
    '{"type":"auth"}',
    '{"type":"auth","key":5}',
    '{"type":"auth","key":"hk_"}',
    "[" * 3000,
    b"\2\0",
]


@pytest.mark.parametrize("first", [*FIRST, '{"type":"auth","key":"' + "x" * 60_000 + '"}'])
async def test_any_other_first_message_ends_it(tmp_path: Path, first: str | bytes) -> None:
    async with keyed(tmp_path) as server, connect(f"{server.ws}/stage/ws", proxy=None) as socket:
        await socket.send(first)
        code, reason = await closed(socket)
        assert code == 1008
        assert "key" in reason


async def test_who_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_keeper, "AUTH_S", 0.3)
    async with keyed(tmp_path) as server, connect(f"{server.ws}/stage/ws", proxy=None) as socket:
        assert await closed(socket) == (1008, "no API key within 0.3 s")


async def test_who_goes_before_saying_anything_leaves_nothing_behind(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        for _ in range(20):
            async with connect(f"{server.ws}/stage/ws", proxy=None):
                pass
        async with connect(f"{server.ws}/stage/ws", proxy=None, additional_headers=bearing(server.key(SPEAK))) as one:
            assert (await told(one))["type"] == "session.snapshot"


async def test_only_so_many_may_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_keeper, "MOST_WAITING", 2)
    async with keyed(tmp_path) as server:
        address = f"{server.ws}/stage/ws"
        async with connect(address, proxy=None), connect(address, proxy=None):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(address, proxy=None):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"] == "5"


async def test_a_refusal_behind_the_door_becomes_a_close(tmp_path: Path) -> None:
    async with keyed(tmp_path, max_sessions=1) as server:
        token = server.key(SPEAK)
        async with connect(f"{server.ws}/stage/ws", proxy=None, additional_headers=bearing(token)):
            async with connect(f"{server.ws}/stage/ws?session=other", proxy=None) as socket:
                await socket.send(json.dumps({"type": "auth", "key": token}))
                assert (await closed(socket))[0] == 1013
            async with connect(f"{server.ws}/stage/ws?session=a/b", proxy=None) as socket:
                await socket.send(json.dumps({"type": "auth", "key": token}))
                assert (await closed(socket))[0] == 1008


async def test_a_page_need_not_know_whether_keys_are_asked_for(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth={"enabled": False}) as server:
        async with connect(f"{server.ws}/stage/ws", proxy=None, subprotocols=protocols("hayakuchi")) as socket:
            assert socket.subprotocol == "hayakuchi"
            await socket.send('{"type": "auth", "key": "whatever"}')
            kinds = [(await told(socket))["type"] for _ in range(2)]
            assert sorted(kinds) == ["auth.ok", "session.snapshot"]


async def test_a_key_that_comes_twice_is_taken_once_and_another_not_at_all(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        mine, other = server.key(SPEAK), server.key(SPEAK)
        for token, outcome in ((mine, "auth.ok"), (other, 1008)):
            async with connect(f"{server.ws}/stage/ws", proxy=None, additional_headers=bearing(mine)) as socket:
                assert (await told(socket))["type"] == "session.snapshot"
                await socket.send(json.dumps({"type": "auth", "key": token}))
                assert (
                    (await told(socket))["type"] == outcome if token == mine else (await closed(socket))[0] == outcome
                )


async def test_a_revoked_key_ends_its_sockets_and_nobody_elses(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        bad, good = server.key(SPEAK), server.key(SPEAK)
        address = f"{server.ws}/stage/ws"
        async with (
            connect(address, proxy=None, additional_headers=bearing(bad)) as by_header,
            connect(address, proxy=None) as by_message,
            connect(address, proxy=None, additional_headers=bearing(good)) as stays,
        ):
            await by_message.send(json.dumps({"type": "auth", "key": bad}))
            assert await told(by_message) == {"type": "auth.ok"}
            server.revoke(bad)
            began = time.monotonic()
            for socket in (by_header, by_message):
                assert await closed(socket) == (1008, "the API key was revoked or has expired")
            assert time.monotonic() - began < 5
            await stays.send('{"type": "ping"}')
            while (await told(stays))["type"] != "pong":
                pass
            with pytest.raises(InvalidStatus) as refused:
                async with connect(address, proxy=None, additional_headers=bearing(bad)):
                    pass
            assert refused.value.response.status_code == 401


async def test_a_key_that_expires_ends_its_sockets(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        token = server.key(SPEAK, expires_in_s=1.0)
        async with connect(f"{server.ws}/stage/ws", proxy=None, additional_headers=bearing(token)) as socket:
            assert (await closed(socket))[0] == 1008


async def test_a_flood_of_messages_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "FRAMES_AT_ONCE", 100.0)
    async with keyed(tmp_path) as server:
        token = server.key(SPEAK, requests_per_minute=0)
        async with connect(f"{server.ws}/stage/ws", proxy=None, additional_headers=bearing(token)) as socket:
            try:
                for _ in range(2000):
                    await socket.send('{"type": "ping"}')
            except ConnectionClosed:
                pass
            assert await closed(socket) == (1008, "too many messages")


async def test_messages_that_are_answered_count(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        token = server.key(SPEAK, requests_per_minute=3, characters_per_day=8)
        async with connect(f"{server.ws}/stage/ws", proxy=None, additional_headers=bearing(token)) as socket:
            for text, code in (("123456", None), ("1234", "daily_limit"), ("1", "rate_limit_exceeded")):
                await socket.send(json.dumps({"type": "input.text", "text": text}))
                wanted = "turn.started" if code is None else "error"
                while (message := await told(socket))["type"] != wanted:
                    pass
                assert message.get("code") == code


async def test_sound_that_is_heard_counts(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        token = server.key(SPEAK, audio_seconds_per_day=2)
        async with connect(f"{server.ws}/stage/ws", proxy=None, additional_headers=bearing(token)) as socket:
            for number in range(200):
                await socket.send(b"\2\0\0\0" + (number * 320).to_bytes(4, "little") + bytes(640))
            while (message := await told(socket))["type"] != "error":
                pass
            assert message["code"] == "daily_limit"


async def test_what_is_said_to_the_socket_of_other_frontends_counts(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        token = server.key(SPEAK, requests_per_minute=3, characters_per_day=8)
        async with connect(
            f"{server.ws}/client-ws", proxy=None, subprotocols=protocols(f"hayakuchi-key.{token}")
        ) as socket:
            for text, words in (("123456", None), ("1234", "characters a day"), ("1", "requests a minute")):
                await socket.send(json.dumps({"type": "text-input", "text": text}))
                wanted = "force-new-message" if words is None else "error"
                while (message := await told(socket))["type"] != wanted:
                    if message["type"] == "backend-synth-complete":
                        await socket.send('{"type": "frontend-playback-complete"}')
                assert words is None or words in message["message"]


async def test_a_frontend_may_send_its_key_as_the_first_message(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, connect(f"{server.ws}/client-ws", proxy=None) as socket:
        await socket.send(json.dumps({"type": "auth", "key": server.key(SPEAK)}))
        assert await told(socket) == {"type": "auth.ok"}
        assert (await told(socket))["type"] == "group-update"


async def test_who_has_not_shown_a_key_may_not_send_much(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, connect(f"{server.ws}/client-ws", proxy=None) as socket:
        with suppress(ConnectionClosed):
            await socket.send("x" * 70_000)
        assert (await closed(socket))[0] == 1009


async def test_what_is_said_to_the_chat_socket_counts(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        token = server.key(Scope.CHAT, requests_per_minute=2, characters_per_day=6)
        async with connect(f"{server.ws}/chat/ws", proxy=None, additional_headers=bearing(token)) as socket:
            codes = []
            for text in ("1234567", "1"):
                await socket.send(json.dumps({"type": "say", "text": text}))
                while (message := await told(socket))["type"] != "error":
                    pass
                codes.append(message)
            assert "daily_limit" in str(codes[0])
            assert "rate_limit_exceeded" in str(codes[1])
