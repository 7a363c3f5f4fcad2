"""What of a model's text is given out: the same however it was split, and nothing that was not to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.types import FinishReason, Message
from hayakuchi.gateway.chat.reply_text import Allowance, ReplyText, Stops, estimated, tokens_in

TAGS = ("joy", "thinking")


def fed(text: ReplyText, *pieces: str) -> str:
    return "".join([text.feed(piece) for piece in pieces] + [text.flush()])


def test_a_character_shows_neither_thoughts_nor_tags() -> None:
    text = ReplyText(expressions=TAGS)
    assert (
        fed(text, "<thi", "nk>secret [joy]</think>", "[jo", "y] Hello", " [thinking] there [1].") == "Hello there [1]."
    )
    assert text.cut is None


def test_a_raw_models_text_is_left_as_it_is() -> None:
    assert fed(ReplyText(), "<think>a</think>[joy] ", "b") == "<think>a</think>[joy] b"


def test_code_is_shown() -> None:
    assert fed(ReplyText(expressions=TAGS), "So:\n```py\nx = [1]\n```\nDone.") == "So:\n```py\nx = [1]\n```\nDone."


def test_the_space_between_an_opener_and_the_reply_stays() -> None:
    text = ReplyText(expressions=TAGS)
    assert text.interject("Oh no,") == "Oh no,"
    assert fed(text, " <think>hm</think>", " [thinking] that", " is sad.") == " that is sad."


def test_a_stop_ends_the_text_and_is_not_in_it() -> None:
    text = ReplyText(stop=("END", "\n\n"))
    assert [text.feed("one E"), text.feed("N"), text.feed("D two"), text.feed("three"), text.flush()] == [
        "one ", "", "", "", "",
    ]  # fmt: skip
    assert text.cut is FinishReason.STOP


def test_what_might_have_become_a_stop_is_given_out_when_it_did_not() -> None:
    text = ReplyText(stop=("END",))
    assert fed(text, "The E", "N") == "The EN"
    assert text.cut is None


def test_stops_are_looked_for_in_what_is_shown() -> None:
    text = ReplyText(expressions=TAGS, stop=("joy",))
    assert fed(text, "[joy] Hello, enjoy!") == "Hello, en"


@given(st.text("abE", max_size=30), st.lists(st.text("abE", min_size=1, max_size=4), min_size=1, max_size=3), st.data())
def test_stops_do_not_depend_on_the_split(text: str, stops: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole, split = Stops(stops), Stops(stops)
    expected = whole.feed(text) + whole.flush()
    assert "".join([split.feed(piece) for piece in pieces] + [split.flush()]) == expected
    assert text.startswith(expected)
    assert not any(stop in expected for stop in stops)
    assert whole.found == split.found == any(stop in text for stop in stops)


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("one two three four", 3, "one two three "),
        ("one two three", 3, "one two three"),
        ("私は猫です", 2, "私は猫で"),
        ("antidisestablishmentarianism", 1, "antidisestablishmentarianism"),
        ("a 猫", 1, "a "),
    ],
)
def test_an_allowance_is_the_least_that_a_text_can_cost(text: str, most: int, left: str) -> None:
    for size in (len(text), 1, 2):
        allowance = Allowance(most)
        got = "".join(allowance.feed(text[start : start + size]) for start in range(0, len(text), size))
        assert got == left
        assert allowance.spent == (left != text)


def test_a_text_beyond_the_allowance_is_cut() -> None:
    text = ReplyText(expressions=TAGS, max_tokens=2)
    assert fed(text, "[joy] one two", " three", " four") == "one two "
    assert text.cut is FinishReason.LENGTH


def test_tokens_are_guessed() -> None:
    assert [tokens_in(text) for text in ("", "word", "a long word", "猫です")] == [0, 1, 3, 3]
    usage = estimated([Message("system", "word"), Message("user", "word")], "a long word")
    assert (usage.prompt_tokens, usage.completion_tokens) == (10, 3)


@given(pieces=st.lists(st.text(alphabet="ab 字。\n", max_size=4), max_size=30), most=st.integers(1, 30))
def test_an_allowance_does_not_depend_on_the_split(pieces: list[str], most: int) -> None:
    whole, split = Allowance(most), Allowance(most)
    assert "".join(split.feed(piece) for piece in pieces) == whole.feed("".join(pieces))
    assert split.spent == whole.spent
