"""``hayakuchi latency``: passes on what it comes with, fails and names the stage when a slow voice is configured."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from fake_openai import FakeOpenAI, speech

SLOW = """\
character: ./her.yaml
llm: {demo_llm: {seed: 1, first_token_ms: 10, token_ms: 2}}
tts: {openai_tts: {base_url: URL, model: slow, voice: any}}
"""


async def latency(folder: Path, *options: str) -> tuple[int | None, str]:
    command = (sys.executable, "-m", "hayakuchi", "latency", "--turns", "2", *options)
    environment = {**os.environ, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    child = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(120):
        out, error = await child.communicate()
    return child.returncode, out.decode() + error.decode()


async def test_it_passes_on_the_default_settings(tmp_path: Path) -> None:
    code, said = await latency(tmp_path)
    assert code == 0, said
    assert "first audio" in said
    assert "improvement" in said
    assert "First audio of each turn" in said
    assert said.count("  passed  ") == 5


async def test_a_slow_voice_fails_and_is_named(tmp_path: Path) -> None:
    async with FakeOpenAI() as server:
        clip = speech()
        clip.steps = [0.8, *clip.steps]
        server.speech = clip
        (tmp_path / "her.yaml").write_text("{name: Her, persona: You are short.}")
        (tmp_path / "slow.yaml").write_text(SLOW.replace("URL", f'"{server.url}"'))
        code, said = await latency(tmp_path, "-c", "slow.yaml", "--json")
    assert code == 1, said
    report = json.loads(said)
    assert report["blame"]["first_audio"] == "tts"
    assert report["blame"]["audio_pipeline"] == "tts"
    assert report["figures"]["first_audio"]["p50"] >= 800
    assert report["stages"]["tts"]["p50"] >= 800
    assert [sample["turn"] for sample in report["samples"]] == [1, 2]
    assert all(sample["stages"]["tts"] >= 800 for sample in report["samples"])
    assert "choose a voice" in report["remedies"]["first_audio"]
