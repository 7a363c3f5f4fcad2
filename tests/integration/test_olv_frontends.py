"""Clients that behave as Open-LLM-VTuber's web and Unity frontends do, at a real server; and what they would complain of."""

from __future__ import annotations

import asyncio
import base64
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from olv_unity import UnityFrontend, unity_client
from olv_web import FETCHES, HELLO, BadWav, Frontend, name, parse_wav, web_client
from scripted import ScriptedLLM, ScriptedTTS, tone
from serving import serving, settings_for
from virtual import run_virtual

from hayakuchi.gateway.open_llm_vtuber import server_messages as told
from hayakuchi.gateway.open_llm_vtuber.volumes import volumes
from hayakuchi.gateway.open_llm_vtuber.wav import wav
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

LONG = "Once upon a time there was a little house by the sea where nobody lived but a grey cat and her seven friends."
TOKENS = [f"{word} " for word in LONG.split(" ")]
RATE = 8000


@asynccontextmanager
async def server(rtf: float = 0.01, first_ms: float = 5, **theirs: Any) -> AsyncIterator[tuple[str, Engine]]:
    made = settings_for(
        lambda: ScriptedLLM(TOKENS, first_ms=5, token_ms=1), lambda: ScriptedTTS(first_ms=first_ms, rtf=rtf)
    )
    block = OpenLlmVtuberSettings.model_validate({"playback_patience_s": 1, **theirs})
    async with serving(replace(made, open_llm_vtuber=block)) as served:
        yield served


async def over(client: Frontend, within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        await client.chain_over.wait()


async def test_their_web_client_hears_all_of_a_reply() -> None:
    async with server() as (url, _), web_client(url, speed=8) as client:
        await client.say("Tell me a story.")
        await over(client)
        assert [name(message) for message in client.told][: len(HELLO)] == list(HELLO)
        [chain] = client.chains
        assert chain.text.split() == LONG.split()
        assert chain.names[0] == "full-text Thinking..."
        assert chain.names[-2:] == ["force-new-message", "control conversation-chain-end"]
        assert all(item.rate == RATE for item in chain.played)
        assert len(chain.pcm) > 2 * RATE
        assert (client.violations, client.dropped) == ([], [])
        assert client.state == "idle"


@pytest.mark.parametrize("split", ["auto", "pauses", "never"])
async def test_a_slow_voice_is_played_without_a_hole(split: str) -> None:
    """With the clip sent whole, it is complete long after its beginning could have been heard."""
    async with server(rtf=0.4, first_ms=150, split=split) as (url, _), web_client(url) as client:
        await client.say("Tell me a story.")
        await over(client)
        [chain] = client.chains
        assert chain.text.split() == LONG.split()
        assert client.violations == []
        parts = len([item for item in chain.played if item.pcm])
        if split == "auto":
            assert max(chain.holes_ms, default=0) < 100
            assert parts > 2


async def test_what_was_begun_is_what_was_heard() -> None:
    async with server() as (url, engine), web_client(url) as client:
        await client.say("Tell me a story.")
        async with asyncio.timeout(10):
            await client.sounding.wait()
        await asyncio.sleep(0.3)
        await client.interrupt()
        await over(client)
        [latest, *_] = await engine.conversations.list("")
        kept = (await engine.conversations.open("", latest.name, "Test")).messages[-1].content
        assert kept
        assert LONG.startswith(kept), kept
        assert len(kept) < len(LONG) / 2
        assert client.violations == []


async def test_after_an_interruption_the_next_reply_is_heard() -> None:
    async with server() as (url, _), web_client(url, speed=8) as client:
        await client.say("Tell me a story.")
        async with asyncio.timeout(10):
            await client.sounding.wait()
        await client.interrupt()
        await over(client)
        await client.say("Again!")
        await over(client)
        assert client.chains[-1].text.split() == LONG.split()
        assert client.violations == []


async def test_their_unity_client_hears_all_of_a_reply() -> None:
    async with server() as (url, _), unity_client(url, speed=8) as client:
        await client.say("Tell me a story.")
        await over(client)
        assert client.chains[-1].text.split() == LONG.split()
        assert client.violations == []


async def test_the_microphone_of_the_unity_client_is_let_in() -> None:
    """Where nobody recognises speech, it is told so, and heard of no mistake."""
    async with server() as (url, _), unity_client(url, speed=8) as client:
        await client.hear([0.0] * 4000)
        await client.say("Tell me a story.")
        await over(client)
        errors = [message["message"] for message in client.told if message["type"] == "error"]
        assert all("no speech recognition is configured" in error for error in errors)
        assert client.chains[-1].text.split() == LONG.split()


# What the clients would complain of.


async def _say_nothing(message: dict[str, Any]) -> None:
    """Nobody listens."""


def item(data: bytes, text: str = "Hi", expressions: tuple[str, ...] = ()) -> dict[str, Any]:
    shown = told.display_text(text, "Kiyo", "")
    sound = volumes(data[44:], RATE)
    return told.audio(base64.b64encode(data).decode(), sound, shown, told.actions(expressions))


GOOD = wav(tone(100), RATE)


def changed(place: int, value: bytes) -> bytes:
    return GOOD[:place] + value + GOOD[place + len(value) :]


@pytest.mark.parametrize(
    "data",
    [
        changed(0, b"RIFX"),
        changed(12, b"LIST"),
        changed(20, struct.pack("<H", 3)),
        changed(20, struct.pack("<H", 0xFFFE)),
        changed(34, struct.pack("<H", 32)),
        changed(4, b"\xff\xff\xff\xff"),
        changed(40, b"\xff\xff\xff\xff"),
        GOOD[:-2],
        b"",
    ],
)
def test_a_clip_that_their_lip_sync_cannot_read_is_found_out(data: bytes) -> None:
    with pytest.raises((BadWav, struct.error)):
        parse_wav(data)


def test_a_plain_clip_is_read() -> None:
    assert parse_wav(GOOD, (16,)) == (RATE, tone(100))


CHAIN_START = told.control("conversation-chain-start")
CHAIN_END = told.control("conversation-chain-end")


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ([item(GOOD)], "audio outside of a chain"),
        ([CHAIN_START, CHAIN_START], "a chain starts within"),
        ([CHAIN_END], "a chain ends that did not start"),
        ([told.backend_synth_complete()], "outside of a chain"),
        ([CHAIN_START, told.backend_synth_complete(), told.backend_synth_complete()], "twice"),
        ([CHAIN_START, told.backend_synth_complete(), item(GOOD)], "after backend-synth-complete"),
        ([CHAIN_START, item(changed(20, b"\x03\x00"))], "cannot be played"),
        ([CHAIN_START, {**item(GOOD), "volumes": [1.0]}], "volumes"),
        ([told.set_model_and_conf({}, "Kiyo", "", "x")], "conf_uid"),
    ],
)
def test_a_broken_rule_is_found_out(messages: list[dict[str, Any]], complaint: str) -> None:
    async def main() -> list[str]:
        client = Frontend(_say_nothing)
        for message in messages:
            client.take(message)
        return client.violations

    [violation] = run_virtual(main())
    assert complaint in violation


