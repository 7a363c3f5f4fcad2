"""The voice is held while somebody speaks: nothing of it is lost, nothing twice, and nobody is kept waiting for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from scripted import RATE, ScriptedLLM, ScriptedTTS, make_session
from story import Story, ended, tell

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.events import (
    AudioSent,
    LatencyMeasured,
    SessionEvent,
    SpeechPaused,
    SpeechResumed,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from hayakuchi.core.types import SpeechTimes, UserInput
from hayakuchi.orchestrator.on_air import HELD_MS, LATELY_MS
from hayakuchi.orchestrator.playback import WAIT_FOR_LISTENER_MS, PlayClock
from hayakuchi.orchestrator.session import Session

REPLY = ["Well", ",", " there", " you", " are", ".", " Nice", " to", " see", " you", "."]
TEXT = "".join(REPLY)
HI = UserInput("Hi there")


class Page:
    """Plays in real time and reports every 50 ms; holds the sound when it is told to."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._end_ms = self.played_ms = 0.0
        self._turn = 0
        self._held = False
        self.silent_since: list[float] = []
        session.observe(self._observe)

    def _observe(self, event: SessionEvent) -> None:
        if isinstance(event, TurnStarted):
            self._turn, self._end_ms, self.played_ms, self._held = event.turn, 0.0, 0.0, False
        elif isinstance(event, AudioSent):
            assert not self._held, "sound was sent while it was held"
            self._end_ms = event.position * 1000 / RATE + event.audio.duration_ms
        elif isinstance(event, SpeechPaused):
            self._held = True
            self.silent_since.append(loop_ms())
        elif isinstance(event, SpeechResumed):
            self._held = False

    async def run(self) -> None:
        self._session.playback.listener_joined()
        while True:
            await asyncio.sleep(0.05)
            if not self._held:
                self.played_ms = min(self._end_ms, self.played_ms + 50)
                self._session.playback.reported(self._turn, self.played_ms)


def new_session() -> tuple[Session, ScriptedLLM]:
    model = ScriptedLLM(REPLY)
    return make_session([model], [ScriptedTTS()]), model


def run_with(listener: str, session: Session, script: Callable[[Session, Story], Awaitable[None]]) -> Story:
    """The script, with a page that plays or with nobody who listens."""

    async def main(session: Session, story: Story) -> None:
        async with asyncio.TaskGroup() as group:
            page = group.create_task(Page(session).run()) if listener == "page" else None
            await script(session, story)
            if page:
                page.cancel()

    return tell(session, main, listener=False)


def length_ms(story: Story) -> float:
    return sum(event.audio.duration_ms for event in story.of(AudioSent))


def assert_contiguous(story: Story) -> None:
    position = 0
    for event in story.of(AudioSent):
        assert event.position == position
        position += len(event.audio.pcm) // 2


@pytest.mark.parametrize("listener", ["page", "nobody"])
@pytest.mark.parametrize("held_s", [0.3, 4.0, 8.0])
def test_what_was_held_goes_on_where_it_stopped(listener: str, held_s: float) -> None:
    def told(pause: bool) -> Story:
        session, _ = new_session()

        async def script(session: Session, story: Story) -> None:
            session.say(HI)
            await asyncio.sleep(1)
            if pause:
                session.pause()
                played_ms = session.playback.played_ms()
                await asyncio.sleep(held_s)
                assert session.playback.played_ms() == pytest.approx(played_ms)
                assert session.on_air.paused
                assert session.on_air.speaking
                session.resume()
            await ended(story)

        story = run_with(listener, session, script)
        assert [message.content for message in session.history.messages] == ["Hi there", TEXT]
        return story

    held, plain = told(True), told(False)
    assert_contiguous(held)
    assert length_ms(held) == length_ms(plain)
    assert held.of(TurnEnded) == plain.of(TurnEnded)
    assert held.events[-1][0] - plain.events[-1][0] == pytest.approx(held_s * 1000, abs=60)
    assert len(held.of(SpeechPaused)) == len(held.of(SpeechResumed)) == 1


