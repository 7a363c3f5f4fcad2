"""``hayakuchi run`` says calmly, and once, who does not answer; and nothing when all is well."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import ScriptedLLM, ScriptedTTS
from serving import component, settings_for

from hayakuchi.cli.run import _note
from hayakuchi.cli.stand_ins import StandIns
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.orchestrator.engine import Engine

CONF = """\
character: ./her.yaml
llm: [{openai_llm: {base_url: "http://127.0.0.1:9/v1", model: m}}, demo_llm]
tts: [{openai_tts: {base_url: "http://127.0.0.1:9/v1", model: m, voice: any}}, espeak_tts]
cache: {enabled: false}
"""


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--no-browser", "--port", "0")
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=pipe, stderr=pipe)
    try:
        yield server
    finally:
        server.terminate()
        async with asyncio.timeout(15):
            assert await server.wait() == 0


async def test_run_names_who_does_not_answer_and_who_stands_in(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(CONF)
    (tmp_path / "her.yaml").write_text("{name: Her, persona: You are short.}")
    async with running(tmp_path) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        async with asyncio.timeout(30):
            assert (await server.stdout.readline()).startswith(b"ready http://127.0.0.1:")
            lines = sorted([(await server.stderr.readline()).decode() for _ in range(2)])
    assert lines[0].startswith("note: openai_llm: nothing answers at http://127.0.0.1:9/v1")
    assert lines[0].endswith("; demo_llm answers in its place\n")
    assert lines[1].startswith("note: openai_tts: nothing answers at http://127.0.0.1:9/v1")
    assert lines[1].endswith("; espeak_tts speaks in its place\n")
    assert await server.stdout.read() == b""
    assert (await server.stderr.read()).startswith(b"note: ending: ")


class Moody(ScriptedLLM):
    """A model whose probe fails while ``wrong`` says why."""

    name = "moody_llm"
    wrong = ""

    async def probe(self) -> str:
        if self.wrong:
            raise ProviderError("llm", self.name, Category.CONNECTIVITY, self.wrong)
        return "here I am"


async def test_a_line_is_told_when_it_becomes_true(capsys: pytest.CaptureFixture[str]) -> None:
    rounds: list[str] = []
    moody = Moody([])

    async def said(wrong: str) -> str:
        moody.wrong = wrong
        await engine.warm_up()
        engine.on_probed()
        return capsys.readouterr().err

    settings = settings_for(lambda: moody, ScriptedTTS)
    settings = replace(settings, llm=(*settings.llm, component(lambda: ScriptedLLM([]))))
    async with asyncio.timeout(20), Engine(settings) as engine:
        engine.on_probed = lambda: rounds.append("told to the rooms, too")
        StandIns(engine, _note).watch()
        assert capsys.readouterr().err == ""
        assert await said("") == ""
        told = f"note: moody_llm: gone for good; {ScriptedLLM.name} answers in its place\n"
        assert await said("gone\nfor good") == told
        assert await said("gone\nfor good") == ""
        assert await said("") == ""
        assert await said("gone\nfor good") == told
    assert len(rounds) == 5
