"""OpenAI's JavaScript client at the audio doors."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

from requirements import require
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from scripted_tts import FakeTTS, tone
from serving import component, serving, settings_for

from hayakuchi.asr.base import Wishes
from hayakuchi.gateway.audio.encoders import RATE

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 60.0


async def test_it_speaks_and_understands() -> None:
    node = shutil.which("node")
    require(node, "needs Node.js")
    require((ROOT / "node_modules" / "openai").is_dir(), "needs `npm ci`")
    assert node
    voice = FakeTTS("fake", tone(200, rate=RATE), 0.1, tone(200, rate=RATE), 0.3, tone(200, rate=RATE), rate=RATE)
    asr = ScriptedASR(lambda clip: "Hello there.", takes_ms=1)
    settings = settings_for(lambda: ScriptedLLM(["Hi."]), ScriptedTTS, asr=lambda: asr)
    async with serving(replace(settings, tts=(component(lambda: voice),))) as (url, _):
        async with asyncio.timeout(WITHIN_S):
            process = await asyncio.create_subprocess_exec(
                node, str(ROOT / "tests/support/audio_client.mjs"), f"{url}/v1", stdout=asyncio.subprocess.PIPE
            )
            said, _ = await process.communicate()
        assert process.returncode == 0
        async with asyncio.timeout(5):
            while voice.closed < len(voice.asked):  # noqa: ASYNC110 - the double tells nobody
                await asyncio.sleep(0.01)
    size = 2 * RATE * 600 // 1000
    assert json.loads(said) == {
        "wav": 44 + 2 * size,
        "pcm": 2 * size,
        "streamed": True,
        "text": "Hello there.",
        "events": ["transcript.text.delta", "transcript.text.done"],
        "refused": [True, 422, "voice"],
    }
    assert asr.wishes == [Wishes("Hayakuchi"), Wishes()]