def test_the_story_of_a_held_voice() -> None:
    session, _ = new_session()

    async def script(session: Session, story: Story) -> None:
        session.say(HI)
        await asyncio.sleep(1)
        session.pause()
        await asyncio.sleep(1)
        session.resume()
        await ended(story)

    lines = run_with("nobody", session, script).lines()
    assert [line for line in lines if "latency" not in line and "ready" not in line] == [
        "      0 1 turn started: 'Hi there'",
        "    170 1 speech 0 started at 0",
        "    170 1 audio of 0 from sample 0",
        "    200 1 speech 0 ended at 300",
        "    280 1 speech 1 started at 300",
        "    280 1 audio of 1 from sample 2400",
        "    880 1 speech 1 ended at 1100",
        "    980 1 speech 2 started at 1100",
        "    980 1 audio of 2 from sample 8800",
        "   1000 1 speech paused at 830",
        "   2000 1 speech resumed",
        "   2780 1 speech 2 ended at 2000",
        "   3170 1 turn completed: reply 'Well, there you are. Nice to see you.' "
        "heard 'Well, there you are. Nice to see you.'",
    ]


@pytest.mark.parametrize("listener", ["page", "nobody"])
@pytest.mark.parametrize("end", ["interrupt", "say", "close"])
def test_what_is_stopped_while_it_is_held_is_remembered_as_far_as_it_was_heard(listener: str, end: str) -> None:
    session, model = new_session()

    async def script(session: Session, story: Story) -> None:
        session.say(HI)
        await asyncio.sleep(1)
        session.pause()
        await asyncio.sleep(2)
        {"interrupt": session.interrupt, "say": lambda: session.say(UserInput("No")), "close": session.close}[end]()
        await ended(story)
        assert story.of(SpeechResumed) == []
        if end == "say":
            await ended(story, 2)
            assert not session.on_air.paused

    story = run_with(listener, session, script)
    first = story.of(TurnEnded)[0]
    assert first.status is TurnStatus.INTERRUPTED
    assert TEXT.startswith(first.heard_reply)
    assert 0 < len(first.heard_reply) < len("Well, there you are.")
    assert session.history.messages[1].content == first.heard_reply
    if end == "say":
        assert story.of(TurnEnded)[1].status is TurnStatus.COMPLETED
        assert model.asked[1][1].content == first.heard_reply


def test_it_goes_on_by_itself_when_nobody_lets_go_of_it() -> None:
    session, _ = new_session()

    async def script(session: Session, story: Story) -> None:
        session.say(HI)
        await asyncio.sleep(1)
        session.pause()
        await ended(story)

    story = run_with("page", session, script)
    resumed = next(at for at, event in story.events if isinstance(event, SpeechResumed))
    assert resumed == pytest.approx(1000 + HELD_MS)
    assert story.of(TurnEnded)[0].status is TurnStatus.COMPLETED


def test_there_must_be_something_to_hold() -> None:
    session, _ = new_session()

    async def script(session: Session, story: Story) -> None:
        session.pause()
        session.resume()
        assert not session.on_air.paused
        assert story.events == []
        session.say(HI)
        await asyncio.sleep(0.5)
        session.resume()
        for _ in range(3):
            session.pause()
        for _ in range(3):
            session.resume()
        await ended(story)
        session.pause()
        assert not session.on_air.paused

    story = run_with("page", session, script)
    assert len(story.of(SpeechPaused)) == len(story.of(SpeechResumed)) == 1


def test_a_turn_that_is_held_before_its_first_sound_waits() -> None:
    session, _ = new_session()

    async def script(session: Session, story: Story) -> None:
        session.say(HI)
        await asyncio.sleep(0.05)
        session.pause()
        await asyncio.sleep(3)
        assert story.of(AudioSent) == []
        session.resume()
        await ended(story)

    story = run_with("page", session, script)
    assert story.of(TurnEnded)[0].heard_reply == TEXT


