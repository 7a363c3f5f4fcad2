"""``WS /tts-ws`` and the clips it tells of, on the real server with a scripted voice."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fake_websocket import FakeWebSocket
from keyed import bearing, keyed
from leaks import nothing_leaks
from listening import close_code
from scripted import RATE, ScriptedLLM, ScriptedTTS
from serving import ending, serving, settings_for
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hayakuchi.core.provider import Deadlines
from hayakuchi.gateway import connection
from hayakuchi.gateway.access.caller import Caller, introduce
from hayakuchi.gateway.open_llm_vtuber import clips, tts_socket
from hayakuchi.orchestrator.gateway_settings import Scope
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

TEXT = "Hello there, my friend. How are you today? I am fine."
SENTENCES = ["Hello there, my friend.", "How are you today?", "I am fine."]


@asynccontextmanager
async def house(voice: ScriptedTTS | None = None, *, enabled: bool = True, **gateway: Any) -> AsyncIterator[str]:
    spoken = voice or ScriptedTTS(first_ms=5, rtf=0.001)
    settings = settings_for(lambda: ScriptedLLM(["Hi."]), lambda: spoken, **gateway)
    settings = replace(settings, open_llm_vtuber=OpenLlmVtuberSettings(enabled=enabled))
    async with serving(settings) as (url, _):
        yield url


@asynccontextmanager
async def talking(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(f"{url.replace('http', 'ws', 1)}/tts-ws", proxy=None, compression=None, **options) as socket:
        yield socket


async def told(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return json.loads(await socket.recv())


async def answers(socket: ClientConnection) -> list[dict[str, Any]]:
    """What comes up to the end of a text."""
    found = [await told(socket)]
    while found[-1]["status"] == "partial":
        found.append(await told(socket))
    return found


async def get(url: str, **headers: str) -> tuple[int, bytes, Any]:
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers


async def test_a_clip_for_each_sentence_and_then_the_end() -> None:
    async with nothing_leaks(), house() as url, talking(url) as socket:
        for _ in range(2):
            await socket.send(json.dumps({"text": TEXT}))
            found = await answers(socket)
            assert [message.get("text") for message in found[:-1]] == SENTENCES
            assert all(message.keys() == {"status", "audioPath", "text"} for message in found[:-1])
            assert found[-1] == {"status": "complete"}
            for message in found[:-1]:
                status, file, headers = await get(url + message["audioPath"])
                assert (status, headers["content-type"]) == (200, "audio/wav")
                assert headers["x-content-type-options"] == "nosniff"
                with wave.open(io.BytesIO(file)) as clip:
                    assert (clip.getnchannels(), clip.getsampwidth(), clip.getframerate()) == (1, 2, RATE)
                    assert clip.getnframes() / RATE == pytest.approx(len(message["text"]) * 0.06, abs=0.11)


async def test_players_that_ask_for_parts() -> None:
    async with house() as url, talking(url) as socket:
        await socket.send(json.dumps({"text": "Hello."}))
        address = url + (await told(socket))["audioPath"]
        _, whole, headers = await get(address)
        assert headers["accept-ranges"] == "bytes"
        size = len(whole)
        for asked, first, last in (
            ("bytes=0-99", 0, 99),
            ("bytes=44-", 44, size - 1),
            ("bytes=-10", size - 10, size - 1),
            (f"bytes=0-{size * 9}", 0, size - 1),
        ):
            status, part, headers = await get(address, Range=asked)
            assert (status, part) == (206, whole[first : last + 1])
            assert headers["content-range"] == f"bytes {first}-{last}/{size}"
        for asked in ("", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=0-3", "bytes=x-"):
            assert (await get(address, Range=asked))[:2] == (200, whole)
        for asked in (f"bytes={size}-", "bytes=-0"):
            status, part, headers = await get(address, Range=asked)
            assert (status, part, headers["content-range"]) == (416, b"", f"bytes */{size}")


@pytest.mark.parametrize(
    "name",
    [
        "x.wav",
        "..",
        "%2e%2e",
        "..%2f..%2fconf.yaml",
        "%2e%2e%2fconf.yaml",
        "%00",
        "a/b.wav",
        "x" * 32 + ".wav",
        "y" * 5000,
    ],
)
async def test_no_other_file_comes_out_of_the_cache(name: str) -> None:
    async with house() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(f"GET /cache/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert (await reader.read()).split(b"\r\n")[0].split()[1] == b"404"
        writer.close()


async def test_a_clip_can_be_fetched_and_nothing_else() -> None:
    async with house() as url, talking(url) as socket, aiohttp.ClientSession() as http:
        await socket.send(json.dumps({"text": "Hello."}))
        address = url + (await told(socket))["audioPath"]
        async with http.head(address) as answer:
            assert (answer.status, answer.content_type, await answer.read()) == (200, "audio/wav", b"")
            assert int(answer.headers["content-length"]) > 44
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            async with http.request(method, address) as answer:
                assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
        with pytest.raises(InvalidStatus):
            async with connect(address.replace("http", "ws", 1), proxy=None):
                pass


async def test_clips_end_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "LIFE_MS", 300)
    async with house() as url, talking(url) as socket:
        await socket.send(json.dumps({"text": "Hello."}))
        address = url + (await told(socket))["audioPath"]
        assert (await get(address))[0] == 200
        await asyncio.sleep(0.4)
        assert (await get(address))[0] == 404


GARBAGE = ["", "{", "[]", "null", '"text"', "{}", '{"text": 5}', '{"text": ""}', '{"text": null}', b"\0\1", "[" * 5000]


async def test_garbage_is_answered_and_too_much_of_it_ends_it() -> None:
    async with house() as url, talking(url) as socket:
        for message in [*GARBAGE, json.dumps({"text": "a" * 5000})]:
            await socket.send(message)
            error = await told(socket)
            assert error.keys() == {"status", "message"}
            assert error["status"] == "error"
        await socket.send(json.dumps({"text": "Hello.", "voice": "let be"}))
        assert (await answers(socket))[-1] == {"status": "complete"}
        for _ in range(connection.MAX_MISTAKES):
            await socket.send("?")
        assert await close_code(socket) == 1008


async def test_a_text_that_is_one_makes_up_for_the_mistakes_before_it() -> None:
    async with house() as url, talking(url) as socket:
        for _ in range(3):
            for _ in range(connection.MAX_MISTAKES - 1):
                await socket.send("?")
                assert (await told(socket))["status"] == "error"
            await socket.send(json.dumps({"text": "Hello."}))
            assert (await answers(socket))[-1] == {"status": "complete"}


async def test_who_sends_more_than_can_be_spoken_is_let_go() -> None:
    async with house(ScriptedTTS(first_ms=200, rtf=0.001)) as url, talking(url) as socket:
        with suppress(ConnectionClosed):
            for _ in range(40):
                await socket.send(json.dumps({"text": "Hello.", "x": "x" * 60_000}))
        assert await close_code(socket) == 1008


async def test_who_takes_nothing_is_let_go_and_the_voice_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SLOW_S", 0.2)
    voice = ScriptedTTS(first_ms=5, rtf=0.05)
    settings = settings_for(lambda: ScriptedLLM(["Hi."]), lambda: voice)
    async with ending(settings) as (_, _, server, _):
        stuck: Any = FakeWebSocket()
        introduce(stuck.scope, Caller("ip:127.0.0.1"))
        stuck.takes.clear()
        stuck.says(json.dumps({"text": TEXT * 3}))
        async with asyncio.timeout(5):
            await tts_socket.serve_tts(stuck, server.doors)
        assert stuck.closed == (1008, "too slow to follow")
        assert voice.running == 0
        assert len(voice.spoken) < 9
        assert server.doors.admission.sessions == 0


async def test_nothing_that_can_be_spoken_is_told() -> None:
    async with house() as url, talking(url) as socket:
        await socket.send(json.dumps({"text": "***"}))
        assert await told(socket) == {"status": "error", "message": "there is nothing in it that can be spoken"}


async def test_a_voice_that_dies_is_told_of_and_the_next_text_is_spoken() -> None:
    async with house(ScriptedTTS(first_ms=5, rtf=0.001, dies_after=0, dies_on="die")) as url, talking(url) as socket:
        await socket.send(json.dumps({"text": "I am here. I die now. I am gone."}))
        found = await answers(socket)
        assert [message["status"] for message in found] == ["partial", "error"]
        assert "the voice died" in found[-1]["message"]


async def test_a_voice_that_says_nothing_has_a_deadline() -> None:
    voice = ScriptedTTS(first_ms=60_000)
    voice.deadlines = Deadlines(0.2, 0.2)
    async with house(voice) as url, talking(url) as socket:
        await socket.send(json.dumps({"text": "Hello."}))
        assert (await told(socket))["status"] == "error"
        assert voice.running == 0


async def test_who_goes_stops_the_voice() -> None:
    voice = ScriptedTTS(first_ms=5, rtf=5)
    async with house(voice) as url:
        async with nothing_leaks(), talking(url) as socket:
            await socket.send(json.dumps({"text": TEXT}))
            async with asyncio.timeout(5):
                while not voice.running:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        assert voice.running == 0
        assert voice.spoken == SENTENCES[:1]


async def test_a_flood_of_texts_is_held_off() -> None:
    async with house(ScriptedTTS(first_ms=200, rtf=0.001)) as url, talking(url) as socket:
        for _ in range(30):
            await socket.send(json.dumps({"text": "Hello."}))
        found = [await told(socket) for _ in range(30 - tts_socket.TEXTS - 1)]
        assert all("wait to be spoken" in message["message"] for message in found)
        await socket.send(json.dumps({"text": "Hello."}))
        assert "wait to be spoken" in (await told(socket))["message"]


async def test_the_limits_of_a_caller(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        async with talking(
            server.url, additional_headers=bearing(server.key(Scope.SPEAK, characters_per_day=20))
        ) as it:
            await it.send(json.dumps({"text": "Hello there."}))
            assert (await answers(it))[-1] == {"status": "complete"}
            await it.send(json.dumps({"text": "Hello there."}))
            assert "20 characters a day" in (await told(it))["message"]
        async with talking(
            server.url, additional_headers=bearing(server.key(Scope.SPEAK, audio_seconds_per_day=1))
        ) as it:
            await it.send(json.dumps({"text": TEXT}))
            assert "1 seconds of sound a day" in (await answers(it))[-1]["message"]
        with pytest.raises(InvalidStatus) as refused:
            async with talking(server.url, additional_headers=bearing(server.key(Scope.CHAT))):
                pass
        assert refused.value.response.status_code == 403


async def test_the_name_of_a_clip_stands_for_a_key(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        async with talking(server.url, additional_headers=bearing(server.key(Scope.SPEAK))) as socket:
            await socket.send(json.dumps({"text": "Hello there."}))
            assert (await get(server.url + (await told(socket))["audioPath"]))[0] == 200


async def test_a_server_that_is_full_refuses(tmp_path: Path) -> None:
    async with house(max_sessions=1) as url, talking(url):
        with pytest.raises(InvalidStatus) as refused:
            async with talking(url):
                pass
        assert refused.value.response.status_code == 503


async def test_only_so_many_turns() -> None:
    async with house(ScriptedTTS(first_ms=500), max_turns=1) as url, talking(url) as one, talking(url) as other:
        await one.send(json.dumps({"text": "Hello."}))
        await asyncio.sleep(0.1)
        await other.send(json.dumps({"text": "Hello."}))
        assert "its limit" in (await told(other))["message"]


async def test_the_end_of_the_server_is_told() -> None:
    settings = settings_for(lambda: ScriptedLLM(["Hi."]), ScriptedTTS)
    async with ending(settings) as (url, _, server, _), talking(url) as socket:
        server.should_exit = True
        assert await close_code(socket) == 1001


async def test_where_their_frontends_are_not_served() -> None:
    async with house(enabled=False) as url:
        with pytest.raises(InvalidStatus) as refused:
            async with talking(url):
                pass
        assert refused.value.response.status_code == 403
        assert (await get(f"{url}/cache/{'x' * 32}.wav"))[0] == 404
