"""The default chain without a network, or with one that goes and comes: the second voice speaks at once, never silence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from edge_voices import voices
from fake_edge import FakeEdge
from leaks import nothing_leaks
from scripted import ScriptedLLM
from serving import serving, settings_for, viewing

from hayakuchi.core.breaker import BreakerState
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.orchestrator.settings import Component
from hayakuchi.tts.edge import EdgeTTS
from hayakuchi.tts.edge_settings import EdgeConfig
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS
from hayakuchi.tts.fallback import FallbackTTS

TEXT = "one two three four"


@pytest.fixture(name="black_hole")
async def _black_hole() -> AsyncIterator[str]:
    """Where a connection is taken, and nothing ever said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"wss://127.0.0.1:{listener.getsockname()[1]}/x"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def endpoint_of(outage: str, black_hole: str) -> str:
    return {
        "black hole": black_hole,
        "refused": f"wss://127.0.0.1:{free_port()}/x",
        "no such host": "wss://no-such-host.invalid/x",
    }[outage]


@asynccontextmanager
async def chain(endpoint: str) -> AsyncIterator[FallbackTTS]:
    voice = EdgeTTS(EdgeConfig(endpoint=endpoint, trust_env=False))
    fallback = FallbackTTS([voice, EspeakTTS(EspeakConfig())])
    await fallback.open()
    try:
        yield fallback
    finally:
        await fallback.aclose()


async def first_sound(fallback: FallbackTTS) -> tuple[float, int]:
    """Ms until the first audio, and how many failures were told of."""
    began, first_ms, failed = loop_ms(), 0.0, 0
    async for item in fallback.synthesize(SpeechRequest(TEXT)):
        if isinstance(item, Audio):
            first_ms = first_ms or loop_ms() - began
        else:
            failed += 1
    assert first_ms
    return first_ms, failed


@pytest.mark.parametrize("outage", ["black hole", "refused", "no such host"])
async def test_the_first_words_do_not_wait_for_a_connection_that_cannot_come(outage: str, black_hole: str):
    async with nothing_leaks(), chain(endpoint_of(outage, black_hole)) as fallback:
        async with asyncio.TaskGroup() as group:
            probing = group.create_task(fallback.probe_all())
            await asyncio.sleep(0)
            first_ms, failed = await first_sound(fallback)
            assert failed == 0
            assert first_ms < 1500
            if outage == "black hole":
                assert not probing.done(), "the probe was still waiting"
                probing.cancel()
            else:
                await probing
                assert fallback.states(loop_ms())[0][1] is BreakerState.OPEN
                assert (await first_sound(fallback))[1] == 0


async def test_the_service_is_used_again_when_it_is_back():
    port, server = free_port(), FakeEdge()
    async with nothing_leaks():
        async with chain(f"ws://localhost:{port}/x?t=1") as fallback:
            await fallback.probe_all()
            await first_sound(fallback)
            await server.start(port)
            await fallback.probe_all(failing_only=True)
            await first_sound(fallback)
        await server.__aexit__(None)
    assert [asked.text for asked in server.asked] == ["Hi.", TEXT]


async def test_a_network_that_breaks_in_a_clip_leaves_no_word_unsaid():
    async with nothing_leaks(), FakeEdge() as server, voices(server) as make:
        fallback = FallbackTTS([make(), EspeakTTS(EspeakConfig())])
        await fallback.open()
        await server.__aexit__(None)
        assert (await first_sound(fallback))[1] == 1
        await fallback.aclose()


async def test_a_turn_right_after_the_start(black_hole: str):
    """The whole server: its voice is being probed into the void when the first message comes."""
    edge = Component("edge_tts", EdgeConfig(endpoint=black_hole), EdgeTTS)
    espeak = Component("espeak_tts", EspeakConfig(), EspeakTTS)
    settings = settings_for(lambda: ScriptedLLM(["Hello ", "you."], first_ms=10, token_ms=1), lambda: None)
    settings = replace(settings, tts=(edge, espeak))
    async with serving(settings) as (url, engine), viewing(url, "sound=1") as viewer:
        began = loop_ms()
        await viewer.send(type="input.text", text="Hello")
        await viewer.next("audio")
        assert loop_ms() - began < 1500
        assert engine.problems == []
