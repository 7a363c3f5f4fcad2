"""OpenAI's own library for JavaScript against the real server: ``openai_node_sdk.mjs``, with a model that knows its part."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from chatting import RecordingEmbedder, RecordingLLM, chatting, until, words

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Finish, FinishReason, TextDelta, ToolCallDelta, Usage
from hayakuchi.orchestrator.gateway_settings import Scope

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")


@pytest.mark.skipif(
    NODE is None or not (ROOT / "node_modules" / "openai").is_dir(), reason="needs Node.js and `npm ci`"
)
async def test_the_library_finds_what_it_expects() -> None:
    assert NODE is not None
    gone = ProviderError("llm", "recording_llm", Category.INVALID_REQUEST, "is gone")
    llm = RecordingLLM()
    llm.answers = {
        "counted": [*words("Hi you."), Finish(FinishReason.STOP), Usage(9, 3)],
        "tools": [ToolCallDelta(0, "c1", "look"), ToolCallDelta(0, arguments='{"at": "sky"}')],
        "blue": words("It is blue."),
        "picture": words("I see."),
        "gone": [ProviderError("llm", "recording_llm", Category.RATE_LIMITED, "is gone")],
        "slow": [0.6, TextDelta("At last.")],
        "breaks": [TextDelta("Well, "), TextDelta("it "), gone],
        "endless": [TextDelta("Well, "), TextDelta("it "), 60.0],
    }
    keys = {"main": (Scope.CHAT,), "busy": (Scope.CHAT,)}
    limits = {"busy": {"concurrent_turns": 1}}
    async with chatting(llm, keys=keys, key_limits=limits, embedder=RecordingEmbedder()) as desk:
        process = await asyncio.create_subprocess_exec(
            NODE,
            "--test",
            "--test-reporter=tap",
            "tests/integration/openai_node_sdk.mjs",
            cwd=ROOT,
            env={
                **os.environ,
                "HAYAKUCHI_URL": desk.url,
                "HAYAKUCHI_KEY": desk.tokens["main"],
                "HAYAKUCHI_BUSY_KEY": desk.tokens["busy"],
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(60):
            told, _ = await process.communicate()
        assert process.returncode == 0, told.decode()
        assert b"# pass 11" in told
        await until(lambda: desk.turns == 0 and llm.running == 0)
    pictures = [asked for asked in llm.asked if asked.messages[-1].content == "picture"]
    assert pictures[0].messages[-1].images[0].url.startswith("data:image/png")
