"""The figures over HTTP, and that a page can ask for a reply without quick words."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from scripted import EchoAgent, ScriptedLLM, ScriptedTTS
from serving import component, serving, settings_for, viewing

from hayakuchi import __version__
from hayakuchi.agents import AgentConfig
from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.character import Character
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import LLMDelta, Message, UserInput
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.settings import Component, Settings
from hayakuchi.orchestrator.statistics import Mode


def settings(**changes: Any) -> Settings:
    return replace(settings_for(lambda: ScriptedLLM(["Hi."], first_ms=1), lambda: ScriptedTTS(first_ms=1)), **changes)


def fetched(url: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(url, method=method, headers={"Accept": "application/json"} | headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None


async def test_the_figures_are_told_and_can_be_reset() -> None:
    async with serving(settings()) as (url, engine):
        status, empty = await asyncio.to_thread(fetched, f"{url}/metrics")
        assert status == 200
        assert set(empty) == {"quick_response_mode", "direct_mode", "comparison", "text", "phrase_cache", "server"}
        assert empty["server"] == {
            "version": __version__,
            "sessions": 0,
            "viewers": 0,
            "listeners": 0,
            "turns_running": {"stage": 0, "api": 0},
            "draining": False,
        }
        assert empty["phrase_cache"] == engine.voice.snapshot()
        engine.statistics.add(Mode.QUICK, 0.1, 1.0, 0.05, 0.6)
        engine.statistics.add(Mode.DIRECT, 0.4, 1.0)
        _, figures = await asyncio.to_thread(fetched, f"{url}/metrics")
        assert figures["quick_response_mode"]["first_response_latency"] == {"avg": 0.1, "min": 0.1, "max": 0.1}
        assert figures["direct_mode"]["total_requests"] == 1
        assert figures["comparison"] == {"avg_first_response_improvement": 0.75}
        assert await asyncio.to_thread(fetched, f"{url}/metrics/reset", "POST") == (200, empty)
        assert await asyncio.to_thread(fetched, f"{url}/metrics") == (200, empty)


async def test_the_phrase_cache_tells_its_own_figures() -> None:
    async with serving(settings()) as (url, engine):
        voice: Any = engine.voice
        told = {**voice.snapshot(), "hits": 3, "misses": 1}
        voice.snapshot = lambda: told
        assert (await asyncio.to_thread(fetched, f"{url}/metrics"))[1]["phrase_cache"] == told


async def test_other_sites_and_other_methods_change_nothing() -> None:
    async with serving(settings()) as (url, engine):
        engine.statistics.add(Mode.DIRECT, 0.4, 1.0)
        refused = [
            await asyncio.to_thread(fetched, f"{url}/metrics/reset", "POST", Origin="https://evil.example"),
            await asyncio.to_thread(fetched, f"{url}/metrics", Host="evil.example"),
            await asyncio.to_thread(fetched, f"{url}/metrics/reset"),
            await asyncio.to_thread(fetched, f"{url}/metrics", "POST"),
        ]
        assert [status for status, _ in refused] == [403, 403, 405, 405]
        assert engine.statistics.snapshot()["direct_mode"]["total_requests"] == 1


class Mind(EchoAgent):
    """Keeps what it heard; takes no small model."""

    heard: list[UserInput]

    def __init__(self, config: AgentConfig, llm: Any, character: Character) -> None:
        super().__init__(config, llm, character)
        self.heard = []

    def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
        self.heard.append(heard)
        return super().reply(heard, history)


async def test_a_message_can_do_without_quick_words() -> None:
    mind = Component("mind", AgentConfig(), Mind)
    quick = (component(lambda: ScriptedLLM(["Oh,"])),)
    async with serving(settings(agent=mind, quick_llm=quick)) as (url, engine):
        assert engine.quick is None
        async with viewing(url) as viewer:
            for extra in ({}, {"disable_quick_response": True}):
                await viewer.send(type="input.text", text="Hi", **extra)
                await viewer.next("turn.started")
            await viewer.send(type="input.text", text="Hi", disable_quick_response="yes")
            error = await viewer.next("error")
    assert error["code"] == "protocol"
    assert error["message"] == "input.text: disable_quick_response must be true or false"
    agent: Any = engine.agent
    assert [heard.disable_quick_response for heard in agent.heard] == [False, True]


class Watched(ScriptedLLM):
    """Counts what is done with it; cannot be opened when ``opens`` is false."""

    def __init__(self, *, opens: bool = True) -> None:
        super().__init__(["Oh, dear"], first_ms=1)
        self.opens = opens
        self.opened = self.probed = self.closed = 0

    async def open(self) -> None:
        self.opened += 1
        if not self.opens:
            raise ProviderError("llm", "tiny_llm", Category.CONNECTIVITY, "nobody is there")

    async def probe(self) -> str:
        self.probed += 1
        return "here"

    async def aclose(self) -> None:
        self.closed += 1


MEMORY = Component("basic_memory_agent", BasicMemoryConfig(), BasicMemoryAgent)


@pytest.mark.parametrize("opens", [True, False])
async def test_the_quick_model_is_opened_probed_and_closed_and_may_be_missing(opens: bool) -> None:
    quick = Watched(opens=opens)
    engine = Engine(settings(agent=MEMORY, quick_llm=(component(lambda: quick),)))
    async with engine:
        assert quick.opened == 1
        assert engine.problems == ([] if opens else ["tiny_llm: nobody is there"])
        quick.opens = True
        await engine.warm_up()
        assert quick.probed == 1
        assert engine.problems == []
        agent: Any = engine.agent
        assert agent.asks_quick(UserInput("Hi"))
    assert quick.closed == 1


@pytest.mark.parametrize(
    "changes",
    [{"quick_llm": ()}, {"character": Character(name="K", quick_reply=False)}],
    ids=["not configured", "not wanted"],
)
async def test_a_quick_model_that_nobody_wants_is_not_even_made(changes: dict[str, Any]) -> None:
    made: list[Watched] = []

    def make() -> Watched:
        made.append(Watched())
        return made[-1]

    engine = Engine(settings(**{"agent": MEMORY, "quick_llm": (component(make),), **changes}))
    async with engine:
        assert engine.quick is None
        agent: Any = engine.agent
        assert not agent.asks_quick(UserInput("Hi"))
    assert made == []


def test_a_plug_in_agent_with_three_arguments_still_works() -> None:
    quick = (component(lambda: ScriptedLLM(["Oh,"])),)
    assert isinstance(Engine(settings(quick_llm=quick)).agent, EchoAgent)
