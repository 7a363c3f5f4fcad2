"""A character that calls a tool while somebody listens: what is told, what is spoken meanwhile, and what ends the call."""

import asyncio
from typing import Any

import pytest
from scripted import ScriptedTTS, make_session
from story import Story, ended, tell
from tool_rig import CALLS, STOP, Doer, TalkingLLM, call

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.character import Character
from hayakuchi.core.events import SpeechStarted, ToolUsed, TurnEnded, TurnStatus
from hayakuchi.core.types import TextDelta, UserInput
from hayakuchi.orchestrator.session import Session

SUNNY = [TextDelta("It is sunny."), STOP]


def session_with(doer: Doer, *scripts: Any, **person: Any) -> tuple[Session, ScriptedTTS]:
    voice = ScriptedTTS()

    def mind(settings: Any, llm: Any, character: Any) -> BasicMemoryAgent:
        return BasicMemoryAgent(settings, llm, character, tools=doer)

    made: Any = mind
    return make_session(
        [TalkingLLM(*scripts)],
        [voice],
        character=Character(name="Test", **person),
        agent=BasicMemoryConfig(),
        mind=made,
    ), voice


def said(text: str = "How is the weather?") -> Any:
    async def script(session: Session, story: Story) -> None:
        session.say(UserInput(text))
        await ended(story)

    return script


@pytest.mark.parametrize("words", ["Let me look.", "Let me look"])
def test_the_words_before_a_call_are_spoken_while_the_tool_works(words: str):
    session, voice = session_with(Doer({"weather": 3.0}), [TextDelta(words), call("a", "weather"), CALLS], SUNNY)
    story = tell(session, said())
    told = [(event.status, event.content) for event in story.of(ToolUsed)]
    assert told == [("running", "{}"), ("completed", "weather is done")]
    when = {type(event).__name__ + str(getattr(event, "status", "")): at for at, event in reversed(story.events)}
    assert when["SpeechStarted"] < 500
    assert when["ToolUsedcompleted"] > 2999
    assert [text.rstrip(".") for text in voice.spoken] == ["Let me look", "It is sunny"]
    end = story.of(TurnEnded)[0]
    assert (end.status, end.heard_reply) == (TurnStatus.COMPLETED, f"{words}\nIt is sunny.")
    assert [message.content for message in session.history.messages] == ["How is the weather?", end.heard_reply]


def test_nothing_of_a_call_is_spoken_or_remembered():
    session, voice = session_with(Doer({"weather": "SECRET"}), [call("a", "weather", '{"x": 1}'), CALLS], SUNNY)
    story = tell(session, said())
    assert voice.spoken == ["It is sunny."]
    kinds = [type(event).__name__ for _, event in story.events if isinstance(event, ToolUsed | SpeechStarted)]
    assert kinds == ["ToolUsed", "ToolUsed", "SpeechStarted"]
    assert all("SECRET" not in message.content for message in session.history.messages)
    assert all(not message.tool_calls for message in session.history.messages)


def test_a_filler_bridges_a_tool_that_is_called_without_a_word():
    session, voice = session_with(Doer({"weather": 3.0}), [call("a", "weather"), CALLS], SUNNY, fillers=["Let me see."])
    story = tell(session, said())
    assert voice.spoken == ["Let me see.", "It is sunny."]
    assert min(at for at, event in story.events if isinstance(event, SpeechStarted)) < 500
    assert session.history.messages[-1].content == "It is sunny."


def test_an_interruption_gives_the_call_up():
    doer = Doer({"weather": 60.0})
    session, voice = session_with(doer, [TextDelta("Let me look."), call("a", "weather"), CALLS], SUNNY)

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("How is the weather?"))
        await asyncio.sleep(5)
        assert doer.running == 1
        session.interrupt()
        await ended(story)
        assert doer.running == 0

    story = tell(session, script)
    assert story.of(TurnEnded)[0].status is TurnStatus.INTERRUPTED
    assert [event.status for event in story.of(ToolUsed)] == ["running"]
    assert voice.spoken == ["Let me look."]


def test_a_tool_may_take_longer_than_a_model_may_be_silent():
    session, _ = session_with(Doer({"weather": 100.0}, timeout_s=200), [call("a", "weather"), CALLS], SUNNY)
    assert tell(session, said()).of(TurnEnded)[0].status is TurnStatus.COMPLETED


def test_no_tool_is_called_for_words_that_may_not_have_been_said():
    doer = Doer({"light": "off"})
    wants = [call("a", "light"), CALLS]
    session, _ = session_with(doer, wants, wants, [TextDelta("It is off."), STOP])

    async def script(session: Session, story: Story) -> None:
        session.think_ahead(UserInput("Turn off the light"))
        await asyncio.sleep(3)
        assert doer.called == []
        session.drop_ahead()
        await asyncio.sleep(1)
        assert doer.called == []
        session.think_ahead(UserInput("Turn off the light"))
        await asyncio.sleep(3)
        session.say(UserInput("Turn off the light"))
        await ended(story)

    story = tell(session, script)
    assert len(doer.called) == 1
    assert [(event.turn, event.status) for event in story.of(ToolUsed)] == [(1, "running"), (1, "completed")]
    assert story.of(TurnEnded)[0].heard_reply == "It is off."
