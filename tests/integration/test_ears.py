"""One microphone of a session: what is fed, what is passed on, and what happens when something breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from microphone import LoudIsSpeech, noise
from scripted import ScriptedLLM, ScriptedTTS, make_session
from scripted_asr import ScriptedASR
from serving import settings_for
from story import Story, ended
from virtual import run_virtual

from hayakuchi.asr.hearing import EndReason, Final, HearingEvent, Nothing, Onset, Settled
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.events import (
    ProviderFailed,
    SpeechPaused,
    SpeechResumed,
    TurnEnded,
    TurnStarted,
    TurnStatus,
    VoiceHeard,
    WordsHeard,
)
from hayakuchi.core.types import SpeechTimes, UserInput
from hayakuchi.orchestrator.ears import DRAIN_S, EARLY_BYTES, WORDS, Ears, Failure, Listening
from hayakuchi.orchestrator.floor import Action, Drop, Interrupt, Pause, Resume, Say, Show, Think, VoiceNow
from hayakuchi.orchestrator.hearing import Hearing, HearingState
from hayakuchi.orchestrator.recognisers import new_recogniser
from hayakuchi.orchestrator.session import INBOX, Session
from hayakuchi.orchestrator.turn_taking import TurnTaking

REPLY = ["Well", ",", " there", " you", " are", ".", " Nice", " to", " see", " you", "."]
FRAME = b"\1\1" * 320


def final(text: str) -> Final:
    now = loop_ms()
    return Final(text, "en", (), SpeechTimes(now - 900, now - 100, now), EndReason.SILENCE)


class ScriptedRecogniser:
    """Tells what the test tells it to; ``at_close`` is understood ``takes_s`` after the microphone is off."""

    def __init__(self, at_close: Callable[[], Sequence[HearingEvent]] = tuple, takes_s: float = 0.5) -> None:
        self.at_close, self.takes_s = at_close, takes_s
        self.calls: list[str] = []
        self.heard = bytearray()
        self.tell: Callable[[HearingEvent], None] = lambda event: None
        self.failed: Callable[[Failure], None] = lambda failure: None
        self._closed = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        self.calls.append("feed")
        self.heard += pcm

    def finish(self) -> None:
        self.calls.append("finish")

    def forget(self) -> None:
        self.calls.append("forget")

    def close(self) -> None:
        self._closed.set()

    async def run(self) -> None:
        await self._closed.wait()
        await asyncio.sleep(self.takes_s)
        for event in self.at_close():
            self.tell(event)


class ScriptedTurns(TurnTaking):
    """Decides nothing: ``answers`` are the actions by kind of event."""

    def __init__(self, answers: dict[type[Any], Sequence[Action]] | None = None) -> None:
        self.answers = answers or {}
        self.voices: list[VoiceNow] = []
        self.open = True
        self.talked: list[bool] = []
        self.polled: list[float] = []
        self.due: float | None = None
        self.on_poll: Sequence[Action] = ()
        self.on_leave: Sequence[Action] = ()

    def take(self, event: HearingEvent, voice: VoiceNow, now: float) -> list[Action]:
        self.voices.append(voice)
        if isinstance(event, Settled):
            return [Think(event.text)]
        if isinstance(event, Final):
            return [Show(WordsHeard(event.text, final=True)), Say(event.text, event.times)]
        return list(self.answers.get(type(event), ()))

    def talk(self, down: bool, voice: VoiceNow, now: float) -> list[Action]:
        self.talked.append(down)
        self.open = down
        return []

    def poll(self, voice: VoiceNow, now: float) -> list[Action]:
        self.polled.append(now)
        self.due = None
        actions, self.on_poll = list(self.on_poll), ()
        return actions

    def leave(self, voice: VoiceNow, now: float) -> list[Action]:
        return list(self.on_leave)

    def next_poll(self) -> float | None:
        return self.due

    def listens(self, voice: VoiceNow, now: float) -> bool:
        return self.open


class Scene:
    """A session with ears, in virtual time."""

    def __init__(
        self, session: Session, turns: ScriptedTurns, recogniser: ScriptedRecogniser, hearing: Hearing
    ) -> None:
        self.session, self.turns, self.recogniser, self.hearing = session, turns, recogniser, hearing
        self.story = Story()
        self.loading_s = 0.0
        self.prepared: list[float] = []
        session.observe(self.story.observe)
        self.ears = Ears(session, hearing, turns, self._made, prepare=lambda: self.prepared.append(loop_ms()))
        self.position = 0

    async def _made(
        self, tell: Callable[[HearingEvent], None], failed: Callable[[Failure], None]
    ) -> ScriptedRecogniser:
        await asyncio.sleep(self.loading_s)
        self.recogniser.tell, self.recogniser.failed = tell, failed
        return self.recogniser

    def hear(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.ears.feed(FRAME, self.position)
            self.position += 320

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Task[None]]:
        await self.hearing.open()
        async with asyncio.TaskGroup() as group:
            talking = group.create_task(self.session.run())
            task = group.create_task(self.ears.run())
            await asyncio.sleep(0.2)
            yield task
            self.ears.stop()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() is None
            self.session.close()
            await talking
        await self.hearing.aclose()


def play(
    script: Callable[[Scene, asyncio.Task[None]], Awaitable[None]],
    *,
    turns: ScriptedTurns | None = None,
    recogniser: Callable[[], ScriptedRecogniser] = ScriptedRecogniser,
    asr: Any = None,
    loading_s: float = 0.0,
    voice: Any = None,
    ears: EarsSettings | None = None,
) -> Scene:
    made: list[Scene] = []

    async def main() -> None:
        asr_ = asr or ScriptedASR(lambda clip: "", opening_ms=0)
        settings = settings_for(lambda: ScriptedLLM(REPLY), ScriptedTTS, asr=lambda: asr_, ears=ears or EarsSettings())
        session = make_session([ScriptedLLM(REPLY)], [voice or ScriptedTTS()])
        scene = Scene(session, turns or ScriptedTurns(), recogniser(), Hearing(settings))
        scene.loading_s = loading_s
        made.append(scene)
        async with scene.listening() as task:
            await script(scene, task)

    run_virtual(main())
    return made[0]


def test_what_is_said_is_thought_of_ahead_and_answered_with_its_times() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.recogniser.tell(Onset(loop_ms()))
        assert scene.prepared == [loop_ms()]
        scene.recogniser.tell(Settled("Hi there", "en"))
        await asyncio.sleep(0.6)
        scene.recogniser.tell(final("Hi there"))
        await ended(scene.story)

    scene = play(script)
    (started,) = scene.story.of(TurnStarted)
    assert started.heard.text == "Hi there"
    assert started.heard.speech.confirmed - started.heard.speech.ended == 800
    assert scene.story.of(WordsHeard) == [WordsHeard("Hi there", final=True)]
    assert scene.story.of(TurnEnded)[0].status is TurnStatus.COMPLETED


def test_the_voice_is_held_and_let_go_at_once() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.recogniser.tell(final("Hi"))
        await asyncio.sleep(1)
        scene.recogniser.tell(Onset(loop_ms()))
        assert scene.session.on_air.paused
        await asyncio.sleep(0.5)
        scene.recogniser.tell(Nothing(loop_ms()))
        assert not scene.session.on_air.paused
        await ended(scene.story)

    answers: dict[type[Any], Sequence[Action]] = {
        Onset: [Show(VoiceHeard(True)), Pause()],
        Nothing: [Show(VoiceHeard(False)), Resume()],
    }
    scene = play(script, turns=ScriptedTurns(answers))
    paused, resumed = (
        [at for at, event in scene.story.events if isinstance(event, kind)] for kind in (SpeechPaused, SpeechResumed)
    )
    assert resumed[0] - paused[0] == pytest.approx(500)
    assert [voice.speaking for voice in scene.turns.voices] == [False, True, True]
    assert [voice.paused for voice in scene.turns.voices] == [False, False, True]
    assert scene.turns.voices[1].said.startswith("Well")


@pytest.mark.parametrize("goes", ["its own hold", "its ears"])
def test_a_microphone_that_is_off_lets_go_of_its_own_hold_only(goes: str) -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        other = ScriptedRecogniser()

        async def made(tell: Callable[[HearingEvent], None], failed: Callable[[Failure], None]) -> ScriptedRecogniser:
            other.tell = tell
            return other

        turns = ScriptedTurns({Onset: [Pause()], Nothing: [Resume()]})
        newer = Ears(scene.session, scene.hearing, turns, made)
        async with asyncio.TaskGroup() as group:
            group.create_task(newer.run())
            scene.recogniser.tell(final("Hi"))
            await asyncio.sleep(1)
            scene.recogniser.tell(Onset(loop_ms()))
            scene.ears.stop()
            other.tell(Onset(loop_ms()))
            if goes == "its own hold":
                scene.recogniser.tell(Nothing(loop_ms()))
            else:
                await task
            assert scene.session.on_air.paused, "the other microphone still holds it"
            other.tell(Nothing(loop_ms()))
            assert scene.session.on_air.paused is False
            newer.stop()
        await ended(scene.story)

    scene = play(script, turns=ScriptedTurns({Onset: [Pause()], Nothing: [Resume()]}))
    assert len(scene.story.of(SpeechPaused)) == len(scene.story.of(SpeechResumed)) == 1


def test_a_hold_that_is_over_is_nobodys() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.session.say(UserInput("Hi"))
        await asyncio.sleep(0.5)
        scene.recogniser.tell(Onset(loop_ms()))
        scene.session.say(UserInput("Hi again"))
        await asyncio.sleep(0.5)
        assert not scene.session.on_air.paused
        scene.session.pause()
        scene.recogniser.tell(Nothing(loop_ms()))
        assert scene.session.on_air.paused, "what was held of the last turn is not held any longer"
        scene.session.resume()
        assert not scene.session.on_air.paused
        await ended(scene.story, 2)

    play(script, turns=ScriptedTurns({Onset: [Pause()], Nothing: [Resume()]}))


def test_words_that_are_lost_because_a_model_is_too_slow_are_told_to_the_page() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        async def made(tell: Callable[[HearingEvent], None], failed: Callable[[Failure], None]) -> Listening:
            return new_recogniser(scene.hearing, LoudIsSpeech, tell, failed)

        ears = Ears(scene.session, scene.hearing, ScriptedTurns(), made)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(ears.run())
            await asyncio.sleep(1)
            for second in range(120):
                ears.feed(noise(1000), second * 16_000)
                await asyncio.sleep(1)
            listening.cancel()

    settings = EarsSettings(decode_window_seconds=2, stable_nochange_ms=60_000)

    (told,) = play(script, asr=ScriptedASR(lambda clip: "words", takes_ms=4900), ears=settings).story.of(ProviderFailed)
    assert (told.kind, told.provider, told.fallback) == ("asr", "ears", None)
    assert "smaller model, see docs/ears.md" in told.message


def test_interrupting_is_passed_on() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.recogniser.tell(final("Hi"))
        await asyncio.sleep(1)
        scene.recogniser.tell(Onset(loop_ms()))
        await ended(scene.story)

    scene = play(script, turns=ScriptedTurns({Onset: [Interrupt(), Drop()]}))
    assert scene.story.of(TurnEnded)[0].status is TurnStatus.INTERRUPTED


def test_gaps_are_silence_and_a_closed_gate_forgets() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.hear(2)
        scene.position += 320
        scene.hear()
        assert bytes(scene.recogniser.heard) == FRAME * 2 + bytes(640) + FRAME
        scene.turns.open = False
        scene.hear(5)
        scene.turns.open = True
        scene.hear(2)

    scene = play(script)
    assert scene.recogniser.calls == ["feed"] * 3 + ["forget"] + ["feed"] * 2
    assert len(scene.recogniser.heard) == 6 * 640


def test_letting_go_of_the_button_ends_what_was_said() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.turns.open = False
        scene.hear(3)
        scene.ears.talk(True)
        scene.hear(2)
        scene.ears.talk(False)
        scene.hear(3)
        scene.ears.talk(False)

    scene = play(script)
    assert scene.recogniser.calls == ["feed", "feed", "finish"]
    assert scene.turns.talked == [True, False, False]


def test_what_is_said_while_the_ears_are_loaded_is_heard_and_bounded() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.ears.talk(True)
        scene.hear(2000)
        scene.ears.talk(False)
        assert scene.recogniser.calls == []
        await asyncio.sleep(3)
        assert scene.recogniser.calls == ["feed", "finish"]

    scene = play(script, loading_s=2)
    assert EARLY_BYTES <= len(scene.recogniser.heard) < EARLY_BYTES + len(FRAME)


def test_what_was_said_before_the_microphone_went_off_is_answered() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.hear()
        scene.ears.stop()
        scene.hear()
        await task
        await ended(scene.story)

    scene = play(script, recogniser=lambda: ScriptedRecogniser(lambda: [final("Bye then")]))
    assert scene.story.of(TurnStarted)[0].heard.text == "Bye then"
    assert scene.recogniser.calls == ["feed"]


def test_what_turn_taking_kept_is_said_when_the_microphone_goes() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.turns.on_leave = [Say("Kept", SpeechTimes(0, 0, 0))]
        scene.ears.stop()
        await task
        await ended(scene.story)

    assert play(script).story.of(TurnStarted)[0].heard.text == "Kept"


def test_a_recogniser_that_never_comes_to_an_end_is_not_waited_for() -> None:
    ended_at: list[float] = []

    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.turns.on_leave = [Say("Kept", SpeechTimes(0, 0, 0))]
        scene.ears.stop()
        await task
        ended_at.append(loop_ms())
        await ended(scene.story)

    scene = play(script, recogniser=lambda: ScriptedRecogniser(takes_s=1e6))
    assert ended_at == [pytest.approx(200 + DRAIN_S * 1000)]
    assert scene.story.of(TurnStarted)[0].heard.text == "Kept"


def test_turn_taking_is_asked_when_it_wants_to_be_and_when_a_turn_ends() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.turns.due = loop_ms() + 300
        scene.turns.on_poll = [Say("Later", SpeechTimes(0, 0, 0))]
        scene.recogniser.tell(Nothing(loop_ms()))
        await asyncio.sleep(0.2)
        assert scene.turns.polled == []
        await ended(scene.story)
        await asyncio.sleep(0.1)
        assert len(scene.turns.polled) == 2

    scene = play(script)
    assert scene.turns.polled[0] == pytest.approx(500, abs=1)
    assert scene.turns.polled[1] == pytest.approx(scene.story.events[-1][0], abs=1)


def test_turn_taking_that_always_wants_to_be_asked_does_not_keep_the_loop_busy() -> None:
    class Eager(ScriptedTurns):
        def next_poll(self) -> float | None:
            return 0.0

    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        await asyncio.sleep(1)

    assert len(play(script, turns=Eager()).turns.polled) <= 171


class SlowGoodbye(ScriptedTTS):
    """Takes two seconds to let go."""

    async def synthesize(self, request: Any) -> AsyncIterator[Any]:
        try:
            async for audio in super().synthesize(request):
                yield audio
        finally:
            await asyncio.sleep(2)


def test_words_that_the_session_has_no_room_for_are_told_later_in_order() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.recogniser.tell(final("First"))
        await asyncio.sleep(0.3)
        for number in range(INBOX + 4):
            scene.recogniser.tell(final(f"Again {number}"))
        await asyncio.sleep(60)

    scene = play(script, voice=SlowGoodbye())
    heard = [event.heard.text for event in scene.story.of(TurnStarted)]
    assert heard == ["First", *(f"Again {number}" for number in range(INBOX + 4))]
    assert WORDS > INBOX


def test_the_last_words_find_room_before_the_ears_end() -> None:
    over: list[float] = []

    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.recogniser.tell(final("First"))
        await asyncio.sleep(0.3)
        for number in range(INBOX + 4):
            scene.recogniser.tell(final(f"Again {number}"))
        scene.ears.stop()
        await task
        over.append(loop_ms())
        await ended(scene.story, INBOX + 5)

    scene = play(script, voice=SlowGoodbye())
    assert len(scene.story.of(TurnStarted)) == INBOX + 5
    assert over[0] < DRAIN_S * 1000


def test_broken_ears_leave_a_session_that_reads(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ScriptedRecogniser):
        async def run(self) -> None:
            await asyncio.sleep(2)
            raise RuntimeError("out of order")

    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.recogniser.tell(final("Hi"))
        await asyncio.sleep(1)
        scene.recogniser.tell(Onset(loop_ms()))
        assert scene.session.on_air.paused
        await task
        assert not scene.session.on_air.paused
        scene.hear()
        scene.ears.talk(True)
        await ended(scene.story)

    scene = play(script, turns=ScriptedTurns({Onset: [Pause()]}), recogniser=Broken)
    assert scene.story.of(TurnEnded)[0].status is TurnStatus.COMPLETED
    assert scene.recogniser.calls == []
    assert "the ears of session test broke" in caplog.text


def test_where_no_recogniser_can_be_had_nothing_is_heard_and_the_session_reads() -> None:
    class Missing(ScriptedASR):
        async def open(self) -> None:
            raise ProviderError("asr", self.name, Category.UNAVAILABLE, "no model")

    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        assert scene.hearing.status.state is HearingState.FAILED
        scene.hear(5)
        scene.ears.talk(True)
        scene.hear(5)
        scene.session.greet()
        await ended(scene.story)

    scene = play(script, asr=Missing(lambda clip: ""))
    assert scene.recogniser.calls == []
    assert scene.story.of(TurnEnded)[0].status is TurnStatus.COMPLETED


def test_what_could_not_be_transcribed_is_told() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        timeout = ProviderError("asr", "whisper", Category.TIMEOUT, "no answer within 10 s")
        crash = ProviderError("asr", "sphinx", Category.CRASHED, "it died")
        scene.recogniser.failed(timeout)
        scene.recogniser.failed(AllProvidersFailed("asr", [timeout, crash]))

    told = play(script).story.of(ProviderFailed)
    assert [(event.turn, event.provider, event.code, event.fallback) for event in told] == [
        (0, "whisper", "asr.timeout", None),
        (0, "whisper", "asr.timeout", None),
        (0, "sphinx", "asr.crashed", None),
    ]


def test_ears_end_with_their_session() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.session.close()
        await asyncio.sleep(1)
        scene.recogniser.tell(final("Hello?"))
        await task

    assert play(script).story.of(TurnStarted) == []


def test_cancelling_ears_lets_go_of_the_voice() -> None:
    async def script(scene: Scene, task: asyncio.Task[None]) -> None:
        scene.recogniser.tell(final("Hi"))
        await asyncio.sleep(1)
        scene.recogniser.tell(Onset(loop_ms()))
        task.cancel()
        await asyncio.wait([task])
        assert not scene.session.on_air.paused
        await ended(scene.story)

    scene = play(script, turns=ScriptedTurns({Onset: [Pause()]}))
    assert scene.story.of(TurnEnded)[0].status is TurnStatus.COMPLETED
