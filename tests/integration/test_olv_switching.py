"""A character whose voice takes its time is waited for beside everything else, and one that breaks costs nobody anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cast_rig import ToneTTS, folder_fixture, registry, sound_of, written
from chatting import until
from frontend import Frontend, frontend
from frontend import sound_of as sound_in
from serving import ending
from websockets.asyncio.client import connect

from hayakuchi.gateway.open_llm_vtuber.client import Client
from hayakuchi.gateway.server import Server
from hayakuchi.orchestrator import own_chain
from hayakuchi.orchestrator.loader import load_settings

__all__ = ["folder_fixture"]

SLOW = "name: Slow\ntts: {tone_tts: {voice: slow, opens: never}}\n"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Voices whose settings say that they never open do so when it is set."""
    opened, open_ = asyncio.Event(), ToneTTS.open

    async def waits(self: ToneTTS) -> None:
        if self.config.opens == "never":
            self.opened += 1
            await opened.wait()
        else:
            await open_(self)

    monkeypatch.setattr(ToneTTS, "open", waits)
    return opened


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[tuple[str, Server]]:
    written(folder, slow=SLOW, later=SLOW.replace("Slow", "Later").replace("slow", "later"))
    conf = folder / "conf.yaml"
    conf.write_text(conf.read_text() + "open_llm_vtuber: {proxy: true}\n")
    async with ending(load_settings(conf, registry=registry())) as (url, _, server, _):
        yield url, server


async def on_stage(client: Frontend) -> str:
    await client.send("request-init-config", request_id="who")
    return (await client.next("set-model-and-conf"))["conf_name"]


async def test_everything_else_is_taken_while_a_voice_is_opened(
    server: tuple[str, Server], gate: asyncio.Event
) -> None:
    url, _ = server
    async with frontend(url) as client:
        await client.send("text-input", text=". ".join(["This is a sentence"] * 40))
        await client.next("audio")
        await client.send("switch-config", file="slow.yaml", request_id="s")
        await client.send("heartbeat")
        await client.next("heartbeat-ack")
        await client.send("interrupt-signal", text="")
        await client.next("control conversation-chain-end")
        assert await on_stage(client) == "Ann"
        await client.send("text-input", text="Hi")
        await client.plays()
        assert client.items()[-1]["display_text"]["name"] == "Ann"
        gate.set()
        assert (await client.next("set-model-and-conf"))["conf_name"] == "Slow"
        assert (await client.next("config-switched"))["request_id"] == "s"
        await client.send("text-input", text="Hi")
        await client.plays()
        assert client.items()[-1]["display_text"]["name"] == "Slow"


async def test_the_last_one_that_was_asked_for_is_the_one_that_comes(
    server: tuple[str, Server], gate: asyncio.Event
) -> None:
    url, _ = server
    async with frontend(url) as client:
        await client.send("switch-config", file="slow.yaml", request_id="1")
        await client.send("switch-config", file="later.yaml", request_id="2")
        refused = await client.next("error")
        assert refused["request_id"] == "1"
        assert refused["message"] == "another character was asked for before 'slow' was there"
        await client.send("switch-config", file="bob.yaml", request_id="3")
        assert (await client.next("error"))["request_id"] == "2"
        assert (await client.next("config-switched"))["request_id"] == "3"
        gate.set()
        await asyncio.sleep(0.1)
        assert await on_stage(client) == "Bob"
        assert [one["type"] for one in client.told].count("config-switched") == 1


async def test_one_that_cannot_be_had_leaves_the_one_that_is_there_and_the_wait_for_none(
    server: tuple[str, Server], gate: asyncio.Event
) -> None:
    url, _ = server
    async with frontend(url) as client:
        await client.send("switch-config", file="slow.yaml", request_id="1")
        await client.send("switch-config", file="nobody.yaml", request_id="2")
        assert [(await client.next("error"))["request_id"] for _ in range(2)] == ["1", "2"]
        await client.send("switch-config", file="bob.yaml", request_id="3")
        await client.next("config-switched")
        assert await on_stage(client) == "Bob"
        assert [one["type"] for one in client.told].count("error") == 2, "each is told once"


