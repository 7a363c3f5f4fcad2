"""A server that warms its voice: never before it is ready, only when it may, and the greeting is then remembered."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for, viewing

from hayakuchi.orchestrator.common_phrases import common_phrases
from hayakuchi.orchestrator.settings import Settings
from hayakuchi.orchestrator.warming import Progress
from hayakuchi.tts.cache_settings import CacheSettings

CONF = """\
character: ./her.yaml
llm: {demo_llm: {}}
tts: {espeak_tts: {}}
cache: {folder: phrases}
"""
CHARACTER = '{name: Her, opening_line: "Hello, you! Come in.", fillers: [Hmm.], language: en}'
COUNT = 3
"""Pieces of the greeting, and the filler."""


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """``hayakuchi run``, ready."""
    command = (sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--no-browser", "--port", "0")
    server = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert (await server.stdout.readline()).startswith(b"ready ")
        yield server
    finally:
        server.terminate()
        async with asyncio.timeout(15):
            assert await server.wait() == 0


async def said(server: asyncio.subprocess.Process) -> str:
    assert server.stderr is not None
    async with asyncio.timeout(30):
        return (await server.stderr.readline()).decode()


async def test_run_says_when_the_voice_is_warm_and_the_next_run_remembers(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(CONF)
    (tmp_path / "her.yaml").write_text(CHARACTER)
    phrases = tmp_path / "phrases"
    written = []
    for _ in range(2):
        async with running(tmp_path) as server:
            assert await said(server) == f"the voice is warm: {COUNT} phrases are ready at once\n"
        written.append({file.name: file.stat().st_ino for file in os.scandir(phrases)})
    assert len(written[0]) == COUNT
    assert written[0] == written[1], "the second run made none of them anew"


async def test_stopping_while_it_warms_takes_no_time(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(CONF)
    (tmp_path / "her.yaml").write_text(CHARACTER)
    async with running(tmp_path) as server:
        assert server.stderr is not None
    (told,) = (await server.stderr.read()).splitlines()
    assert told.startswith(b"note: ending: "), "of the phrases nothing is told"


def settings(voice: ScriptedTTS, **cache: object) -> Settings:
    scripted = settings_for(lambda: ScriptedLLM(["Hi", "."], first_ms=5), lambda: voice)
    return replace(scripted, cache=CacheSettings.model_validate({"disk_mb": 0, **cache}))


async def test_the_greeting_is_remembered_when_somebody_comes() -> None:
    voice = ScriptedTTS(first_ms=5, rtf=0.001)
    scripted = settings(voice)
    async with serving(scripted) as (url, engine):
        over = asyncio.Event()
        engine.on_warming = lambda progress: over.set() if progress.over else None
        assert voice.spoken == []
        async with asyncio.timeout(10):
            await over.wait()
        asked = [phrase.text for phrase in common_phrases(scripted.character, engine.streaming())]
        assert voice.spoken == asked
        async with viewing(url) as viewer:
            await viewer.send(type="greet")
            await viewer.next("audio")
        assert voice.spoken == asked
        assert engine.voice.snapshot()["hits"] == engine.voice.snapshot()["hit_rate"] == 1


@pytest.mark.parametrize("block", [{"warm": False}, {"enabled": False}])
async def test_a_voice_that_is_not_to_be_warmed_is_left_alone(block: dict[str, object]) -> None:
    voice = ScriptedTTS(first_ms=5, rtf=0.001)
    async with serving(settings(voice, **block)) as (_, engine):
        told: list[Progress] = []
        engine.on_warming = told.append
        await asyncio.sleep(1.5)
        assert told == []
        assert voice.spoken == []
