"""``hayakuchi latency``: passes on what it comes with, fails and names the stage when a slow voice is configured."""

from __future__ import annotations

import json
from pathlib import Path

from fake_openai import FakeOpenAI, speech
from latency_command import latency

SLOW = """\
character: ./her.yaml
llm: {demo_llm: {seed: 1, first_token_ms: 10, token_ms: 2}}
tts: {openai_tts: {base_url: URL, model: slow, voice: any}}
"""


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
