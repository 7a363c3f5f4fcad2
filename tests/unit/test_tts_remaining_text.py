"""What remains to be said of a text when its clip breaks off."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_tts import TEXT, word

from hayakuchi.core.types import Mark, MarkKind
from hayakuchi.tts.unsaid import remaining_text

WORDS = (word(0, 0, 3), word(300, 4, 3), word(600, 8, 5), word(1000, 14, 4))


@pytest.mark.parametrize(
    ("marks", "delivered_ms", "rest"),
    [
        (WORDS, 0, TEXT),
        (WORDS, 100, TEXT),
        (WORDS, 149, TEXT),
        (WORDS, 150, "two three four"),
        (WORDS, 350, "two three four"),
        (WORDS, 700, "three four"),
        (WORDS, 1100, "four"),
        (WORDS, 1200, ""),
        (WORDS[:2], 500, "three four"),
        (WORDS[:1], 5000, "two three four"),
        ((), 0, TEXT),
        ((), 90, TEXT),
        ((), 110, "two three four"),
        ((), 600, "three four"),
        ((), 5000, ""),
        ((Mark(MarkKind.PHONEME, 0, "w"),), 90, TEXT),
        ((Mark(MarkKind.PHONEME, 0, "w"),), 900, "four"),
        ((word(0, 99, 3),), 900, "four"),
    ],
)
def test_remaining_text(marks: Sequence[Mark], delivered_ms: float, rest: str) -> None:
    assert remaining_text(TEXT, marks, delivered_ms) == rest


@pytest.mark.parametrize(
    ("text", "delivered_ms", "pace_ms", "rest"),
    [
        ("我们走吧。", 300, 65, "们走吧。"),
        ("我们走吧。", 330, 65, "走吧。"),
        ("我们走吧。", 330, 130, "们走吧。"),
        ("Kiyo 来了", 400, 65, "来了"),
        ("one two", 160, 30, "two"),
        ("one two", 165, 30, ""),
        ("안녕 하세요", 140, 65, "안녕 하세요"),
        ("안녕 하세요", 150, 65, "하세요"),
        ("오늘 방송에 와 주셔서 정말 감사합니다", 1200, 65, "주셔서 정말 감사합니다"),
    ],
)
def test_the_pace_of_the_voice_stands_in_for_marks(text: str, delivered_ms: float, pace_ms: float, rest: str) -> None:
    assert remaining_text(text, (), delivered_ms, pace_ms) == rest


def test_punctuation_alone_is_not_worth_a_request() -> None:
    assert remaining_text("one, two!?", (word(0, 0, 3), word(300, 5, 3)), 900) == ""
    assert remaining_text("“One” two", (word(10, 1, 3),), 50) == "“One” two"


MARKS = st.lists(st.builds(word, st.floats(0, 3000), st.integers(-3, 30), st.integers(0, 9)), max_size=6)


@given(st.text(max_size=30), MARKS, st.floats(0, 4000))
def test_what_remains_is_an_end_of_the_text(text: str, marks: list[Mark], delivered_ms: float) -> None:
    assert text.endswith(remaining_text(text, marks, delivered_ms))
