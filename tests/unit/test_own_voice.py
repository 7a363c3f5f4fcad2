"""The avatar's own words are found among what was heard, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.orchestrator.own_voice import KEPT, OwnVoice, _differences
from hayakuchi.orchestrator.spoken_words import words_of

SAID = "Oh, you came! I was about to start a conversation with the furniture."


def theirs(text: str, *said: str) -> str:
    """What of a text is not hers."""
    own = OwnVoice()
    for words in said or (SAID,):
        own.heard(words)
    own.listen()
    words = words_of(text)
    rest = own.theirs(words)
    return text[rest[0].start :] if rest else ""


@pytest.mark.parametrize(
    "text",
    ["start a conversation with the furniture", "to start the conversation with a furnish her", "with the furniture",
    "furniture", "CONVERSATION, with the..."],
)  # fmt: skip
def test_her_words(text: str) -> None:
    assert theirs(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "you said furniture?",
        "furniture, are you serious?",
        "I want to talk about trains",
        "what conversation do you mean",
        "no no no",
        "hm",
    ],
)
def test_words_of_others(text: str) -> None:
    assert theirs(text) == text


def test_what_follows_her_words() -> None:
    assert theirs("start a conversation with the furniture, why would you do that") == "why would you do that"


def test_in_scripts_without_spaces() -> None:
    line = "我觉得今天的天气特别适合出去走走，不过我还是想待在家里打游戏。"
    assert theirs("今天天气特别是和出去走", line) == ""
    assert theirs("你喜欢吃什么东西", line) == "你喜欢吃什么东西"


def test_nothing_is_hers_before_she_has_spoken() -> None:
    assert theirs("furniture", "") == "furniture"
    assert theirs("") == ""


def test_what_was_said_long_before_cannot_come_back() -> None:
    long = "Many more things were told about mountains, rivers, and the animals that live between them in winter. " * 2
    assert theirs("start a conversation with the furniture", SAID, f"{SAID} {long}") != ""


def test_what_is_said_while_somebody_is_heard_comes_back_however_long() -> None:
    own = OwnVoice()
    own.heard(SAID)
    own.listen()
    told = SAID
    for number in range(20):
        told = f"{told} Number {number} of my friends has a yellow hat."[-250:]
        own.heard(told)
    assert not own.theirs(words_of("start a conversation with the furniture"))
    assert not own.theirs(words_of("number 19 of my friends has a yellow hat"))


def test_it_forgets() -> None:
    own = OwnVoice()
    for number in range(1000):
        own.heard(f"sentence {number} is different from {number * 7}")
    assert len(own._letters) <= KEPT


def distance(pattern: str, text: str) -> int:
    """The same by the book: a table of all prefixes."""
    row = [0] * (len(text) + 1)
    for index, letter in enumerate(pattern, 1):
        before, row = row, [index]
        for place, other in enumerate(text):
            row.append(min(before[place + 1] + 1, row[place] + 1, before[place] + (letter != other)))
    return min(row)


@given(st.text("abc", min_size=1, max_size=80), st.text("abc", max_size=40))
def test_differences_are_those_of_the_table(pattern: str, text: str) -> None:
    assert _differences(pattern, text) == distance(pattern, text)
