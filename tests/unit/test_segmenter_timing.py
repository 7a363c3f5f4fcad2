"""When cuts are due without new text: after a silence of the model, and as the audio in hand runs out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.types import Boundary
from hayakuchi.orchestrator.pace import sound_ms
from hayakuchi.orchestrator.segmenter import Cut, Segmenter

# Silence of the token stream.


@pytest.mark.parametrize(
    ("text", "silence"),
    [
        ("Hello world.", 250),
        ('He said "no."', 250),
        ("Hello world!", 30),
        ("Hello 😊!", 30),
        ("**Hello!**", 30),
        ("「行くよ！」", 30),
        ("你好。", 0),
        ("Hello my friend,", 0),
        ("It costs 3.", 1000),
        ("I have 1,", 250),
        ("Well…", 250),
        ("Hello! ", 0),
        ("Hello.\n", 0),
        ("I saw etc.", 250),
    ],
)
def test_silence_settles_what_the_next_character_would(text: str, silence: float) -> None:
    segmenter = Segmenter()
    assert segmenter.feed(text, 1000.0) == []
    assert segmenter.next_poll() == 1000.0 + silence
    if silence:
        assert segmenter.poll(999.0 + silence, 0, 80) == []
    assert [piece.text for piece in segmenter.poll(1000.0 + silence, 0, 80)] == [text]
    assert segmenter.next_poll() is None
    assert segmenter.flush() == []


@pytest.mark.parametrize(
    "text",
    ["I met Dr.", "I met J.", "Hello", "1.", "Hello (wait.", "「行くよ。", "*I wave.", "!!", "See example", "Hi :"],
)
def test_silence_does_not_cut_what_goes_on(text: str) -> None:
    segmenter = Segmenter()
    segmenter.feed(text, 0)
    assert segmenter.next_poll() is None
    assert segmenter.poll(60_000, 0, 80) == []
    assert [piece.text for piece in segmenter.flush()] == [text]


def test_a_number_goes_on_after_a_short_stall() -> None:
    segmenter = Segmenter()
    segmenter.feed("Pi is 3.", 0)
    assert segmenter.poll(300, 0, 80) == []
    assert segmenter.feed("14. Nice", 300) == [Cut("Pi is 3.14. ", 0, Boundary.SENTENCE)]


def test_text_after_a_cut_by_silence_is_kept() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello!", 0)
    assert [piece.text for piece in segmenter.poll(30, 0, 80)] == ["Hello!"]
    assert segmenter.feed('" and so. ', 100) == []
    assert [piece.text for piece in segmenter.flush()] == ['" and so. ']


# Audio in hand.


@pytest.mark.parametrize(
    ("text", "sound"), [("Hi you", 270), ("안녕 하세요", 540), ("今日は", 360), ("Kiyo 안녕", 423)]
)
def test_a_syllable_of_korean_sounds_longer_than_a_latin_letter(text: str, sound: float) -> None:
    assert sound_ms(text) == pytest.approx(sound)


def test_short_sentences_are_joined_while_there_is_slack() -> None:
    segmenter = Segmenter()
    assert len(segmenter.feed("Hello there. I", 0)) == 1
    assert segmenter.poll(0, 2000, 80) == []
    assert segmenter.feed(" see. Yes. You are right about all of that. N", 0) == [
        Cut("I see. Yes. You are right about all of that. ", 13, Boundary.SENTENCE)
    ]


def test_a_short_sentence_goes_out_when_slack_runs_out() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello there. I", 0)
    segmenter.poll(0, 2000, 100)
    assert segmenter.feed(" see. Then we", 0) == []
    assert segmenter.next_poll() == pytest.approx(2000 - 100 - 400)
    assert segmenter.poll(1400, 600, 100) == []
    assert segmenter.poll(1500, 500, 100) == [Cut("I see. ", 13, Boundary.SENTENCE)]


def test_short_cjk_sentences_are_joined_too() -> None:
    segmenter = Segmenter()
    assert len(segmenter.feed("你好！我", 0)) == 1
    segmenter.poll(0, 2000, 80)
    assert segmenter.feed("很好。你呢？今天天气真的很不错。走", 0) == [
        Cut("我很好。你呢？今天天气真的很不错。", 3, Boundary.SENTENCE)
    ]


def test_clauses_go_out_when_slack_is_short() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello there. I think, you know, t", 0)
    assert segmenter.poll(0, 1000, 80) == []
    assert segmenter.next_poll() == pytest.approx(1000 - 80 - 250)
    assert segmenter.poll(800, 200, 80) == [Cut("I think, you know, ", 13, Boundary.CLAUSE)]
    assert segmenter.feed("hat this is it, yes", 800) == []
    assert segmenter.poll(1500, 300, 80) == []
    assert segmenter.poll(1600, 200, 80) == [Cut("that this is it, ", 32, Boundary.CLAUSE)]


def test_clauses_wait_when_nothing_was_told_of_audio() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello there. I think, you know, that", 0)
    assert segmenter.next_poll() is None


def test_sentences_only_never_takes_clauses_for_want_of_audio() -> None:
    segmenter = Segmenter(sentences_only=True)
    segmenter.feed("Hello there. I think, you know, t", 0)
    assert segmenter.poll(0, 0, 80) == []
    assert segmenter.next_poll() is None


@settings(deadline=None)
@given(st.text(alphabet='Hi you, .!?\n。、好*("1', max_size=60), st.floats(0, 3000), st.floats(0, 500))
def test_polling_at_the_time_told_gets_something(text: str, ahead: float, ttfb: float) -> None:
    segmenter = Segmenter()
    segmenter.feed(text, 0)
    segmenter.poll(0, ahead, ttfb)
    polls = 0
    while (due := segmenter.next_poll()) is not None:
        assert segmenter.poll(due, max(ahead - due, 0), ttfb)
        polls += 1
        assert polls <= len(text)
