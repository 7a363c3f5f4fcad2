"""Every streaming setting of the agent, the model and the voice has an effect: each test fails when its key is ignored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS, make_session
from story import Story, ended, one_turn, tell

from hayakuchi.agents.basic_memory import BasicMemoryConfig
from hayakuchi.core.channel import Channel
from hayakuchi.core.character import Character
from hayakuchi.core.clock import VirtualTimeLoop, loop_ms
from hayakuchi.core.events import AudioSent, SegmentReady, TurnEnded
from hayakuchi.core.types import Audio, Segment, SpeechRequest, UserInput
from hayakuchi.llm.openai import OpenAIConfig
from hayakuchi.orchestrator.cutter import Cutter
from hayakuchi.orchestrator.playback import Playback
from hayakuchi.orchestrator.session import Session
from hayakuchi.orchestrator.speaking import Speaking
from hayakuchi.orchestrator.streaming import Streaming, resolved
from hayakuchi.orchestrator.supply import Supply
from hayakuchi.orchestrator.turn_report import TurnReport
from hayakuchi.tts.edge_settings import EdgeConfig
from hayakuchi.tts.fallback import FallbackTTS

Where = Mapping[str, Any]
NOTHING: Where = MappingProxyType({})
STORY = ["Well", ",", " hello", " there", ",", " you", " dear", " thing", ".", " How", " was", " your", " day", "?",
         " Tell", " me", " all", " about", " it", "."]  # fmt: skip
SENTENCES = [f" This is sentence number {number}." for number in range(60)]


def streaming(*, agent: Where = NOTHING, model: Where = NOTHING, voice: Where = NOTHING) -> Streaming:
    return resolved(
        BasicMemoryConfig.model_validate(dict(agent)),
        OpenAIConfig.model_validate({"base_url": "http://127.0.0.1:1/v1", "model": "m", **model}),
        EdgeConfig.model_validate(dict(voice)),
    )


def story_of(
    tokens: Sequence[str] = STORY,
    *,
    llm: Where = NOTHING,
    tts: Where = NOTHING,
    fillers: tuple[str, ...] = (),
    **settings: Any,
) -> Story:
    """A turn with scripted providers under these settings."""
    session = make_session(
        [ScriptedLLM(tokens, **llm)],
        [ScriptedTTS(**tts)],
        character=Character(name="Test", fillers=fillers),
        streaming=streaming(**settings),
    )
    return one_turn(session)


def first_audio(story: Story) -> float:
    return next(at for at, event in story.events if isinstance(event, AudioSent))


def displays(story: Story) -> list[str]:
    return [event.segment.display for event in story.of(SegmentReady)]


def anywhere(key: str, *rooms: str) -> pytest.MarkDecorator:
    """The key switched off in each of the blocks that know it."""
    return pytest.mark.parametrize("off", [pytest.param({room: {key: False}}, id=room) for room in rooms])


def test_enable_streaming() -> None:
    streamed, whole = story_of(), story_of(agent={"enable_streaming": False})
    assert first_audio(whole) > 100 + 20 * len(STORY) > first_audio(streamed)


def feeds(monkeypatch: pytest.MonkeyPatch, tokens: Sequence[str], *, llm: Where, **settings: Any) -> list[str]:
    """The pieces of text that the cutter was given."""
    given: list[str] = []
    feed = Cutter.feed

    def spy(self: Cutter, text: str, now: float) -> list[Segment]:
        given.append(text)
        return feed(self, text, now)

    monkeypatch.setattr(Cutter, "feed", spy)
    story_of(tokens, llm=llm, **settings)
    monkeypatch.setattr(Cutter, "feed", feed)
    return [text for text in given if text]


@pytest.mark.parametrize("room", ["agent", "model"])
def test_stream_chunk_size(room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = {"first_ms": 10, "token_ms": 0}
    buffer = {"stream_buffer_size": 100}
    by_size = {
        size: feeds(monkeypatch, STORY, llm=at_once, **{room: {"stream_chunk_size": size, **buffer}}) for size in (1, 5)
    }
    assert by_size[1] == STORY
    assert len(by_size[5]) < len(STORY) / 2
    assert max(len(text.split()) for text in by_size[5]) <= 5
    assert "".join(by_size[5]) == "".join(STORY)


def test_the_models_chunk_size_wins() -> None:
    assert streaming(agent={"stream_chunk_size": 3}, model={"stream_chunk_size": 8}).token_batch == 8
    assert streaming(agent={"stream_chunk_size": 3}).token_batch == 3
    assert streaming(voice={"stream_chunk_size": 2048}).token_batch == 10


@pytest.mark.parametrize("room", ["agent", "model"])
def test_stream_buffer_size(room: str) -> None:
    """A voice that gives nothing stops the model when the buffers are full."""
    taken: dict[int, int] = {}
    for size in (1, 30):
        model = ScriptedLLM(SENTENCES, first_ms=1, token_ms=1)
        session = make_session(
            [model], [ScriptedTTS(first_ms=1900)], streaming=streaming(**{room: {"stream_buffer_size": size}})
        )

        async def script(session: Session, story: Story) -> None:
            session.say(UserInput("Hi"))
            await asyncio.sleep(1.5)
            session.interrupt()
            await ended(story)

        tell(session, script)
        taken[size] = model.given
    assert taken[1] < 20 < taken[30] < len(SENTENCES)


def test_first_response_threshold() -> None:
    words = [" word"] * 40
    early, late = (story_of(words, agent={"first_response_threshold": ms}) for ms in (150, 600))
    assert first_audio(early) < 300
    assert 500 < first_audio(late) <= 600 * 1.2


@pytest.mark.parametrize(
    "off",
    [
        pytest.param({"agent": {"enable_immediate_playback": False}}, id="agent enable_immediate_playback"),
        pytest.param({"model": {"immediate_audio_playback": False}}, id="model immediate_audio_playback"),
        pytest.param({"model": {"enable_streaming_tts": False}}, id="model enable_streaming_tts"),
        pytest.param({"voice": {"enable_immediate_playback": False}}, id="voice enable_immediate_playback"),
    ],
)
def test_a_segment_is_sent_when_it_is_complete(off: Where) -> None:
    slow = {"first_ms": 50, "rtf": 0.5}
    at_once, complete = story_of(tts=slow), story_of(tts=slow, **off)
    speech = at_once.of(SegmentReady)[0].segment.speech
    making_ms = len(speech) * 60 // 100 * 50
    assert first_audio(complete) == pytest.approx(first_audio(at_once) + making_ms, abs=1)
    assert complete.of(TurnEnded)[0].heard_reply == at_once.of(TurnEnded)[0].heard_reply


@anywhere("streaming_optimization", "agent", "model", "voice")
def test_streaming_optimization(off: Where) -> None:
    assert displays(story_of())[0] != "Well, hello there, you dear thing. "
    assert displays(story_of(**off))[0] == "Well, hello there, you dear thing. "


@pytest.mark.parametrize("room", ["agent", "voice"])
def test_chunk_processing_delay(room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"first_ms": 100, "token_ms": 20}
    long = STORY * 4
    gathered = {ms: feeds(monkeypatch, long, llm=slow, **{room: {"chunk_processing_delay": ms}}) for ms in (0, 100)}
    assert gathered[0] == long
    assert len(gathered[100]) < len(long) / 2
    assert "".join(gathered[100]) == "".join(long)


def test_the_voices_delay_wins() -> None:
    assert streaming(agent={"chunk_processing_delay": 10}, voice={"chunk_processing_delay": 30}).gather_ms == 30
    assert streaming(agent={"chunk_processing_delay": 10}).gather_ms == 10


def test_the_first_words_are_never_gathered() -> None:
    quick, slow = (story_of(agent={"chunk_processing_delay": ms}) for ms in (0, 1000))
    assert first_audio(quick) == first_audio(slow)


@anywhere("audio_pipeline_parallel", "agent", "voice")
def test_audio_pipeline_parallel(off: Where) -> None:
    most: list[int] = []
    for settings in ({}, off):
        voice = ScriptedTTS(first_ms=300, rtf=0.9)
        session = make_session([ScriptedLLM(SENTENCES[:6], token_ms=5)], [voice], streaming=streaming(**settings))
        one_turn(session)
        most.append(voice.most_running)
    assert most[0] > 1 == most[1]


@pytest.mark.parametrize("after_ms", [150, 400])
def test_first_response_timeout(after_ms: float) -> None:
    """Without a word for so long, a filler is spoken; the race with the next model has tests of its own."""
    story = story_of(
        llm={"first_ms": 3000},
        fillers=("Hmm.",),
        model={"first_response_timeout": after_ms},
        agent={"first_response_threshold": 9000},
    )
    ready_at, event = next((at, event) for at, event in story.events if isinstance(event, SegmentReady))
    assert (ready_at, event.segment.display, event.segment.filler) == (after_ms, "Hmm. ", True)


def test_tts_stream_delay() -> None:
    short = [" Yes.", " I see.", " You are right.", " Go on."] * 6
    joined, split = (displays(story_of(short, model={"tts_stream_delay": ms})) for ms in (2000, 0))
    assert len(joined) < len(split)
    assert "".join(joined).strip() == "".join(split).strip() == "".join(short).strip()


@pytest.mark.parametrize(("parallel", "expected_ms"), [(True, 100), (False, 300)])
def test_chunk_processing_parallel(parallel: bool, expected_ms: float) -> None:
    made = streaming(model={"chunk_processing_parallel": parallel})
    asked: list[float] = []

    async def slowly(text: str) -> str:
        await asyncio.sleep(0.1)
        return text

    class Voice(ScriptedTTS):
        async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
            asked.append(loop_ms())
            async for audio in super().synthesize(request):
                yield audio

    async def main() -> None:
        playback = Playback(8000)
        supply = Supply(playback)
        report = TurnReport(lambda event: None, {})
        stage = Speaking(FallbackTTS([Voice()]), made, supply, report, polish=slowly, pauses={}, prefetch=8)
        segments: Channel[tuple[Segment, float]] = Channel(8)
        for index in range(3):
            segments.put_nowait((Segment(index, "Hello.", "Hello."), 0.0))
        segments.close()
        async with asyncio.TaskGroup() as group:
            await stage.run(segments, group)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    assert max(asked) == pytest.approx(expected_ms)
