"""How the server ends: replies are finished, everybody is told, nothing is begun, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from listening import EARS, close_code
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import Viewer, ending, settings_for, viewing
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hayakuchi.core.errors import CapacityError
from hayakuchi.gateway import server as gateway
from hayakuchi.orchestrator.gateway_settings import SessionsSettings
from hayakuchi.orchestrator.settings import Settings

TOKENS = ["Hello", " there,", " viewer,", " and", " good", " day", " to", " you."]
SESSIONS = 50


def talkative(token_ms: float = 20, **gateway: Any) -> Settings:
    return settings_for(
        lambda: ScriptedLLM(TOKENS, first_ms=5, token_ms=token_ms),
        lambda: ScriptedTTS(first_ms=5, rtf=0.001),
        asr=lambda: ScriptedASR(lambda clip: ""),
        ears=EARS,
        **gateway,
    )


class Seen:
    """What a viewer that plays in no time sees until it is left."""

    def __init__(self) -> None:
        self.speaking = asyncio.Event()
        self.told: list[dict[str, Any]] = []
        self.code: int | None = None

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["type"] == kind]

    async def watch(self, viewer: Viewer, *, plays: bool = True) -> None:
        with suppress(AssertionError):
            while True:
                event = await viewer.next("audio", "session.closing", "turn.ended", "error")
                if event["type"] != "audio":
                    self.told.append(event)
                    continue
                self.speaking.set()
                last = viewer.frames[-1]
                if plays:
                    await viewer.played((last.position + last.samples) / 8, last.turn)
        self.code = viewer.socket.close_code


async def talk(url: str, name: str, seen: Seen, *, plays: bool = True) -> None:
    async with viewing(url, f"session={name}&sound=1") as viewer:
        await viewer.send(type="input.text", text="Hi")
        await seen.watch(viewer, plays=plays)


async def test_fifty_speaking_sessions_finish_their_replies() -> None:
    seen = [Seen() for _ in range(SESSIONS)]
    async with ending(talkative(token_ms=150)) as (url, _, server, running), asyncio.TaskGroup() as group:
        for number, one in enumerate(seen):
            group.create_task(talk(url, f"s{number}", one))
        async with asyncio.timeout(20):
            for one in seen:
                await one.speaking.wait()
            server.handle_exit(signal.SIGTERM, None)
            await running
    for one in seen:
        assert [event["in_ms"] for event in one.of("session.closing")] == [20_000]
        assert [event["status"] for event in one.of("turn.ended")] == ["completed"]
        assert one.of("turn.ended")[0]["heard_reply"] == "".join(TOKENS)
        assert one.code == 1001


async def test_replies_that_take_too_long_are_kept_as_far_as_they_were_heard() -> None:
    seen = Seen()
    settings = talkative(token_ms=1, drain_seconds=0.3)
    async with ending(settings) as (url, _, server, running), asyncio.TaskGroup() as group:
        group.create_task(talk(url, "main", seen, plays=False))
        async with asyncio.timeout(10):
            await seen.speaking.wait()
            session = (await server.doors.rooms.enter("", "main")).session
            began = time.monotonic()
            server.handle_exit(signal.SIGTERM, None)
            await running
    assert 0.3 <= time.monotonic() - began < 3
    assert [event["status"] for event in seen.of("turn.ended")] == ["interrupted"]
    assert [message.content for message in session.history.messages] == ["Hi"]
    assert seen.code == 1001


@pytest.mark.parametrize(
    "signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]]
)
async def test_an_impatient_end_waits_for_nobody_and_says_goodbye(signals: list[signal.Signals]) -> None:
    seen = Seen()
    async with ending(talkative(token_ms=1)) as (url, _, server, running), asyncio.TaskGroup() as group:
        group.create_task(talk(url, "main", seen, plays=False))
        async with asyncio.timeout(10):
            await seen.speaking.wait()
            began = time.monotonic()
            for number in signals:
                server.handle_exit(number, None)
                await asyncio.sleep(0.3 if len(signals) == 2 else 0)
            await running
    assert time.monotonic() - began < 3
    assert len(seen.of("session.closing")) == 1
    assert [event["status"] for event in seen.of("turn.ended")] == ["interrupted"]
    assert seen.code == 1001


async def test_sessions_that_do_not_end_are_left_when_it_is_to_be_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gateway, "LEAVE_WITHIN_S", 0.2)
    async with ending(talkative()) as (_, _, server, running), asyncio.timeout(10):
        hangs, end = asyncio.Event(), server.lifespan.shutdown
        monkeypatch.setattr(server.lifespan, "shutdown", hangs.wait)
        for _ in range(2):
            server.handle_exit(signal.SIGINT, None)
        await running
        assert "the sessions did not end within 0.2 s" in caplog.text
        await end()


async def test_a_server_that_ends_begins_nothing() -> None:
    seen = Seen()
    async with ending(talkative(token_ms=200)) as (url, _, server, running), asyncio.TaskGroup() as group:
        group.create_task(talk(url, "main", seen))
        async with asyncio.timeout(10), viewing(url, "session=b") as silent:
            async with connect(url.replace("http", "ws", 1) + "/ws", proxy=None) as listener:
                await seen.speaking.wait()
                assert await asyncio.to_thread(readiness, url) == 200
                server.handle_exit(signal.SIGTERM, None)
                await silent.next("session.closing")
                assert await asyncio.to_thread(readiness, url) == 503
                for path in ("/stage/ws", "/stage/ws?session=c", "/ws", "/ws_asr", "/client-ws", "/tts-ws"):
                    with pytest.raises(InvalidStatus) as refused:
                        async with connect(url.replace("http", "ws", 1) + path, proxy=None):
                            pass
                    assert refused.value.response.status_code == 503
                    assert refused.value.response.headers["Retry-After"] == "10"
                with pytest.raises(CapacityError), server.doors.admission.turn():
                    pass
                for message in ({"type": "input.text", "text": "Me too"}, {"type": "greet"}, {"type": "mic.start"}):
                    await silent.send(**message)
                    assert (await silent.next("error"))["code"] == "capacity"
                assert await close_code(listener) == 1001
            await running
    assert [event["status"] for event in seen.of("turn.ended")] == ["completed"]


async def test_who_reads_nothing_holds_nobody_up() -> None:
    async with ending(talkative()) as (url, _, server, running), asyncio.timeout(10):
        async with viewing(url, close_timeout=0.1) as viewer:
            viewer.socket.transport.pause_reading()
            began = time.monotonic()
            server.handle_exit(signal.SIGTERM, None)
            await running
            assert time.monotonic() - began < 5


async def test_a_stream_that_takes_too_long_is_told_so_and_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = talkative(token_ms=60_000, drain_seconds=0.2)
    settings = replace(settings, sessions=SessionsSettings(file=tmp_path / "f"))
    body = {"messages": [{"role": "user", "content": "Hi"}], "session_id": "s", "stream": True}
    async with ending(settings) as (url, _, server, running), aiohttp.ClientSession() as http:
        async with http.post(f"{url}/v1/chat/completions", json=body) as response:
            while b"Hello" not in await response.content.readuntil(b"\n\n"):
                pass
            server.handle_exit(signal.SIGTERM, None)
            rest = await response.content.read()
        await running
    assert b'"code":"overloaded"' in rest
    assert b"[DONE]" not in rest
    with closing(sqlite3.connect(tmp_path / "f")) as file:
        kept = file.execute("SELECT content, status FROM messages ORDER BY id").fetchall()
    assert kept == [("Hi", None), ("Hello", "interrupted")]
    assert "Exception in ASGI" not in caplog.text


def readiness(url: str) -> int:
    try:
        with urllib.request.urlopen(f"{url}/readiness", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


CONF = "character: ./her.yaml\nllm: {demo_llm: {}}\ntts: {espeak_tts: {}}\ncache: {enabled: false}\n"


def program(folder: Path) -> subprocess.Popen[str]:
    (folder / "conf.yaml").write_text(CONF)
    (folder / "her.yaml").write_text("{name: Her, persona: You answer., opening_line: Hello out there.}\n")
    command = (sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--no-browser", "--port", "0")
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().split()[-1]


@pytest.mark.parametrize(("number", "waits"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
async def test_the_process_ends_well(tmp_path: Path, number: signal.Signals, waits: bool) -> None:
    with program(tmp_path) as process:
        url = await asyncio.to_thread(address, process)
        async with asyncio.timeout(30), viewing(url, "sound=1") as viewer:
            await viewer.send(type="greet")
            await viewer.next("audio")
            process.send_signal(number)
            await viewer.next("session.closing")
            while True:
                message = await viewer.socket.recv()
                if isinstance(message, bytes):
                    continue
                event = json.loads(message)
                if event["type"] == "segment.ended":
                    await viewer.played(event["at_ms"], event["turn"])
                elif event["type"] == "turn.ended":
                    assert event["status"] == ("completed" if waits else "interrupted")
                    break
            assert await close_code(viewer.socket) == 1001
        _, errors = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0
    assert errors.count("ending: ") == 1
    assert ("waiting at most 20 s" in errors) is waits
    assert "Traceback" not in errors


async def test_the_process_ends_well_though_it_is_to_end_at_once(tmp_path: Path) -> None:
    with program(tmp_path) as process:
        url = await asyncio.to_thread(address, process)
        async with asyncio.timeout(30), viewing(url, "sound=1") as viewer:
            await viewer.send(type="greet")
            await viewer.next("audio")
            process.send_signal(signal.SIGINT)
            await viewer.next("session.closing")
            process.send_signal(signal.SIGINT)
        _, errors = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0
    assert "Traceback" not in errors
