"""What remains to be said of a text when its clip breaks off."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_tts import TEXT, word

from hayakuchi.core.types import Mark, MarkKind
from hayakuchi.tts.fallback import remaining_text

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
