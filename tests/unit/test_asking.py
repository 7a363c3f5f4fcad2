"""How long a reply in text may be silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from tool_rig import CALLS, STOP, Doer, TalkingLLM, call
from virtual import run_virtual

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.character import Character
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Generation, LLMDelta, Message, TextDelta, UserInput
from hayakuchi.gateway.chat.asking import asked
from hayakuchi.gateway.chat.prompt import Prompt


class Hanging:
    """An agent that others wrote: a word after so many seconds each, then nothing, for ever."""

    def __init__(self, *waits_s: float) -> None:
        self.waits_s = waits_s
        self.closed = False

    async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncGenerator[LLMDelta, None]:
        try:
            for wait_s in self.waits_s:
                await asyncio.sleep(wait_s)
                yield TextDelta("word ")
            await asyncio.Event().wait()
        finally:
            self.closed = True


def stream_of(agent: Any, tools: Any = None) -> Any:
    figures = SimpleNamespace(provider_failed=lambda error: None, tool_call=lambda status: None)
    mind = SimpleNamespace(
        id="kiyo", agent=agent, tools=tools, expressions=(), llm=SimpleNamespace(deadlines=Deadlines(4, 5))
    )
    wanted: Any = SimpleNamespace(
        generation=Generation(), user="", whole_reply=False, disable_quick_response=False, viewer=None
    )
    doors: Any = SimpleNamespace(figures=figures)
    part: Any = mind
    return asked(doors, wanted, part, Prompt("", (), Message("user", "Hi")))[1]


async def read(stream: Any) -> tuple[list[LLMDelta], ProviderError | None, float]:
    began, got = loop_ms(), []
    try:
        async for delta in stream:
            got.append(delta)
    except ProviderError as error:
        return got, error, loop_ms() - began
    return got, None, loop_ms() - began


@pytest.mark.parametrize(
    ("waits_s", "tools", "silent_s"),
    [((), None, 4), ((), Doer({"weather": "23"}, timeout_s=30), 34), ((33, 34), Doer({"a": "", "b": ""}, 30), 102)],
)
def test_an_agent_that_others_wrote_does_not_hold_a_request_for_ever(
    waits_s: tuple[float, ...], tools: Any, silent_s: float
):
    agent = Hanging(*waits_s)
    got, error, took_ms = run_virtual(read(stream_of(agent, tools)))
    assert error is not None
    assert (error.category, len(got), agent.closed) == (Category.TIMEOUT, len(waits_s), True)
    assert took_ms == pytest.approx(silent_s * 1000)


def test_our_own_agent_may_write_a_long_call():
    llm = TalkingLLM([call("a", "weather"), 30.0, CALLS], [TextDelta("Sun."), STOP])
    doer = Doer({"weather": "23"})
    agent = BasicMemoryAgent(BasicMemoryConfig(), llm, Character(name="Kiyo"), tools=doer)
    got, error, _ = run_virtual(read(stream_of(agent, doer)))
    assert error is None
    assert got[-1] == STOP
