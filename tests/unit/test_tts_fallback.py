"""A chain of voices in virtual time: what is heard of a clip whose voice fails, and what the breakers learn."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from hayakuchi.core.block import Block
from hayakuchi.core.breaker import BreakerState
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, Mark, MarkKind, ProviderFailure, SpeechRequest
from hayakuchi.tts.fallback import FallbackTTS, remaining_text
from hypothesis import given
from hypothesis import strategies as st
from virtual import run_virtual

TEXT = "one two three four"
RATE = 16_000
Step = Audio | ProviderFailure | ProviderError | float
Heard = Audio | ProviderFailure


def error(category: Category = Category.UNAVAILABLE) -> ProviderError:
    return ProviderError("tts", "fake", category, str(category))


def tone(ms: float, *marks: Mark, rate: int = RATE, amplitude: float = 8000) -> Audio:
    samples = np.sin(np.arange(int(ms * rate / 1000)) * 2 * np.pi * 220 / rate) * amplitude
    return Audio(samples.astype(np.int16).tobytes(), rate, marks)


def word(at_ms: float, start: int, length: int) -> Mark:
    return Mark(MarkKind.WORD, at_ms, "", start, length)


class FakeTTS:
    """Speaks a script; without one, each word for 200 ms at its time, with its mark."""

    name: ClassVar[str] = "fake"
    Config: ClassVar[type[Block]] = Block

    def __new__(cls, name: str, *_: object, **__: object) -> Self:
        named: Any = type(name, (cls,), {"name": name})
        return super().__new__(named)

    def __init__(self, name: str, *script: Step, rate: int = RATE) -> None:
        self.script: Sequence[Step] | None = script or None
        self.sample_rate = rate
        self.deadlines = Deadlines(2.0, 0.5)
        self.asked: list[SpeechRequest] = []
        self.given = self.closed = 0

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "here"

    async def aclose(self) -> None: ...

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Heard, None]:
        self.asked.append(request)
        try:
            for step in self.script if self.script is not None else self.words(request.text):
                if isinstance(step, ProviderError):
                    raise step
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    self.given += 1
                    yield step
        finally:
            self.closed += 1

    def words(self, text: str, count: int = 99) -> list[Step]:
        steps: list[Step] = []
        start = 0
        for index, spoken in enumerate(text.split()[:count]):
            start = text.index(spoken, start)
            steps.append(tone(200, word(index * 200, start, len(spoken)), rate=self.sample_rate))
            start += len(spoken)
        return steps

    @property
    def texts(self) -> list[str]:
        return [request.text for request in self.asked]


async def read(
    chain: FallbackTTS, text: str = TEXT, got: list[Heard] | None = None, *, final: bool = True
) -> list[Heard]:
    """The clip; ``got`` has it even when reading it raises."""
    got = [] if got is None else got
    async with aclosing(chain.synthesize(SpeechRequest(text, final))) as clip:
        async for item in clip:
            got.append(item)
    return got


def sound(got: Sequence[Heard]) -> list[Audio]:
    return [item for item in got if isinstance(item, Audio)]


def length(got: Sequence[Heard]) -> float:
    return sum(audio.duration_ms for audio in sound(got))


def spoken(got: Sequence[Heard], text: str = TEXT) -> list[tuple[float, str]]:
    return [(mark.at_ms, text[mark.start : mark.start + mark.length]) for audio in sound(got) for mark in audio.marks]


def failures(got: Sequence[Heard]) -> list[tuple[Category, str | None]]:
    return [(item.error.category, item.fallback) for item in got if isinstance(item, ProviderFailure)]


# What remains of a text

WORDS = (word(0, 0, 3), word(300, 4, 3), word(600, 8, 5), word(1000, 14, 4))


@pytest.mark.parametrize(
    ("marks", "delivered_ms", "rest"),
    [
        (WORDS, 0, TEXT),
        (WORDS, 100, TEXT),
        (WORDS, 130, "two three four"),
        (WORDS, 350, "two three four"),
        (WORDS, 700, "three four"),
        (WORDS, 1200, ""),
        (WORDS[:2], 500, "three four"),
        (WORDS[:1], 5000, "two three four"),
        ((), 0, TEXT),
        ((), 300, TEXT),
        ((), 301, ""),
        ((Mark(MarkKind.PHONEME, 0, "w"),), 200, TEXT),
        ((Mark(MarkKind.PHONEME, 0, "w"),), 900, ""),
        ((word(0, 99, 3),), 900, ""),
    ],
)
def test_remaining_text(marks: Sequence[Mark], delivered_ms: float, rest: str) -> None:
    assert remaining_text(TEXT, marks, delivered_ms) == rest


def test_punctuation_alone_is_not_worth_a_request() -> None:
    assert remaining_text("one, two!?", (word(0, 0, 3), word(300, 5, 3)), 900) == ""
    assert remaining_text("“One” two", (word(10, 1, 3),), 50) == "“One” two"


MARKS = st.lists(st.builds(word, st.floats(0, 3000), st.integers(-3, 30), st.integers(0, 9)), max_size=6)


@given(st.text(max_size=30), MARKS, st.floats(0, 4000))
def test_what_remains_is_an_end_of_the_text(text: str, marks: list[Mark], delivered_ms: float) -> None:
    assert text.endswith(remaining_text(text, marks, delivered_ms))


# The chain


def test_the_first_choice_speaks() -> None:
    first, second = FakeTTS("a"), FakeTTS("b")
    got = run_virtual(read(FallbackTTS([first, second]), final=False))
    assert (length(got), spoken(got)) == (800, [(0, "one"), (200, "two"), (400, "three"), (600, "four")])
    assert first.asked == [SpeechRequest(TEXT, final=False)]
    assert second.asked == []


@pytest.mark.parametrize("text", ["", " ", "...", "—!?", "\n", "😀"])
def test_nothing_to_say_is_an_empty_clip(text: str) -> None:
    first = FakeTTS("a", error())
    assert run_virtual(read(FallbackTTS([first]), text)) == []
    assert first.asked == []


def test_a_failure_before_any_sound_leaves_the_whole_text_to_the_next() -> None:
    second = FakeTTS("b")
    got = run_virtual(read(FallbackTTS([FakeTTS("a", error()), second]), final=False))
    assert failures(got) == [(Category.UNAVAILABLE, "b")]
    assert second.asked == [SpeechRequest(TEXT, final=False)]
    assert length(got) == 800


def test_the_next_voice_goes_on_at_the_word_that_is_missing() -> None:
    first, second = FakeTTS("a"), FakeTTS("b")
    first.script = [*first.words(TEXT, 2), error(Category.CRASHED)]
    got = run_virtual(read(FallbackTTS([first, second])))
    assert second.texts == ["three four"]
    assert failures(got) == [(Category.CRASHED, "b")]
    assert spoken(got) == [(0, "one"), (200, "two"), (400, "three"), (600, "four")]
    assert [type(item).__name__ for item in got] == ["Audio", "Audio", "ProviderFailure", "Audio", "Audio"]


def test_three_voices_share_a_text() -> None:
    voices = [FakeTTS(name) for name in "abc"]
    voices[0].script = [*voices[0].words(TEXT, 1), error()]
    voices[1].script = [*voices[1].words("two three four", 2), error()]
    got = run_virtual(read(FallbackTTS(voices)))
    assert [voice.texts for voice in voices] == [[TEXT], ["two three four"], ["four"]]
    assert spoken(got) == [(0, "one"), (200, "two"), (400, "three"), (600, "four")]


def test_what_the_second_voice_gave_counts_from_its_own_beginning() -> None:
    voices = [FakeTTS(name) for name in "abc"]
    voices[0].script = [*voices[0].words(TEXT, 1), error()]
    voices[1].script = [tone(200, word(0, 0, 3)), tone(50, word(200, 4, 5)), error()]
    got = run_virtual(read(FallbackTTS(voices)))
    assert voices[2].texts == ["three four"]
    assert spoken(got) == [(0, "one"), (200, "two"), (400, "three"), (450, "three"), (650, "four")]


@pytest.mark.parametrize(("given_ms", "then"), [(200, [TEXT]), (300, [TEXT]), (400, [])])
def test_without_marks_a_clip_begins_again_or_is_given_up(given_ms: float, then: list[str]) -> None:
    second = FakeTTS("b")
    got = run_virtual(read(FallbackTTS([FakeTTS("a", tone(given_ms), error()), second])))
    assert second.texts == then
    assert failures(got) == [(Category.UNAVAILABLE, "b" if then else None)]
    assert length(got) == given_ms + (800 if then else 0)


@pytest.mark.parametrize(
    ("script", "at_ms"), [((60.0,), 2000), ((tone(100), 60.0), 500), ((1.9, tone(100), 0.4, tone(100), 60.0), 2800)]
)
def test_a_hanging_voice_is_left_at_its_deadline(script: tuple[Step, ...], at_ms: float) -> None:
    hanging, second = FakeTTS("a", *script), FakeTTS("b")

    async def main() -> float:
        got = await read(FallbackTTS([hanging, second]))
        assert failures(got) == [(Category.TIMEOUT, "b")]
        return loop_ms()

    assert run_virtual(main()) == pytest.approx(at_ms)
    assert hanging.closed == 1
    assert second.texts == [TEXT]


@pytest.mark.parametrize(
    "script",
    [
        (Audio(b"", RATE),),
        (tone(500, amplitude=0),),
        (tone(500, amplitude=20), tone(500, amplitude=20)),
        (Audio(b"abc", RATE),),
        (Audio(b"abcd", 0),),
    ],
)
def test_a_clip_that_cannot_be_heard_is_a_failure(script: tuple[Step, ...]) -> None:
    second = FakeTTS("b")
    chain = FallbackTTS([FakeTTS("a", *script), second])

    async def main() -> list[Heard]:
        got = await read(chain)
        (_, _, last), _ = chain.states(loop_ms())
        assert last is not None
        assert last.category is Category.BAD_OUTPUT
        return got

    got = run_virtual(main())
    assert failures(got) == [(Category.BAD_OUTPUT, "b")]
    assert length(got) == 800


def test_a_voice_that_ends_without_audio_is_a_failure() -> None:
    first = FakeTTS("a")
    first.script = []
    assert failures(run_virtual(read(FallbackTTS([first, FakeTTS("b")])))) == [(Category.BAD_OUTPUT, "b")]


def test_endless_silence_is_left() -> None:
    first = FakeTTS("a", *[tone(400, amplitude=0)] * 1000)
    got = run_virtual(read(FallbackTTS([first, FakeTTS("b")])))
    assert failures(got) == [(Category.BAD_OUTPUT, "b")]
    assert (first.given, first.closed) == (26, 1)


def test_silence_before_the_first_sound_is_kept() -> None:
    first = FakeTTS("a", tone(300, amplitude=0), tone(300, amplitude=0), tone(200, word(600, 0, 3)))
    got = run_virtual(read(FallbackTTS([first])))
    assert (length(got), failures(got)) == (800, [])


def test_a_click_in_silence_counts_for_the_breaker() -> None:
    first, second = FakeTTS("a", tone(1, amplitude=100), tone(5000, amplitude=0)), FakeTTS("b")
    got = run_virtual(read(FallbackTTS([first, second])))
    assert failures(got) == [(Category.BAD_OUTPUT, None)]
    assert second.asked == []


def test_all_failed() -> None:
    chain = FallbackTTS([FakeTTS("a", error()), FakeTTS("b", error(Category.AUTH))])

    async def main() -> None:
        got: list[Heard] = []
        with pytest.raises(AllProvidersFailed) as caught:
            await read(chain, got=got)
        assert [attempt.category for attempt in caught.value.attempts] == ["unavailable", "auth"]
        assert failures(got) == [(Category.UNAVAILABLE, "b"), (Category.AUTH, None)]
        for _ in range(3):
            with pytest.raises(AllProvidersFailed):
                await read(chain)
        assert [state for _, state, _ in chain.states(loop_ms())] == [BreakerState.OPEN, BreakerState.OPEN]

    run_virtual(main())


def test_a_dead_voice_is_left_alone_and_comes_back() -> None:
    first, second = FakeTTS("a", error()), FakeTTS("b")
    chain = FallbackTTS([first, second])

    async def main() -> None:
        for _ in range(5):
            await read(chain)
        assert (len(first.asked), len(second.asked)) == (3, 5)
        first.script = None
        await asyncio.sleep(1)
        async with asyncio.TaskGroup() as group:
            clips = [group.create_task(read(chain)) for _ in range(3)]
        assert all(length(clip.result()) == 800 for clip in clips)
        assert chain.states(loop_ms())[0][1:] == (BreakerState.CLOSED, None)

    run_virtual(main())


def test_half_open_only_one_tries() -> None:
    first, second = FakeTTS("a", error()), FakeTTS("b")
    chain = FallbackTTS([first, second])

    async def main() -> None:
        for _ in range(3):
            await read(chain)
        first.script = [0.3, *first.words(TEXT)]
        await asyncio.sleep(1)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(read(chain))
        assert (len(first.asked), len(second.asked)) == (4, 6)

    run_virtual(main())


def test_leaving_early_closes_the_voice() -> None:
    first = FakeTTS("a", tone(100), 60.0)
    chain = FallbackTTS([first, FakeTTS("b")])

    async def main() -> None:
        async with aclosing(chain.synthesize(SpeechRequest(TEXT))) as clip:
            assert isinstance(await anext(clip), Audio)
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(read(chain))
            await asyncio.sleep(0.1)
            reader.cancel()
        assert first.closed == 2
        assert chain.states(loop_ms())[0][1:] == (BreakerState.CLOSED, None)

    run_virtual(main())


# One sample rate


def test_the_clip_has_one_rate_whoever_speaks() -> None:
    first, second = FakeTTS("a", rate=24_000), FakeTTS("b", rate=22_050)
    first.script = [*first.words(TEXT, 2), error()]
    chain = FallbackTTS([first, second])
    assert chain.sample_rate == 24_000
    got = run_virtual(read(chain))
    assert {audio.sample_rate for audio in sound(got)} == {24_000}
    assert length(got) == pytest.approx(800, abs=1)
    assert [text for _, text in spoken(got)] == ["one", "two", "three", "four"]
    assert [at for at, _ in spoken(got)] == pytest.approx([0, 200, 400, 600])


def test_resampled_sound_is_the_same_sound_and_marks_are_not_late() -> None:
    first = FakeTTS("a", rate=22_050)
    got = run_virtual(read(FallbackTTS([first], sample_rate=48_000)))
    begin = 0.0
    for audio in sound(got):
        assert all(mark.at_ms >= begin for mark in audio.marks)
        begin += audio.duration_ms
    assert begin == pytest.approx(800, abs=1)
    samples = np.frombuffer(b"".join(audio.pcm for audio in sound(got)), np.int16)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 48_000 / samples.size == pytest.approx(220, abs=3)
    assert np.sqrt(np.mean(samples.astype(float) ** 2)) == pytest.approx(8000 / np.sqrt(2), rel=0.02)


def test_a_resampled_voice_that_fails_gives_out_what_it_gave() -> None:
    first, second = FakeTTS("a", rate=22_050), FakeTTS("b", rate=22_050)
    first.script = [*first.words(TEXT, 2), error()]
    got = run_virtual(read(FallbackTTS([first, second], sample_rate=16_000)))
    assert second.texts == ["three four"]
    assert length(got) == pytest.approx(800, abs=1)


def test_a_resampled_clip_that_is_given_up_is_given_out_to_its_end() -> None:
    first = FakeTTS("a", tone(1000, rate=22_050), error())
    got = run_virtual(read(FallbackTTS([first, FakeTTS("b")], sample_rate=16_000)))
    assert failures(got) == [(Category.UNAVAILABLE, None)]
    assert isinstance(got[-1], ProviderFailure)
    assert length(got) == pytest.approx(1000, abs=1)


def test_a_voice_may_change_its_rate_within_a_clip() -> None:
    first = FakeTTS("a", tone(300, rate=22_050), tone(300, rate=44_100), tone(300, rate=16_000), tone(300, rate=8000))
    got = run_virtual(read(FallbackTTS([first])))
    assert {audio.sample_rate for audio in sound(got)} == {16_000}
    assert length(got) == pytest.approx(1200, abs=2)


def test_opening_probing_and_closing_reach_every_voice() -> None:
    class Counting(FakeTTS):
        calls = 0

        async def open(self) -> None:
            self.calls += 1

        async def aclose(self) -> None:
            self.calls += 100

    voices: list[Counting] = [Counting("a"), Counting("b")]
    chain = FallbackTTS(voices)

    async def main() -> None:
        await chain.open()
        assert await chain.probe() == "a: here"
        assert await chain.probe_all() == [("a", "here"), ("b", "here")]
        await chain.aclose()

    run_virtual(main())
    assert [voice.calls for voice in voices] == [101, 101]
