"""What is counted of replies."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from scripted import EchoAgent, ScriptedLLM, ScriptedTTS
from serving import settings_for
from story import Story, ended, tell

from hayakuchi.agents import AgentConfig
from hayakuchi.core.events import TurnEnded
from hayakuchi.core.types import LLMDelta, Message, Opener, UserInput
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.session import Session
from hayakuchi.orchestrator.settings import Component
from hayakuchi.orchestrator.statistics import Mode, ReplyStatistics

NOTHING = {"avg": None, "min": None, "max": None}
EMPTY = {
    "quick_response_mode": {
        "total_requests": 0,
        "first_response_latency": NOTHING,
        "total_response_latency": NOTHING,
        "quick_response_latency": NOTHING,
        "large_model_latency": NOTHING,
    },
    "direct_mode": {"total_requests": 0, "first_response_latency": NOTHING, "total_response_latency": NOTHING},
    "comparison": {"avg_first_response_improvement": None},
}


def test_nothing_is_known_at_first_and_after_a_reset() -> None:
    statistics = ReplyStatistics()
    assert statistics.snapshot() == EMPTY
    statistics.add(Mode.QUICK, 0.1, 1.0, 0.05, 0.5)
    statistics.add(Mode.DIRECT, 0.1, 1.0)
    statistics.reset()
    assert statistics.snapshot() == EMPTY


def test_average_least_and_most_per_mode_and_compared() -> None:
    statistics = ReplyStatistics()
    statistics.add(Mode.QUICK, 0.08, 1.12, 0.03, 0.7)
    statistics.add(Mode.QUICK, 0.18, 1.89, None, 0.2)
    assert statistics.snapshot()["comparison"] == {"avg_first_response_improvement": None}
    statistics.add(Mode.DIRECT, 0.72, 1.5)
    statistics.add(Mode.DIRECT, 1.1206, 2.25)
    assert statistics.snapshot() == {
        "quick_response_mode": {
            "total_requests": 2,
            "first_response_latency": {"avg": 0.13, "min": 0.08, "max": 0.18},
            "total_response_latency": {"avg": 1.505, "min": 1.12, "max": 1.89},
            "quick_response_latency": {"avg": 0.03, "min": 0.03, "max": 0.03},
            "large_model_latency": {"avg": 0.45, "min": 0.2, "max": 0.7},
        },
        "direct_mode": {
            "total_requests": 2,
            "first_response_latency": {"avg": 0.92, "min": 0.72, "max": 1.121},
            "total_response_latency": {"avg": 1.875, "min": 1.5, "max": 2.25},
        },
        "comparison": {"avg_first_response_improvement": 0.859},
    }


def test_a_quick_reply_that_costs_time_is_told_as_a_loss() -> None:
    statistics = ReplyStatistics()
    statistics.add(Mode.QUICK, 0.3, 1.0)
    statistics.add(Mode.DIRECT, 0.2, 1.0)
    assert statistics.snapshot()["comparison"] == {"avg_first_response_improvement": -0.5}


class QuickMind(EchoAgent):
    """Says ``Oh,`` after 40 ms when it may be quick, and then the model's reply."""

    def asks_quick(self, heard: UserInput) -> bool:
        return not heard.disable_quick_response

    async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
        if self.asks_quick(heard):
            await asyncio.sleep(0.04)
            yield Opener("Oh,")
        async for delta in super().reply(heard, history):
            yield delta


def spoken(
    *inputs: UserInput,
    mind: type[EchoAgent] = QuickMind,
    stop_ms: float | None = None,
    tokens: Sequence[str] = ("Hello", " you."),
    dies_at: int | None = None,
    **config: Any,
) -> dict[str, Any]:
    """The statistics after an engine's session was told these, with a model that needs 100 ms."""
    model = ScriptedLLM(tokens, dies_at=dies_at)
    made = settings_for(lambda: model, ScriptedTTS)
    engine = Engine(replace(made, agent=Component("mind", AgentConfig.model_validate(config), mind)))

    async def script(session: Session, story: Story) -> None:
        session.greet()
        await ended(story)
        for count, heard in enumerate(inputs, 2):
            session.say(heard)
            if stop_ms:
                await asyncio.sleep(stop_ms / 1000)
                session.interrupt()
            await ended(story, count)

    story = tell(engine.new_session("test"), script)
    assert len(story.of(TurnEnded)) == len(inputs) + 1
    return engine.statistics.snapshot()


def test_turns_of_a_session_are_counted_by_whether_a_quick_model_was_asked() -> None:
    found = spoken(UserInput("a"), UserInput("b", disable_quick_response=True), UserInput("c"))
    quick, direct = found["quick_response_mode"], found["direct_mode"]
    assert (quick["total_requests"], direct["total_requests"]) == (2, 1)
    assert quick["quick_response_latency"] == {"avg": 0.04, "min": 0.04, "max": 0.04}
    assert quick["large_model_latency"] == {"avg": 0.14, "min": 0.14, "max": 0.14}
    assert quick["first_response_latency"]["max"] < 0.15 <= direct["first_response_latency"]["min"]
    assert direct["total_response_latency"]["min"] > direct["first_response_latency"]["min"]
    assert direct["total_response_latency"]["min"] < 0.6


@pytest.mark.parametrize(
    ("heard", "options"),
    [
        ((), {}),
        ((UserInput("a", whole_reply=True),), {}),
        ((UserInput("a"),), {"enable_streaming": False}),
        ((UserInput("a"),), {"dies_at": 1}),
        ((UserInput("a"),), {"dies_at": 0}),
        ((UserInput("a"),), {"stop_ms": 250.0}),
        ((UserInput("a", disable_quick_response=True),), {"tokens": ["😀"]}),
    ],
    ids=["opening line", "whole reply", "no streaming", "broken", "failed", "interrupted", "no sound"],
)
def test_what_is_not_counted(heard: tuple[UserInput, ...], options: dict[str, Any]) -> None:
    assert spoken(*heard, **options) == EMPTY


def test_an_agent_without_quick_replies_is_direct() -> None:
    found = spoken(UserInput("a"), mind=EchoAgent)
    assert (found["quick_response_mode"]["total_requests"], found["direct_mode"]["total_requests"]) == (0, 1)
