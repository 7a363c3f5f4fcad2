"""What is counted of a session: sound that runs out, how long ears take to load, and nothing of what was said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from counting_llm import CountingLLM
from scripted import Listener, ScriptedLLM, ScriptedTTS, make_session
from tool_rig import CALLS, STOP, Doer, TalkingLLM, call, failing
from virtual import run_virtual

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.events import TurnEnded
from hayakuchi.core.types import TextDelta, Usage, UserInput
from hayakuchi.gateway.figures.observers import observers
from hayakuchi.gateway.figures.observing import Figures
from hayakuchi.gateway.figures.watching import EarsLoading
from hayakuchi.orchestrator.hearing import HearingState, HearingStatus

TEXT = ["This is the first sentence of all. ", "This is the second one, which is longer. ", "And a third one."]


def counted(llm: Any, voice: Any, *heard: UserInput, **made: Any) -> Figures:
    """After these turns, one after the other, before a listener that plays in real time."""
    figures = Figures()

    async def talk() -> None:
        session = make_session([llm], [voice], **made)
        for observer in observers(session, figures, None, lambda: "scripted_llm"):
            session.observe(observer)
        listener = Listener(session)
        ended = asyncio.Event()
        session.observe(lambda event: ended.set() if isinstance(event, TurnEnded) else None)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(session.run()), group.create_task(listener.run())]
            for one in heard:
                ended.clear()
                session.say(one)
                await ended.wait()
            for task in tasks:
                task.cancel()

    run_virtual(talk())
    return figures


def value(figures: Figures, name: str, **labels: str) -> float:
    return figures.registry.get_sample_value(f"hayakuchi_{name}", labels) or 0.0


def test_a_voice_that_is_slower_than_speech_runs_dry_and_a_fast_one_does_not() -> None:
    fast = counted(ScriptedLLM(TEXT), ScriptedTTS(rtf=0.1), UserInput("Hi"))
    slow = counted(ScriptedLLM(TEXT), ScriptedTTS(rtf=2.0), UserInput("Hi"))
    assert value(fast, "stalls_total", side="voice") == 0
    assert value(slow, "stalls_total", side="voice") > 10
    for figures in (fast, slow):
        assert value(figures, "turns_total", door="stage", status="completed") == 1
        assert value(figures, "audio_seconds_total", door="stage", direction="out") > 4


def test_how_fast_a_reply_was_is_what_its_parts_were() -> None:
    figures = counted(ScriptedLLM(TEXT, first_ms=100), ScriptedTTS(first_ms=50), UserInput("Hi"))
    first_s = value(figures, "latency_seconds_sum", figure="first_audio")
    assert first_s >= 0.15
    parts = ("queue", "llm", "cut", "handover", "tts", "send")
    assert sum(value(figures, "stage_seconds_sum", stage=part) for part in parts) == pytest.approx(first_s)
    assert value(figures, "stage_seconds_sum", stage="llm") == pytest.approx(0.1, abs=0.001)


def test_replies_that_were_waited_for_on_purpose_are_not_slow_ones() -> None:
    figures = counted(ScriptedLLM(TEXT), ScriptedTTS(), UserInput("Hi", whole_reply=True), UserInput("Again"))
    assert value(figures, "turns_total", door="stage", status="completed") == 2
    assert value(figures, "latency_seconds_count", figure="first_audio") == 1


def test_tokens_by_the_time_they_were_written_in() -> None:
    figures = counted(CountingLLM(TEXT, first_ms=100, token_ms=200), ScriptedTTS(), UserInput("Hi"))
    assert value(figures, "tokens_total", model="scripted_llm", kind="completion") == 5
    per_second = value(figures, "tokens_per_second_sum", model="scripted_llm")
    assert per_second == pytest.approx(5 / 0.6, rel=0.1)


def test_a_tool_that_takes_its_time_is_counted_and_no_stall_of_the_voice() -> None:
    doer = Doer({"weather": 5.0, "time": failing()})

    def mind(config: Any, llm: Any, character: Any) -> BasicMemoryAgent:
        return BasicMemoryAgent(BasicMemoryConfig(), llm, character, tools=doer)

    calls = [TextDelta("Let me look."), call("a", "weather"), call("b", "time", index=1), CALLS, Usage(3, 4)]
    llm = TalkingLLM(calls, [TextDelta("It is sunny."), STOP])
    figures = counted(llm, ScriptedTTS(), UserInput("Hi"), mind=mind)
    assert value(figures, "tool_calls_total", status="completed") == 1
    assert value(figures, "tool_calls_total", status="error") == 1
    assert value(figures, "tool_calls_total", status="running") == 0
    assert value(figures, "stalls_total", side="voice") == 0
    assert value(figures, "tokens_total", model="scripted_llm", kind="completion") == 4
    assert value(figures, "tokens_per_second_count", model="scripted_llm") == 0


def test_a_download_is_no_part_of_loading() -> None:
    figures = Figures()
    watching = EarsLoading(figures)

    async def load() -> None:
        for state, lasts_s in (
            (HearingState.FETCHING, 60),
            (HearingState.LOADING, 3),
            (HearingState.READY, 0),
            (HearingState.LOADING, 9),
            (HearingState.FAILED, 0),
        ):
            watching.observe(HearingStatus(state, "faster_whisper"))
            await asyncio.sleep(lasts_s)

    run_virtual(load())
    assert figures.load_s == {("asr", "faster_whisper"): pytest.approx(3)}
