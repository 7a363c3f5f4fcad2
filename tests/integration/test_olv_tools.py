"""Characters that call tools, at every door: a frontend of Open-LLM-VTuber is told, programs get words and nothing else."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from frontend import Frontend, check_order, frontend, name
from scripted import ScriptedTTS
from serving import serving, settings_for, viewing
from tool_rig import CALLS, STOP, TalkingLLM, call

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.agents.mcp_tools import McpServerSettings
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import TextDelta
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from hayakuchi.orchestrator.settings import Component, Settings

PROGRAM = str(Path(__file__).parents[1] / "support" / "mcp_program.py")
LOOK = [TextDelta("Let me look."), call("a", "echo", '{"city": "Kyoto"}'), CALLS]
SUNNY = [TextDelta("It is sunny."), STOP]


def settings_with(*scripts: Any, timeout_s: float = 20, silent_s: float = 5) -> Settings:
    """``silent_s``: how long the model may be silent."""
    model = TalkingLLM(*scripts)
    model.deadlines = Deadlines(silent_s, silent_s)
    made = settings_for(lambda: model, lambda: ScriptedTTS(first_ms=5, rtf=0.001))
    program = McpServerSettings(command=sys.executable, args=("-S", PROGRAM), timeout=timeout_s)
    config = BasicMemoryConfig(mcp_servers=("own",))
    return replace(
        made,
        agent=Component("basic_memory_agent", config, BasicMemoryAgent),
        mcp_servers={"own": program},
        open_llm_vtuber=OpenLlmVtuberSettings(playback_patience_s=0.5, split="never"),
    )


@asynccontextmanager
async def served(*scripts: Any, **more: Any) -> AsyncIterator[str]:
    """The address of a server whose character has its tools."""
    before = {child.pid for child in psutil.Process().children()}
    async with serving(settings_with(*scripts, **more)) as (url, engine):
        async with asyncio.timeout(10):
            await engine.tool_servers.connections["own"].tried.wait()
        yield url
    assert {child.pid for child in psutil.Process().children()} <= before, "the program ends with the server"


async def hear(client: Frontend) -> list[dict[str, Any]]:
    begun = len(client.told)
    await client.send("text-input", text="How is the weather?")
    await client.plays()
    return client.told[begun:]


async def test_a_call_is_told_before_the_words_that_follow_from_it() -> None:
    async with served(LOOK, SUNNY) as url, frontend(url) as client:
        told = await hear(client)
        check_order(client.told)
        words = [message["display_text"]["text"].strip() if name(message) == "audio" else "" for message in told]
        states = [message.get("status") for message in told]
        assert 0 < states.index("running") < states.index("completed") < words.index("It is sunny.")
        assert "Let me look." in words
        running, completed = (message for message in told if message["type"] == "tool_call_status")
        assert running.keys() == {"type", "tool_id", "tool_name", "name", "status", "content", "timestamp"}
        assert (running["tool_name"], running["name"]) == ("echo", "Test")
        assert running["tool_id"] == completed["tool_id"]
        assert json.loads(running["content"]) == json.loads(completed["content"]) == {"city": "Kyoto"}
        assert datetime.fromisoformat(running["timestamp"]) <= datetime.fromisoformat(completed["timestamp"])


async def test_a_call_that_fails_or_hangs_is_told_and_the_chain_ends() -> None:
    both = [call("a", "hang"), call("b", "fail", index=1), CALLS]
    async with served(both, SUNNY, timeout_s=0.2) as url, frontend(url) as client:
        told = await hear(client)
        check_order(client.told)
        ends = {
            message["tool_name"]: message["content"]
            for message in told
            if message["type"] == "tool_call_status" and message["status"] == "error"
        }
        assert ends == {"fail": "no such thing", "hang": "no result within 0.2 s"}
        assert "It is sunny." in [message["display_text"]["text"].strip() for message in client.items()]


async def test_an_interruption_while_a_tool_works_ends_the_chain_at_once() -> None:
    async with served([TextDelta("Let me look."), call("a", "hang"), CALLS], SUNNY) as url, frontend(url) as client:
        await client.send("text-input", text="How is the weather?")
        await client.next("tool_call_status")
        await client.send("interrupt-signal", text="")
        async with asyncio.timeout(2):
            await client.next("control conversation-chain-end")
        told = await hear(client)
        assert "tool_call_status" not in [message["type"] for message in told], "the next reply is another one"


async def test_the_stage_is_told_too() -> None:
    async with served(LOOK, SUNNY) as url, viewing(url) as viewer:
        await viewer.send(type="input.text", text="How is the weather?")
        running, completed = await viewer.next("tool"), await viewer.next("tool")
        assert running == {
            "type": "tool",
            "turn": 1,
            "id": "a",
            "name": "echo",
            "status": "running",
            "content": '{"city": "Kyoto"}',
        }
        assert completed == {**running, "status": "completed"}


async def test_programs_get_the_words_and_no_calls_however_long_these_take() -> None:
    slow = [*LOOK[:1], call("a", "hang"), CALLS]
    async with served(slow, SUNNY, timeout_s=0.8, silent_s=0.5) as url, aiohttp.ClientSession() as http:
        body = {"model": "default", "messages": [{"role": "user", "content": "How is the weather?"}]}
        async with http.post(f"{url}/v1/chat/completions", json=body) as answer:
            [choice] = (await answer.json())["choices"]
        async with http.get(f"{url}/metrics") as answer:
            assert 'hayakuchi_tool_calls_total{status="error"} 1.0' in await answer.text()
    assert choice["message"]["content"] == "Let me look.\nIt is sunny."
    assert not choice["message"].get("tool_calls")
    assert choice["finish_reason"] == "stop"
