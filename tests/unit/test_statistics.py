"""What is counted of replies, and that a watched agent's replies are the agent's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS
from story import Story, tell

from hayakuchi.agents import AgentConfig
from hayakuchi.core.character import Character
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.events import LatencyMeasured, SpeechEnded, TurnEnded, TurnStarted, TurnStatus
from hayakuchi.core.types import LLMDelta, Message, Opener, TextDelta, UserInput
from hayakuchi.orchestrator.playback import Playback
from hayakuchi.orchestrator.session import Session
from hayakuchi.orchestrator.statistics import Mode, ReplyStatistics, WatchedAgent
from hayakuchi.orchestrator.turn import TurnSettings
from hayakuchi.tts.fallback import FallbackTTS

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


class QuickMind:
    """Says ``Oh,`` after 40 ms when it may be quick, and then the model's reply."""

    def __init__(self, llm: Any, config: AgentConfig) -> None:
        self.config, self._llm = config, llm

    def asks_quick(self, heard: UserInput) -> bool:
        return not heard.disable_quick_response

    async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
        stream = self._llm.stream([])
        try:
            if self.asks_quick(heard):
                await asyncio.sleep(0.04)
                yield Opener("Oh,")
            async for delta in stream:
                yield delta
        finally:
            await stream.aclose()


def spoken(
    *inputs: UserInput, dies_at: int | None = None, stop_ms: float | None = None, **config: Any
) -> dict[str, Any]:
    """The statistics of a session that was told these, one after another, with a model that needs 100 ms."""
    statistics = ReplyStatistics()
    llm = ScriptedLLM(["Hello", " you."], dies_at=dies_at)
    watched = WatchedAgent(QuickMind(llm, AgentConfig.model_validate(config)), statistics)
    character = Character(name="Test", opening_line="Welcome.")
    voice = FallbackTTS([ScriptedTTS()])
    session = Session(
        "test",
        agent=watched,
        voice=voice,
        character=character,
        playback=Playback(voice.sample_rate),
        settings=TurnSettings(),
    )
    session.observe(watched.observe)

    async def script(session: Session, story: Story) -> None:
        session.greet()
        for count, heard in enumerate(inputs, 1):
            while len(story.of(TurnEnded)) < count:
                story.told.clear()
                await story.told.wait()
            session.say(heard)
            if stop_ms:
                await asyncio.sleep(stop_ms / 1000)
                session.interrupt()
        while len(story.of(TurnEnded)) <= len(inputs):
            story.told.clear()
            await story.told.wait()

    story = tell(session, script)
    assert len(story.of(TurnEnded)) == len(inputs) + 1
    return statistics.snapshot()


def test_turns_of_a_session_are_counted_by_whether_a_quick_model_was_asked() -> None:
    found = spoken(UserInput("a"), UserInput("b", disable_quick_response=True), UserInput("c"))
    quick, direct = found["quick_response_mode"], found["direct_mode"]
    assert (quick["total_requests"], direct["total_requests"]) == (2, 1)
    assert quick["quick_response_latency"] == {"avg": 0.04, "min": 0.04, "max": 0.04}
    assert quick["large_model_latency"] == {"avg": 0.14, "min": 0.14, "max": 0.14}
    assert direct["first_response_latency"]["min"] >= 0.15
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
    ],
    ids=["opening line", "whole reply", "no streaming", "broken", "failed", "interrupted"],
)
def test_what_is_not_counted(heard: tuple[UserInput, ...], options: dict[str, Any]) -> None:
    assert spoken(*heard, **options) == EMPTY


async def test_a_turn_without_sound_is_not_counted_and_an_agent_without_quick_replies_is_direct() -> None:
    class Mind:
        config = AgentConfig()

        def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
            raise NotImplementedError

    statistics = ReplyStatistics()
    plain: Any = Mind()
    watched = WatchedAgent(plain, statistics)
    for figures in ({}, {"first_audio": 100.0}):
        watched.observe(TurnStarted(1, UserInput("a")))
        watched.observe(LatencyMeasured(1, figures, {}))
        watched.observe(SpeechEnded(1, 0, 100.0))
        watched.observe(TurnEnded(1, TurnStatus.COMPLETED, "", ""))
    assert statistics.snapshot()["direct_mode"]["total_requests"] == 1
    assert statistics.snapshot()["quick_response_mode"]["total_requests"] == 0


async def test_the_watched_reply_is_the_agents_own_and_is_closed_with_it() -> None:
    error = ProviderError("llm", "x", Category.CRASHED, "gone")
    closed: list[bool] = []

    class Mind:
        config = AgentConfig()

        async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
            try:
                yield TextDelta("a")
                raise error
            finally:
                closed.append(True)

    plain: Any = Mind()
    watched: Any = WatchedAgent(plain, ReplyStatistics())
    reply = watched.reply(UserInput("a"), [])
    assert await anext(reply) == TextDelta("a")
    await reply.aclose()
    assert closed == [True]
    reply = watched.reply(UserInput("a"), [])
    await anext(reply)
    with pytest.raises(ProviderError) as caught:
        await anext(reply)
    assert caught.value is error
