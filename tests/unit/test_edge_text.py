"""What Edge's service gets to read, and its words found again in the text."""

from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.tts.edge_text import PART_BYTES, WordLocator, clean, parts


@given(st.text(st.characters()))
def test_cleaned_text_keeps_its_places_and_is_xml(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    ElementTree.fromstring(f"<a>{escape(cleaned)}</a>")


def test_control_characters_are_blanked() -> None:
    assert clean("a\x00\x0b\x1b\x7f\x85\ud800\uffffb\t\nc") == "a       b\t\nc"


@given(st.text(alphabet=st.sampled_from("ab <&\n你😀é"), max_size=200), st.integers(5, 60))
def test_parts_are_the_text(text: str, limit: int) -> None:
    cut = list(parts(text, limit))
    assert "".join(part for _, part in cut) == text
    assert all(text.startswith(part, start) for start, part in cut)
    assert all(0 < len(escape(part).encode()) <= limit for _, part in cut)


def test_parts_end_after_a_space() -> None:
    assert list(parts("one two three", 9)) == [(0, "one two "), (8, "three")]
    assert list(parts("x" * 12, 9)) == [(0, "x" * 9), (9, "xxx")]
    assert [len(part) for _, part in parts("&" * 2000)] == [PART_BYTES // 5] * 2 + [2000 - 2 * (PART_BYTES // 5)]


def located(text: str, *words: str) -> list[str | None]:
    locator = WordLocator(text)
    return [text[place[0] : place[0] + place[1]] if (place := locator.find(word)) else None for word in words]


def test_words_that_repeat_are_found_one_after_another() -> None:
    locator = WordLocator("the cat and the dog")
    assert [locator.find(word) for word in ("the", "cat", "the", "the")] == [(0, 3), (4, 3), (12, 3), None]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Tom & Jerry <3", ["Tom", "&", "Jerry", "<"], ["Tom", "&", "Jerry", "<"]),
        ("It costs $3.50 today", ["It", "costs", "three dollars", "today"], ["It", "costs", None, "today"]),
        ("a cat", ["at", "cat"], [None, "cat"]),
        ("HELLO there", ["hello", "There"], ["HELLO", "there"]),
        ("你好，世界很大", ["你好", "世界", "很", "大"], ["你好", "世界", "很", "大"]),
        ("今日はいい天気", ["今日", "は", "いい", "天気"], ["今日", "は", "いい", "天気"]),
        ("안녕하세요 여러분", ["안녕하세요", "여러분"], ["안녕하세요", "여러분"]),
        ("say 你好 now", ["say", "你好", "now"], ["say", "你好", "now"]),
        ("don't stop", ["don't", "stop"], ["don't", "stop"]),
        ("İstanbul is big", ["İstanbul", "is", "big"], ["İstanbul", "is", "big"]),
        ("", ["a"], [None]),
        ("a", ["", " ", "\0", "a"], [None, None, None, "a"]),
    ],
)
def test_words_of_all_kinds(text: str, words: list[str], found: list[str | None]) -> None:
    assert located(text, *words) == found


def test_a_word_that_is_not_there_does_not_lead_far_ahead() -> None:
    text = "Dr. Who " + "said little and " * 10 + "then the doctor left"
    assert located(text, "doctor", "Who", "said") == [None, "Who", "said"]


@given(st.text(alphabet="ab c你,"), st.lists(st.text(alphabet="ab c你,", max_size=3), max_size=20))
def test_places_lie_in_the_text_and_never_go_back(text: str, words: list[str]) -> None:
    locator, end = WordLocator(text), 0
    for word in words:
        if place := locator.find(word):
            assert end <= place[0] < sum(place) <= len(text)
            assert text[place[0] : sum(place)] == word.strip()
            end = sum(place)
