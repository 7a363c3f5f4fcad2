"""Turns that run ahead of their confirmation: given the floor they speak at once, dropped they have never been."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS, make_session
from story import Story, ended, tell

from hayakuchi.core.character import Character
from hayakuchi.core.events import AudioSent, LatencyMeasured, TurnEnded, TurnStarted, TurnStatus
from hayakuchi.core.types import Audio, SpeechRequest, UserInput
from hayakuchi.orchestrator.session import Session
from hayakuchi.orchestrator.turn import AHEAD_S

REPLY = ["Well", ",", " there", " you", " are", ".", " Nice", " to", " see", " you", "."]
TEXT = "".join(REPLY)
HI = UserInput("Hi there")


def first_audio(story: Story, turn: int) -> float:
    return next(at for at, event in story.events if isinstance(event, AudioSent) and event.turn == turn)


def of_turn(story: Story, kind: type[Any]) -> list[int]:
    return [event.turn for event in story.of(kind)]


def test_a_confirmed_turn_speaks_at_once() -> None:
    model = ScriptedLLM(REPLY)
    session = make_session([model], [ScriptedTTS()])
    confirmed: list[float] = []

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(0.8)
        assert story.events == []
        assert session.turn is None
        assert not session.history
        confirmed.append(asyncio.get_running_loop().time() * 1000)
        session.say(HI)
        await ended(story)

    story = tell(session, script)
    assert first_audio(story, 1) - confirmed[0] < 1
    assert len(model.asked) == 1
    assert [event.heard for event in story.of(TurnStarted)] == [HI]
    assert isinstance(story.events[0][1], TurnStarted)
    assert story.of(TurnEnded)[0].heard_reply == TEXT
    figures = story.of(LatencyMeasured)[0]
    assert figures.figures["first_audio"] < 1
    assert sum(figures.stages.values()) == pytest.approx(figures.figures["first_audio"])
    assert [message.content for message in session.history.messages] == ["Hi there", TEXT]


def test_without_thinking_ahead_the_same_turn_is_later() -> None:
    session = make_session([ScriptedLLM(REPLY)], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        await asyncio.sleep(0.8)
        session.say(HI)
        await ended(story)

    assert first_audio(tell(session, script), 1) > 800 + 100


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.11, 0.2, 0.5])
@pytest.mark.parametrize("drop", ["drop", "interrupt", "close"])
def test_a_dropped_turn_has_never_been(after_s: float, drop: str) -> None:
    model, voice = ScriptedLLM(REPLY), ScriptedTTS()
    session = make_session([model], [voice])

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(after_s)
        {"drop": session.drop_ahead, "interrupt": session.interrupt, "close": session.close}[drop]()
        await asyncio.sleep(0.001)
        assert model.running == voice.running == 0
        await asyncio.sleep(1)

    story = tell(session, script)
    assert story.events == []
    assert not session.history


def test_other_words_than_thought_of_are_answered_anew() -> None:
    model, voice = ScriptedLLM(REPLY), ScriptedTTS()
    session = make_session([model], [voice])

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(0.3)
        session.think_ahead(UserInput("Hi there, how"))
        await asyncio.sleep(0.05)
        session.say(UserInput("Hi there, how are you?"))
        await ended(story)

    story = tell(session, script)
    assert [messages[-1].content for messages in model.asked] == ["Hi there", "Hi there, how", "Hi there, how are you?"]
    assert of_turn(story, TurnStarted) == [1]
    assert session.history.messages[0].content == "Hi there, how are you?"
    assert model.running == voice.running == 0


def test_the_same_words_again_change_nothing() -> None:
    model = ScriptedLLM(REPLY)
    session = make_session([model], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        for _ in range(5):
            session.think_ahead(HI)
            await asyncio.sleep(0.05)
        session.say(HI)
        await ended(story)

    tell(session, script)
    assert len(model.asked) == 1


def test_what_is_being_spoken_goes_on_until_the_words_are_confirmed() -> None:
    model = ScriptedLLM(REPLY)
    session = make_session([model], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("First"))
        await asyncio.sleep(1.2)
        session.think_ahead(HI)
        await asyncio.sleep(0.4)
        assert story.of(TurnEnded) == []
        session.say(HI)
        await ended(story, 2)

    story = tell(session, script)
    first, second = story.of(TurnEnded)
    assert (first.status, second.status) == (TurnStatus.INTERRUPTED, TurnStatus.COMPLETED)
    told = [message.content for message in model.asked[1]]
    assert told[0] == "First"
    assert TEXT.startswith(told[1])
    assert told[-1] == "Hi there"
    contents = [message.content for message in session.history.messages]
    assert contents == ["First", first.heard_reply, "Hi there", TEXT]
    audio = [(at, event.turn) for at, event in story.events if isinstance(event, AudioSent)]
    assert [turn for _, turn in audio] == sorted(turn for _, turn in audio)


def test_a_model_that_failed_ahead_is_asked_again() -> None:
    model = ScriptedLLM(REPLY, dies_at=0)
    session = make_session([model], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(0.5)
        model.dies_at = None
        session.say(HI)
        await ended(story)

    story = tell(session, script)
    assert len(model.asked) == 2
    assert story.of(TurnEnded)[0].status is TurnStatus.COMPLETED


def test_a_turn_that_nobody_confirms_is_dropped_by_itself() -> None:
    model, voice = ScriptedLLM(REPLY * 100), ScriptedTTS()
    session = make_session([model], [voice])

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(AHEAD_S + 1)
        assert model.running == voice.running == 0
        session.say(HI)
        await asyncio.sleep(1)
        session.interrupt()
        await ended(story)

    story = tell(session, script)
    assert len(model.asked) == 2
    assert of_turn(story, TurnStarted) == [1]


def test_a_confirmed_turn_may_speak_for_long() -> None:
    session = make_session([ScriptedLLM(REPLY * 40)], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(0.3)
        session.say(HI)
        await ended(story)

    story = tell(session, script)
    assert story.events[-1][0] > AHEAD_S * 1000
    assert story.of(TurnEnded)[0].status is TurnStatus.COMPLETED


def test_nothing_fills_the_wait_before_the_words_are_confirmed() -> None:
    voice = ScriptedTTS()
    character = Character(name="Test", fillers=("Hmm.",))
    session = make_session([ScriptedLLM(REPLY, first_ms=2000)], [voice], character=character)

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(1)
        assert voice.spoken == []
        session.say(HI)
        await asyncio.sleep(0.5)
        assert voice.spoken == ["Hmm."]
        await ended(story)

    story = tell(session, script)
    assert first_audio(story, 1) == pytest.approx(1000 + 200 - 100 + 40 + 50, abs=1)


class SlowGoodbye(ScriptedTTS):
    """Takes a second to let go."""

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        try:
            async for audio in super().synthesize(request):
                yield audio
        finally:
            await asyncio.sleep(1)


def test_a_turn_that_is_being_dropped_is_not_begun_any_more() -> None:
    model = ScriptedLLM(REPLY * 40)
    session = make_session([model], [SlowGoodbye()])

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(AHEAD_S + 0.5)
        session.say(HI)
        await asyncio.sleep(5)
        session.interrupt()
        await ended(story)

    story = tell(session, script)
    assert len(model.asked) == 2
    assert of_turn(story, TurnStarted) == of_turn(story, TurnEnded) == [1]


def test_a_turn_whose_time_runs_out_while_another_one_ends_is_not_begun() -> None:
    model = ScriptedLLM(REPLY * 100, token_ms=100)
    session = make_session([model], [SlowGoodbye()])

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("First"))
        await asyncio.sleep(5)
        session.think_ahead(HI)
        await asyncio.sleep(AHEAD_S - 0.5)
        session.say(HI)
        await asyncio.sleep(20)
        session.interrupt()
        await ended(story, 2)

    story = tell(session, script)
    assert of_turn(story, TurnStarted) == of_turn(story, TurnEnded) == [1, 2]
    assert session.turn is None


def test_turns_that_ran_ahead_know_it() -> None:
    session = make_session([ScriptedLLM(REPLY)], [ScriptedTTS()])
    ahead: list[bool] = []
    session._completed = lambda turn: ahead.append(turn.trace.ran_ahead)

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(HI)
        await asyncio.sleep(0.5)
        session.say(HI)
        await ended(story)
        session.say(HI)
        await ended(story, 2)

    tell(session, script)
    assert ahead == [True, False]
