"""Words that fill the wait for a slow model: in time, seldom, and no part of what is remembered."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from scripted import EchoAgent, ScriptedLLM, ScriptedTTS, make_session
from story import Story, ended, one_turn, tell

from hayakuchi.core.character import Character
from hayakuchi.core.events import AudioSent, LatencyMeasured, SegmentReady, TurnEnded
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.fillers import Fillers
from hayakuchi.orchestrator.session import Session

REPLY = ["Well", ",", " there", " you", " are", "."]
THINKS_LONG = 1500


def having(fillers: Any, language: str = "en") -> Character:
    return Character.model_validate({"name": "Test", "language": language, "fillers": fillers})


def speaking(first_ms: float, fillers: tuple[str, ...] = ("Hmm.", "Ooh.", "Okay.")) -> Session:
    model = ScriptedLLM(REPLY, first_ms=first_ms)
    return make_session([model], [ScriptedTTS()], character=Character(name="Test", fillers=fillers))


def fillers_of(story: Story) -> list[str]:
    return [event.segment.display for event in story.of(SegmentReady) if event.segment.filler]


def test_a_slow_model_is_bridged_and_the_reply_follows() -> None:
    session = speaking(THINKS_LONG, ("Hmm.",))
    story = one_turn(session)
    first = next(at for at, event in story.events if isinstance(event, AudioSent))
    assert first <= 200 + 40 + 1
    assert fillers_of(story) == ["Hmm. "]
    assert story.of(TurnEnded)[0].heard_reply == "Hmm. Well, there you are."
    stages = story.of(LatencyMeasured)[0].stages
    assert list(stages) == ["queue", "filler", "handover", "tts", "send"]


def test_what_filled_the_wait_is_not_remembered() -> None:
    session = speaking(THINKS_LONG, ("Hmm.",))
    one_turn(session)
    assert [message.content for message in session.history.messages] == ["Hi", "Well, there you are."]


@pytest.mark.parametrize("first_ms", [10, 100, 130])
def test_a_quick_model_needs_none(first_ms: float) -> None:
    assert fillers_of(one_turn(speaking(first_ms))) == []


def test_never_two_turns_running_and_each_in_its_turn() -> None:
    session = speaking(THINKS_LONG)

    async def script(session: Session, story: Story) -> None:
        for number in range(8):
            session.say(UserInput(f"Message {number}"))
            await ended(story, number + 1)

    story = tell(session, script)
    turns = [event.turn for event in story.of(SegmentReady) if event.segment.filler]
    assert turns == [1, 3, 5, 7]
    used = fillers_of(story)
    assert set(used[:3]) == {"Hmm. ", "Ooh. ", "Okay. "}
    assert used[3] == used[0]


def test_the_opening_line_and_whole_replies_have_none() -> None:
    session = speaking(THINKS_LONG)

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("Hi", whole_reply=True))
        await ended(story)

    assert fillers_of(tell(session, script)) == []


def test_a_model_that_says_nothing_at_all_ends_the_turn_after_the_filler() -> None:
    session = make_session(
        [ScriptedLLM([], first_ms=600)], [ScriptedTTS()], character=Character(name="Test", fillers=("Hmm.",))
    )
    story = one_turn(session)
    assert story.of(TurnEnded)[0].heard_reply == "Hmm."
    assert [message.content for message in session.history.messages] == ["Hi"]


def test_no_fillers_no_words() -> None:
    assert Fillers(having(["", "  "])).take("Hi") is None
    assert Fillers(having([])).take("Hi") is None
    assert Fillers(having({"en": [" "]})).take("Hi") is None


def test_a_space_follows_where_the_script_wants_one() -> None:
    assert Fillers(having(["えっと、"])).take("Hi") == "えっと、"
    assert Fillers(having(["Hmm."]), Random(1)).take("Hi") == "Hmm. "
    assert Fillers(having(["음"])).take("Hi") == "음 "


def test_only_one_a_turn() -> None:
    fillers = Fillers(having(["Hmm.", "Ooh."]))
    assert fillers.take("Hi") is not None
    assert fillers.take("Hi") is None


FOUR = {"en": ["Hmm."], "zh": ["嗯。"], "ja": ["えっと、"], "ko": ["음."]}


@pytest.mark.parametrize(
    ("own", "fillers", "heard", "words"),
    [
        ("en", FOUR, "What now?", "Hmm. "),
        ("en", FOUR, "你好吗？", "嗯。"),
        ("en", FOUR, "今日は寒いね。", "えっと、"),
        ("en", FOUR, "안녕하세요!", "음. "),
        ("en", FOUR, "1 + 1 = ?", "Hmm. "),
        ("en", FOUR, "Как дела?", None),
        ("en", FOUR, "Wie geht's?", "Hmm. "),
        ("en", ["Hmm."], "What now?", "Hmm. "),
        ("en", ["Hmm."], "你好吗？", None),
        ("en", ["Hmm."], "今日は寒いね。", None),
        ("en", ["Hmm."], "안녕하세요!", None),
        ("en", ["Hmm."], "😀", "Hmm. "),
        ("de-AT", ["Hm."], "Wie geht's?", "Hm. "),
        ("de", FOUR, "Wie geht's?", None),
        ("zh-TW", ["嗯。"], "你好嗎？", "嗯。"),
        ("zh-TW", ["嗯。"], "How are you?", None),
        ("zh", FOUR, "How are you?", "Hmm. "),
        ("zh", FOUR, "？？", "嗯。"),
        ("yue", {"zh": ["嗯。"], "yue": ["係。"]}, "你好嗎？", "係。"),
        ("ru", ["Ну."], "Как дела?", "Ну. "),
        ("ru", ["Ну."], "How are you?", None),
        ("ar", ["حسنا."], "كيف حالك؟", "حسنا. "),
    ],
)
def test_they_are_in_the_language_of_what_was_heard(own: str, fillers: Any, heard: str, words: str | None) -> None:
    assert Fillers(having(fillers, own)).take(heard) == words


def test_those_of_each_language_take_turns_and_no_two_turns_running_have_one_in_any() -> None:
    fillers = Fillers(having({"en": ["Hmm.", "Ooh."], "zh": ["嗯。", "哦。"]}))
    said = []
    for heard in ["Hi", "你好", "Hi", "Hi", "你好", "你好", "Hi", "Hi", "你好"]:
        said.append(fillers.take(heard))
        fillers.next_turn()
    assert [words is not None for words in said] == [True, False] * 4 + [True]
    assert {said[0], said[2]} == {"Hmm. ", "Ooh. "}
    assert {said[4], said[8]} == {"嗯。", "哦。"}
    assert said[6] == said[0]


@pytest.mark.parametrize(("heard", "words"), [("Hi", ["Hmm. "]), ("你好", ["嗯。"]), ("안녕", [])])
def test_a_turn_takes_them_for_what_it_answers(heard: str, words: list[str]) -> None:
    character = having({"en": ["Hmm."], "zh": ["嗯。"]})
    session = make_session([ScriptedLLM(REPLY, first_ms=THINKS_LONG)], [ScriptedTTS()], character=character)

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput(heard))
        await ended(story)

    assert fillers_of(tell(session, script)) == words


@pytest.mark.parametrize(
    ("tokens", "display"),
    [
        (["<think>", "The user", " says hi.", " I greet.", "</think>", "Hello", " there", "!"], "Hmm. Hello there!"),
        (["[", "joy", "]", " Hello", " there", "!"], "Hmm. Hello there!"),
        (["\n", "\n", "Hello", " there", "!"], "Hmm. \nHello there!"),
    ],
)
def test_what_the_model_has_half_told_stays_what_it_is(tokens: list[str], display: str) -> None:
    voice = ScriptedTTS()
    model = ScriptedLLM(tokens, first_ms=50, token_ms=200)
    session = make_session([model], [voice], character=Character(name="Test", fillers=("Hmm.",)))
    story = one_turn(session)
    assert story.of(TurnEnded)[0].reply.strip() == display.strip()
    assert voice.spoken == ["Hmm.", "Hello there!"]
    assert [message.content.strip() for message in session.history.messages] == ["Hi", "Hello there!"]
    expressions = [event.segment.expressions for event in story.of(SegmentReady)]
    assert expressions == ([(), ("joy",)] if tokens[0] == "[" else [(), ()])
    latency = story.of(LatencyMeasured)[0]
    assert "filler" in latency.stages
    assert sum(latency.stages.values()) == pytest.approx(latency.figures["first_audio"])


def test_with_a_quick_reply_there_is_no_filler() -> None:
    class QuickMind(EchoAgent):
        def asks_quick(self, heard: UserInput) -> bool:
            return not heard.disable_quick_response

    model = ScriptedLLM(REPLY, first_ms=THINKS_LONG)
    session = make_session(
        [model], [ScriptedTTS()], character=Character(name="Test", fillers=("Hmm.",)), mind=QuickMind
    )

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("Hi"))
        await ended(story)
        session.say(UserInput("Hi", disable_quick_response=True))
        await ended(story, 2)

    story = tell(session, script)
    assert [event.turn for event in story.of(SegmentReady) if event.segment.filler] == [2]
