"""From the microphone to the answer, with everything between them: what is said, when it is answered, what stops the voice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from microphone import Voice
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import settings_for
from story import Story, ended
from virtual import run_virtual

from hayakuchi.asr.end_of_turn import FIRST
from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.events import (
    AudioSent,
    Ignored,
    LatencyMeasured,
    SpeechPaused,
    SpeechResumed,
    TurnEnded,
    TurnStarted,
    TurnStatus,
    WordsHeard,
)
from hayakuchi.orchestrator.engine import Engine

REPLY = "Once there was a cat who lived in a very old house by the sea. It liked to sleep all day. The end."
TOKENS = [f" {word}" if index else word for index, word in enumerate(REPLY.split())]
FRAME = 640


class Desk:
    """An avatar that can be spoken to; her own page reports nothing, so that speech keeps the clock on the wall."""

    def __init__(self, engine: Engine, mode: Mode, half_duplex: bool, voice: Voice) -> None:
        self.voice = voice
        self.session = engine.new_session("desk")
        self.ears = engine.new_ears(self.session, mode, half_duplex=half_duplex)
        self.story = Story()
        self.session.observe(self.story.observe)
        self._position = 0

    async def hears(self, *parts: str | float) -> float:
        """Speak into the microphone in real time, a frame of 20 ms each; when the last sound was made."""
        sound = self.voice.says(*parts)
        for start in range(0, len(sound), FRAME):
            await asyncio.sleep(0.02)
            piece = sound[start : start + FRAME]
            self.ears.feed(piece, self._position)
            self._position += len(piece) // 2
        return loop_ms()

    def at(self, kind: type[Any]) -> list[float]:
        return [at for at, event in self.story.events if isinstance(event, kind)]

    @property
    def answered(self) -> list[str]:
        return [event.heard.text for event in self.story.of(TurnStarted)]


def converse(
    script: Callable[[Desk], Awaitable[None]],
    *,
    mode: Mode = Mode.OPEN_MIC,
    half_duplex: bool = False,
    first_ms: float = 100,
    **ears: Any,
) -> Desk:
    voice = Voice()
    desks: list[Desk] = []

    async def main() -> None:
        settings = settings_for(
            lambda: ScriptedLLM(TOKENS, first_ms=first_ms, token_ms=5),
            lambda: ScriptedTTS(first_ms=50, rtf=0.01),
            asr=lambda: ScriptedASR(voice.understands, takes_ms=40),
            ears=EarsSettings(vad="energy", **ears),
        )
        engine = Engine(settings)
        await engine.hearing.detectors.activity()
        async with engine:
            desk = Desk(engine, mode, half_duplex, voice)
            desks.append(desk)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(desk.session.run())
                listening = group.create_task(desk.ears.run())
                await desk.hears(1000.0)
                await script(desk)
                desk.ears.stop()
                await listening
                desk.session.close()
                await running

    run_virtual(main())
    return desks[0]


async def quiet(desk: Desk, turns: int = 1) -> None:
    """Silence, until so many turns have ended."""
    while len(desk.story.of(TurnEnded)) < turns:
        await desk.hears(100.0)


def first_audio(desk: Desk, turn: int = 1) -> float:
    return next(at for at, event in desk.story.events if isinstance(event, AudioSent) and event.turn == turn)


def test_what_is_said_is_answered_and_measured_from_voice_to_voice() -> None:
    spoken: list[float] = []

    async def script(desk: Desk) -> None:
        spoken.append(await desk.hears("tell me a story"))
        await quiet(desk)

    desk = converse(script)
    assert desk.answered == ["tell me a story"]
    assert desk.story.of(TurnEnded)[0].heard_reply == REPLY
    measured = desk.story.of(LatencyMeasured)[0]
    assert measured.hearing["end_of_turn"] == pytest.approx(800 * FIRST, abs=70)
    assert measured.hearing["asr"] < 1
    assert measured.figures["first_audio"] < 1
    assert measured.figures["voice_to_voice"] == pytest.approx(first_audio(desk) - spoken[0], abs=80)


@pytest.mark.parametrize("first_ms", [100, 400])
def test_thinking_ahead_answers_as_soon_as_the_end_is_confirmed_and_much_sooner_than_without(first_ms: float) -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        await quiet(desk)

    ahead, after = (
        converse(script, first_ms=first_ms, think_ahead=think).story.of(LatencyMeasured)[0] for think in (True, False)
    )
    assert ahead.figures["voice_to_voice"] - ahead.hearing["end_of_turn"] < 50
    saved_ms = after.figures["voice_to_voice"] - ahead.figures["voice_to_voice"]
    assert saved_ms == pytest.approx(first_ms + 65, abs=60)


def test_words_stop_the_voice_and_are_answered() -> None:
    began: list[float] = []

    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        await desk.hears(3000.0)
        began.append(loop_ms())
        await desk.hears("please tell me another one")
        await quiet(desk)
        await desk.hears(1500.0)
        await quiet(desk, 2)

    desk = converse(script)
    assert desk.at(SpeechPaused)[0] - began[0] <= 150
    assert desk.story.of(SpeechResumed) == []
    first, second = desk.story.of(TurnEnded)
    assert first.status is TurnStatus.INTERRUPTED
    assert REPLY.startswith(first.heard_reply)
    assert 0 < len(first.heard_reply) < len(REPLY)
    assert second.status is TurnStatus.COMPLETED
    assert desk.answered == ["tell me a story", "please tell me another one"]
    assert [message.content for message in desk.session.history.messages] == [
        "tell me a story",
        first.heard_reply,
        "please tell me another one",
        REPLY,
    ]


def test_a_sign_of_listening_holds_the_voice_for_a_moment_and_loses_no_word() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        await desk.hears(3000.0)
        await desk.hears("uh-huh", 2000.0)
        await quiet(desk)

    desk = converse(script)
    assert len(desk.at(SpeechPaused)) == len(desk.at(SpeechResumed)) == 1
    assert desk.at(SpeechResumed)[0] - desk.at(SpeechPaused)[0] < 1500
    assert desk.story.of(TurnEnded)[0].status is TurnStatus.COMPLETED
    assert desk.story.of(TurnEnded)[0].heard_reply == REPLY
    assert desk.answered == ["tell me a story"]
    assert [event.ignored for event in desk.story.of(WordsHeard) if event.final] == [None, Ignored.BACK_CHANNEL]
    position = 0
    for event in desk.story.of(AudioSent):
        assert event.position == position
        position += len(event.audio.pcm) // 2


def test_with_half_duplex_nothing_is_heard_while_she_speaks() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        await desk.hears(2000.0)
        await desk.hears("please tell me another one")
        await quiet(desk)
        await desk.hears(500.0, "and one more", 1500.0)
        await quiet(desk, 2)

    desk = converse(script, half_duplex=True)
    assert desk.answered == ["tell me a story", "and one more"]
    assert desk.story.of(SpeechPaused) == []


def test_with_push_to_talk_only_what_is_said_with_the_button_down_is_heard() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("nobody is meant by this", 1500.0)
        desk.ears.talk(True)
        await desk.hears(150.0, "tell me a story")
        desk.ears.talk(False)
        await desk.hears("nor by this", 1500.0)
        desk.ears.talk(True)
        await desk.hears(150.0, "stop")
        desk.ears.talk(False)
        await desk.hears(500.0)
        await ended(desk.story, 2)

    desk = converse(script, mode=Mode.PUSH_TO_TALK)
    assert desk.answered == ["tell me a story", "stop"]
    assert desk.story.of(TurnEnded)[0].status is TurnStatus.INTERRUPTED


def test_turning_the_microphone_off_says_what_was_said() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        desk.ears.stop()
        await ended(desk.story)

    desk = converse(script)
    assert desk.answered == ["tell me a story"]
    assert desk.at(TurnStarted)[0] < 4000


def test_a_microphone_that_falls_silent_in_the_middle_of_a_word_holds_nothing_for_ever() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        await desk.hears(3000.0)
        sound = desk.voice.says("well")
        for start in range(0, len(sound) // 2, FRAME):
            desk.ears.feed(sound[start : start + FRAME], desk._position + start // 2)
            await asyncio.sleep(0.02)
        await ended(desk.story)

    desk = converse(script)
    assert desk.story.of(TurnEnded)[0].status is TurnStatus.COMPLETED
    assert desk.story.of(TurnEnded)[0].heard_reply == REPLY


def test_without_barge_in_words_wait_until_she_has_finished() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        await desk.hears(3000.0, "please tell me another one", 1000.0)
        await quiet(desk, 2)

    desk = converse(script, barge_in=False)
    assert desk.answered == ["tell me a story", "please tell me another one"]
    assert {event.status for event in desk.story.of(TurnEnded)} == {TurnStatus.COMPLETED}
    assert desk.story.of(SpeechPaused) == []
    second = next(event for event in desk.story.of(LatencyMeasured) if event.turn == 2)
    assert second.hearing["held"] > 500
    whole = sum(second.hearing.values()) + sum(second.stages.values())
    assert second.figures["voice_to_voice"] == pytest.approx(whole)


def test_her_own_voice_from_the_loudspeaker_stops_nothing() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me a story")
        await desk.hears(2600.0, "there was a cat who lived", 600.0, "in a very old house", 1000.0)
        await quiet(desk)
        await desk.hears("thank you for that", 1500.0)
        await quiet(desk, 2)

    desk = converse(script)
    assert desk.answered == ["tell me a story", "thank you for that"]
    first = desk.story.of(TurnEnded)[0]
    assert (first.status, first.heard_reply) == (TurnStatus.COMPLETED, REPLY)
    assert Ignored.ECHO in [event.ignored for event in desk.story.of(WordsHeard)]
    assert len(desk.at(SpeechPaused)) == len(desk.at(SpeechResumed))


def test_with_a_wake_word_only_who_calls_her_is_answered() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("nobody is meant by this", 1500.0)
        await desk.hears("Test, tell me a story", 1500.0)
        await quiet(desk)

    desk = converse(script, mode=Mode.WAKE_WORD)
    assert len(desk.answered) == 1
    assert "tell me a story" in desk.answered[0]
    assert [event.ignored for event in desk.story.of(WordsHeard) if event.final] == [Ignored.NO_WAKE_WORD, None]


def test_one_who_goes_on_after_a_pause_is_answered_once_as_a_whole() -> None:
    async def script(desk: Desk) -> None:
        await desk.hears("tell me", 500.0, "a story", 500.0, "about the sea")
        await quiet(desk)

    desk = converse(script)
    assert desk.answered == ["tell me a story about the sea"]
    assert desk.story.of(TurnEnded)[0].status is TurnStatus.COMPLETED