async def test_one_that_has_come_is_taken_to_the_end_before_the_next_one(
    server: tuple[str, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = server
    end, ending = Client._end, asyncio.Event()

    async def slowly(self: Client) -> None:
        ending.set()
        await end(self)
        await asyncio.sleep(0.1)

    monkeypatch.setattr(Client, "_end", slowly)
    async with frontend(url) as client:
        ending.clear()
        await client.send("switch-config", file="bob.yaml", request_id="1")
        await ending.wait()
        await client.send("switch-config", file="ann.yaml", request_id="2")
        assert [(await client.next("config-switched", "error"))["request_id"] for _ in range(2)] == ["1", "2"]
        assert await on_stage(client) == "Ann"
        assert "error" not in [one["type"] for one in client.told]


async def test_a_crowd_of_wishes_is_one_wait(server: tuple[str, Server], gate: asyncio.Event) -> None:
    url, _ = server
    async with frontend(url) as client:
        for number in range(60):
            await client.send("switch-config", file=("slow", "later")[number % 2] + ".yaml", request_id=str(number))
        await client.send("heartbeat")
        await client.next("heartbeat-ack")
        assert len(switching()) == 1
        gate.set()
        assert (await client.next("config-switched"))["request_id"] == "59"
        assert [one["type"] for one in client.told].count("error") == 59


def switching() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().endswith(": switch")]


async def test_who_goes_waits_for_nobody(server: tuple[str, Server], gate: asyncio.Event) -> None:
    url, made = server
    async with frontend(url) as client:
        await client.send("switch-config", file="slow.yaml")
        await until(lambda: len(switching()) == 1)
    await until(lambda: not (switching() or len(made.doors.clients)))
    gate.set()
    async with frontend(url) as client:
        await client.send("switch-config", file="slow.yaml")
        assert (await client.next("config-switched"))["message"] == "Slow is on stage"


async def test_a_voice_that_never_opens_is_stood_in_for_and_the_client_waits_no_longer_than_it_may(
    server: tuple[str, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_chain, "OPEN_S", 0.1)
    url, _ = server
    async with frontend(url) as client:
        await client.send("switch-config", file="slow.yaml")
        await client.next("config-switched")
        assert await on_stage(client) == "Slow"


async def test_a_voice_that_cannot_be_made_is_stood_in_for(
    server: tuple[str, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = server
    init = ToneTTS.__init__

    def broken(self: ToneTTS, config: Any) -> None:
        if config.voice == "bob":
            raise ZeroDivisionError("a bug of somebody's")
        init(self, config)

    monkeypatch.setattr(ToneTTS, "__init__", broken)
    async with frontend(url) as client:
        await client.send("switch-config", file="bob.yaml")
        await client.next("config-switched")
        await client.send("text-input", text="Hi")
        await client.plays()
        assert client.items()[-1]["display_text"]["name"] == "Bob"
        assert sound_in(client.items()[-1]).startswith(sound_of("stage"))


async def test_a_character_that_breaks_is_an_error_and_the_client_keeps_the_one_that_it_had(
    server: tuple[str, Server], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url, made = server
    async with frontend(url) as client:
        with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):

            def broken(*args: Any) -> None:
                raise ZeroDivisionError("a bug of ours")

            patched.setattr(made.doors.look, "seen", broken)
            await client.send("switch-config", file="bob.yaml", request_id="b")
            error = await client.next("error")
        assert error["request_id"] == "b"
        assert error["message"] == "'bob' cannot be had: an internal error; the log has the details"
        assert "a bug of ours" in caplog.text
        assert await on_stage(client) == "Ann"
        await client.send("text-input", text="Hi")
        await client.plays()
        assert client.items()[-1]["display_text"]["name"] == "Ann"
        await client.send("switch-config", file="bob.yaml")
        await client.next("config-switched")
        assert await on_stage(client) == "Bob"


async def test_a_session_that_cannot_be_made_leaves_the_one_that_runs(
    server: tuple[str, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, made = server
    engine = made.doors.engine
    async with frontend(url) as client:
        [one] = made.doors.clients
        name_before = one.history_uid
        with monkeypatch.context() as patched:

            def broken(*args: Any) -> None:
                raise ZeroDivisionError

            patched.setattr(engine, "new_session", broken)
            await client.send("switch-config", file="bob.yaml")
            assert "internal error" in (await client.next("error"))["message"]
        assert (await on_stage(client), one.history_uid) == ("Ann", name_before)
        await client.send("text-input", text="Hi")
        await client.plays()
        assert client.items()[-1]["display_text"]["name"] == "Ann"


async def test_before_a_shared_avatar_who_asked_is_told_of_the_failure_and_all_of_the_success(
    server: tuple[str, Server],
) -> None:
    address = server[0].replace("http", "ws", 1) + "/proxy-ws"
    async with connect(address, proxy=None) as ann, connect(address, proxy=None) as ben:
        fronts = [Frontend(ann), Frontend(ben)]
        for front in fronts:
            for _ in range(5):
                await front.receive()
        await fronts[1].send("switch-config", file="nobody.yaml", request_id="n")
        assert (await fronts[1].next("error"))["request_id"] == "n"
        await fronts[1].send("switch-config", file="bob.yaml", request_id="b")
        for front in fronts:
            assert (await front.next("config-switched"))["request_id"] == "b"
        assert "error" not in [one["type"] for one in fronts[0].told]
