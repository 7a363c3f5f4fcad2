"""A chain of voices in virtual time: what is heard of a clip whose voice fails."""

import pytest
from scripted_tts import RATE, TEXT, FakeTTS, Heard, Step, error, failures, length, read, spoken, tone, word
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import Category
from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.tts.fallback import FallbackTTS


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


@pytest.mark.parametrize(
    ("given_ms", "then"), [(90, TEXT), (200, "two three four"), (400, "three four"), (800, "four"), (1100, "")]
)
def test_without_marks_the_usual_pace_tells_what_was_said(given_ms: float, then: str) -> None:
    second = FakeTTS("b")
    got = run_virtual(read(FallbackTTS([FakeTTS("a", tone(given_ms), error()), second])))
    assert second.texts == [then][: bool(then)]
    assert failures(got) == [(Category.UNAVAILABLE, "b" if then else None)]
    assert length(got) == given_ms + 200 * len(then.split())


def test_without_marks_a_voice_is_taken_at_the_pace_it_had_before() -> None:
    first, second = FakeTTS("a", tone(3600)), FakeTTS("b")

    async def main() -> None:
        chain = FallbackTTS([first, second])
        await read(chain)
        first.script = [tone(700), error()]
        await read(chain)

    run_virtual(main())
    assert second.texts == ["two three four"]


def test_a_voice_that_nobody_could_stand_in_for_is_waited_for() -> None:
    script = (tone(40), 1.5, tone(40))
    assert length(run_virtual(read(FallbackTTS([FakeTTS("a", *script)])))) == 80
    assert failures(run_virtual(read(FallbackTTS([FakeTTS("a", *script), FakeTTS("b")])))) == [(Category.TIMEOUT, "b")]


@pytest.mark.parametrize(
    ("script", "at_ms"), [((60.0,), 2000), ((tone(40), 60.0), 500), ((1.9, tone(40), 0.4, tone(40), 60.0), 2800)]
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
