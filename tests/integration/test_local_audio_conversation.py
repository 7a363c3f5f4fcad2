"""Spoken to through this machine's microphone, answered through its loudspeaker, with a real recogniser in between."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from beside import serving_beside
from fake_sounddevice import FakeDevice, FakeSoundDevice, FakeStream
from flite import requires_flite, silence, speech, word_error_rate
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for, viewing

from hayakuchi.asr.pocketsphinx import PocketsphinxASR, PocketsphinxConfig
from hayakuchi.cli.local_audio import local_audio
from hayakuchi.gateway.local_audio import seat as module
from hayakuchi.orchestrator.engine import Engine

SAID = "please tell me a story about the sea"
FRAME = 320


async def spoken(stream: FakeStream, pcm: bytes) -> None:
    """The microphone hears it, as fast as it is said."""
    samples = np.frombuffer(pcm, "<i2")[:, None]
    began = time.monotonic()
    for start in range(0, len(samples), FRAME):
        stream.capture(samples[start : start + FRAME])
        await asyncio.sleep(max(began + (start + FRAME) / 16_000 - time.monotonic(), 0))


@requires_flite
async def test_what_is_said_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    sd = FakeSoundDevice(FakeDevice("Headset", inputs=1, outputs=2))
    monkeypatch.setattr(module, "sound_system", lambda: sd)
    settings = settings_for(
        lambda: ScriptedLLM(["The ", "sea ", "is ", "deep", "."], first_ms=1),
        ScriptedTTS,
        asr=lambda: PocketsphinxASR(PocketsphinxConfig()),
    )
    engine = Engine(settings)
    async with serving_beside(engine, local_audio(engine, None, None)) as url, viewing(url) as page:
        async with asyncio.TaskGroup() as group:
            await engine.hearing.ready()
            assert page.snapshot["ears"]["half_duplex"] is True
            talking = group.create_task(spoken(sd.microphone, silence(500) + speech(SAID) + silence(20_000)))
            playing = group.create_task(sd.speaker.play(60))
            words = await page.next("words")
            while not words["final"]:
                words = await page.next("words")
            ended = await page.next("turn.ended")
            talking.cancel()
            playing.cancel()
    assert word_error_rate(SAID, words["text"]) <= 0.2
    assert (ended["status"], ended["heard_reply"]) == ("completed", "The sea is deep.")
    assert np.abs(np.concatenate(sd.speaker.played)).max() > 0.1
