"""Whole turns as golden lists of events, in virtual time: the pipeline's main test."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from scripted import ScriptedLLM, ScriptedTTS, make_session
from story import Story, ended, one_turn, tell
from syrupy.assertion import SnapshotAssertion

from hayakuchi.core.events import AudioSent, LatencyMeasured, ProviderFailed, TurnEnded, TurnStarted, TurnStatus
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.session import Session

STORY = ["[joy]", " Well", ",", " hello", " there", ",", " you", " dear", " thing", ".", " How", " was", " your", " day", "?",
         " Tell", " me", " all", " about", " it", "."]  # fmt: skip
TEXT = "Well, hello there, you dear thing. How was your day? Tell me all about it."


def test_plain_turn(snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS()])
    story = one_turn(session)
    assert story.lines() == snapshot
    end = story.of(TurnEnded)[0]
    assert (end.status, end.reply.strip(), end.heard_reply) == (TurnStatus.COMPLETED, TEXT, TEXT)
    assert [message.content for message in session.history.messages] == ["Hi", TEXT]


def test_interrupted_turn(snapshot: SnapshotAssertion) -> None:
    model, voice = ScriptedLLM(STORY), ScriptedTTS()
    session = make_session([model], [voice])

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("Hi"))
        await asyncio.sleep(1.0)
        session.interrupt()
        await ended(story)

    story = tell(session, script)
    assert story.lines() == snapshot
    end = story.of(TurnEnded)[0]
    assert end.status is TurnStatus.INTERRUPTED
    assert end.heard_reply
    assert TEXT.startswith(end.heard_reply)
    assert len(end.heard_reply) < len(TEXT)
    assert session.history.messages[-1].content == end.heard_reply
    assert model.running == voice.running == 0


def test_second_message_takes_the_floor(snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("Hi"))
        await asyncio.sleep(0.8)
        session.say(UserInput("Wait"))
        await ended(story, 2)

    story = tell(session, script)
    assert story.lines() == snapshot
    assert [event.status for event in story.of(TurnEnded)] == [TurnStatus.INTERRUPTED, TurnStatus.COMPLETED]


@pytest.mark.parametrize("token", range(21))
def test_model_dies_at_token(token: int, snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY, dies_at=token)], [ScriptedTTS()])
    story = one_turn(session)
    assert story.lines() == snapshot
    end = story.of(TurnEnded)[0]
    said = "".join(STORY[1:token]).strip()
    assert (end.status, end.reply.strip(), end.heard_reply) == (TurnStatus.FAILED, said, said)
    assert [message.content for message in session.history.messages] == ["Hi", said][: 2 if said else 1]


def test_model_dies_before_the_first_token_and_the_next_one_answers(snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY, dies_at=0), ScriptedLLM(["Me", " instead", "."])], [ScriptedTTS()])
    story = one_turn(session)
    assert story.lines() == snapshot
    assert story.of(TurnEnded)[0].heard_reply == "Me instead."


def test_voice_dies_mid_segment_and_the_next_one_goes_on(snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS(dies_after=2, dies_on="day"), ScriptedTTS("spare_tts")])
    story = one_turn(session)
    assert story.lines() == snapshot
    assert story.of(TurnEnded)[0].status is TurnStatus.COMPLETED


def test_voice_dies_and_there_is_no_other(snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS(dies_after=0, dies_on="day")])
    story = one_turn(session)
    assert story.lines() == snapshot
    assert [event.fallback for event in story.of(ProviderFailed)] == [None]
    assert story.of(TurnEnded)[0].reply.strip() == TEXT


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param([], id="empty"),
        pytest.param(["😀", "🎉"], id="emoji-only"),
        pytest.param(["<th", "ink>", "Who is", " this?</thi", "nk>", "Oh", ", hello", "."], id="think-tag"),
        pytest.param(["\0Let me see.", "\0 A viewer.", "Oh", ", hello", "."], id="reasoning-content"),
    ],
)
def test_replies_with_little_to_say(tokens: list[str], snapshot: SnapshotAssertion) -> None:
    story = one_turn(make_session([ScriptedLLM(tokens)], [ScriptedTTS()]))
    assert story.lines() == snapshot
    assert "this" not in story.of(TurnEnded)[0].reply


def test_opening_line(snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        session.greet()
        await ended(story)
        session.greet()
        await asyncio.sleep(1)

    story = tell(session, script)
    assert story.lines() == snapshot
    assert len(story.of(TurnStarted)) == 1


def test_whole_reply_is_spoken_only_when_it_is_whole(snapshot: SnapshotAssertion) -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput("Hi", whole_reply=True))
        await ended(story)

    story = tell(session, script)
    assert story.lines() == snapshot
    first_audio = next(at for at, event in story.events if isinstance(event, AudioSent))
    assert first_audio > 100 + 20 * len(STORY)


def test_a_turn_that_was_never_begun_still_leaves_its_message() -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        for number in range(3):
            session.say(UserInput(f"Message {number}"))
        await ended(story, 3)

    story = tell(session, script)
    assert [event.heard.text for event in story.of(TurnStarted)] == ["Message 0", "Message 1", "Message 2"]
    heard = [message.content for message in session.history.messages if message.role == "user"]
    assert heard == ["Message 0", "Message 1", "Message 2"]


@pytest.mark.parametrize("limit_ms", [100, 400, 1000])
def test_never_further_ahead_of_the_listener_than_allowed_and_never_starved(limit_ms: float) -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS(rtf=0.01)])
    session.playback.max_ahead_ms = limit_ms
    ahead: list[float] = []
    session.observe(lambda event: ahead.append(session.playback.ahead_ms()) if isinstance(event, AudioSent) else None)
    story = one_turn(session)
    assert limit_ms / 2 < max(ahead) <= limit_ms
    sent = [at for at, event in story.events if isinstance(event, AudioSent)]
    assert max(later - earlier for earlier, later in itertools.pairwise(sent)) <= max(limit_ms, 250)


def test_the_stages_add_up_when_the_first_segment_has_no_sound() -> None:
    session = make_session([ScriptedLLM(STORY)], [ScriptedTTS(dies_after=0, dies_on="Well")])
    latency = one_turn(session).of(LatencyMeasured)[0]
    assert sum(latency.stages.values()) == pytest.approx(latency.figures["first_audio"])
    assert max(latency.stages, key=lambda name: latency.stages[name]) == "tts"