def test_items_are_played_one_after_the_other_and_told_of() -> None:
    said: list[str] = []

    async def hear(message: dict[str, Any]) -> None:
        said.append(message.get("display_text", message)["text"] if "display_text" in message else message["type"])

    async def main() -> Frontend:
        client = Frontend(hear)
        playing = asyncio.get_running_loop().create_task(client.run())
        silent = told.audio(None, (), told.display_text("...", "Kiyo", ""), told.actions(("anger",)))
        for message in (CHAIN_START, item(GOOD, "One", ("joy",)), silent, item(GOOD, "Two")):
            client.take(message)
        client.take(told.backend_synth_complete())
        client.take(CHAIN_END)
        await client.chain_over.wait()
        playing.cancel()
        await asyncio.wait([playing])
        return client

    client = run_virtual(main())
    assert said == ["One", "...", "Two", "frontend-playback-complete"]
    times = [time for played in client.chains[0].played for time in (played.began, played.ended)]
    assert times == pytest.approx([0, 100, 120, 120, 140, 240])
    assert [played.expression for played in client.chains[0].played] == ["joy", None, None]
    assert client.chains[0].holes_ms == pytest.approx([20])
    assert client.state == "idle"


@pytest.mark.parametrize("kind", [Frontend, UnityFrontend])
def test_what_comes_while_it_is_interrupted_is_dropped(kind: type[Frontend]) -> None:
    async def main() -> Frontend:
        client = kind(_say_nothing)
        client.take(CHAIN_START)
        await client.interrupt()
        client.take(item(GOOD))
        return client

    client = run_virtual(main())
    assert len(client.dropped) == 1
    assert client.violations == []


def test_only_the_unity_client_knows_the_word_interrupt() -> None:
    async def main() -> list[str]:
        clients = [Frontend(_say_nothing), UnityFrontend(_say_nothing)]
        for client in clients:
            client.take(CHAIN_START)
            client.take(told.control("interrupt"))
        return [client.state for client in clients]

    assert run_virtual(main()) == ["thinking-speaking", "interrupted"]


def test_it_asks_before_it_reads() -> None:
    said: list[str] = []

    async def hear(message: dict[str, Any]) -> None:
        said.append(message["type"])

    run_virtual(_opened(hear))
    assert tuple(said) == FETCHES


async def _opened(hear: Any) -> None:
    await Frontend(hear).open()