def test_a_page_that_reloads_while_the_voice_is_held_misses_nothing() -> None:
    session, _ = new_session()

    async def script(session: Session, story: Story) -> None:
        session.playback.listener_joined()
        session.say(HI)
        await asyncio.sleep(1)
        session.playback.reported(1, 200)
        session.pause()
        session.playback.listener_left()
        await asyncio.sleep(WAIT_FOR_LISTENER_MS / 1000 + 2)
        assert session.playback.clock is PlayClock.WAITING
        session.playback.listener_joined()
        assert session.playback.played_ms() == 200
        session.resume()
        await asyncio.sleep(0.01)
        session.playback.reported(1, 1e9)
        await asyncio.sleep(1)
        session.interrupt()
        await ended(story)

    assert_contiguous(run_with("nobody", session, script))


def test_nobody_is_given_up_for_a_silence_that_was_asked_for() -> None:
    session, _ = new_session()
    given_up: list[float] = []
    session.playback.on_stalled = lambda: given_up.append(loop_ms())

    async def script(session: Session, story: Story) -> None:
        session.say(HI)
        await asyncio.sleep(1)
        session.pause()
        await asyncio.sleep(9)
        session.resume()
        await ended(story)

    run_with("page", session, script)
    assert given_up == []


def test_what_was_said_lately_and_since_when_it_is_quiet() -> None:
    session, _ = new_session()

    async def script(session: Session, story: Story) -> None:
        on_air = session.on_air
        assert (on_air.speaking, on_air.quiet_since, on_air.said_lately()) == (False, None, "")
        session.say(HI)
        await asyncio.sleep(0.1)
        assert not on_air.speaking
        await asyncio.sleep(0.9)
        assert on_air.speaking
        assert on_air.quiet_since is None
        assert "Well" in on_air.said_lately()
        assert len(on_air.said_lately()) < len(TEXT)
        await ended(story)
        assert (on_air.speaking, on_air.quiet_since, on_air.said_lately()) == (False, loop_ms(), TEXT)
        quiet_since = on_air.quiet_since or 0.0
        await asyncio.sleep(LATELY_MS / 1000 - 1)
        assert on_air.said_lately() == TEXT
        session.say(UserInput("And?"))
        await asyncio.sleep(0.9)
        assert on_air.said_lately().startswith(TEXT + " Well")
        session.interrupt()
        await ended(story, 2)
        assert on_air.quiet_since == loop_ms()
        assert loop_ms() > quiet_since
        await asyncio.sleep(LATELY_MS / 1000 + 1)
        assert on_air.said_lately() == ""

    run_with("page", session, script)


def test_a_long_reply_is_no_echo_of_its_beginning() -> None:
    session = make_session([ScriptedLLM(["Once upon a time there was a cat."] + REPLY * 20)], [ScriptedTTS()])

    async def script(session: Session, story: Story) -> None:
        session.say(HI)
        await asyncio.sleep(30)
        assert "Once" not in session.on_air.said_lately()
        assert "there you are" in session.on_air.said_lately()
        session.interrupt()
        await ended(story)

    run_with("page", session, script)


@pytest.mark.parametrize("ahead", [True, False])
def test_a_spoken_message_is_measured_from_the_last_sound_of_the_speaker(ahead: bool) -> None:
    session, model = new_session()

    async def script(session: Session, story: Story) -> None:
        await asyncio.sleep(1)
        if ahead:
            session.think_ahead(HI)
        await asyncio.sleep(0.5)
        now = loop_ms()
        session.say(UserInput(HI.text, speech=SpeechTimes(now - 900, now - 100, now)))
        await ended(story)
        assert session.history.messages[0].content == HI.text

    story = run_with("page", session, script)
    assert len(model.asked) == 1
    assert story.of(TurnStarted)[0].heard.speech is not None
    for measured in story.of(LatencyMeasured):
        assert measured.hearing == {"end_of_turn": 800, "asr": 100}
        whole = sum(measured.hearing.values()) + sum(measured.stages.values())
        assert measured.figures["voice_to_voice"] == pytest.approx(whole)
        assert measured.figures["voice_to_voice"] == pytest.approx(900 + measured.figures["first_audio"])
        assert measured.figures["first_audio"] == pytest.approx(0 if ahead else 170, abs=1)
