"""Signs of listening and words that mean stop, in the form in which recognisers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.orchestrator.back_channels import BackChannels, is_question
from hayakuchi.orchestrator.listening_words import BACK_CHANNELS, STOPS
from hayakuchi.orchestrator.spoken_words import count, joined, keys, words_of

ALL = BackChannels(None)


def real(text: str, signs: BackChannels = ALL, *, whole: bool = True) -> int:
    """How many words of a text are no back-channels."""
    return count(signs.real(words_of(text), whole=whole))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tell me a joke", 4), ("don't", 1), ("state-of-the-art", 4), ("3.14", 2), ("", 0), ("...", 0), ("(laughs) hello", 1),
        ("你好", 1), ("你好吗", 1), ("今天天气", 2), ("それは何", 2), ("안녕하세요", 2), ("OK我知道了", 3),
        ("หยุดก่อน", 2), ("नमस्ते दोस्तों", 2),
    ],
)  # fmt: skip
def test_words_are_counted(text: str, words: int) -> None:
    assert count(words_of(text)) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Uh-huh!", "uh huh"), ("Yeeeaaah", "yeah"), ("mmmm", "Mm."), ("うーーん", "うん"), ("ナルホド", "なるほど"),
        ("ゴホッ", "ごほ"),
        ("That’s", "that's"), ("ＯＫ", "ok"), ("*coughs* yes", "yes"), ("STRASSE", "straße"),
    ],
)  # fmt: skip
def test_spellings_that_are_the_same(one: str, other: str) -> None:
    assert keys(one) == keys(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Yeah, yeah, okay.", 0), ("I see", 0), ("I see the problem", 2), ("Oh my God, no way!", 0),
        ("Right, but why not", 3),
        ("嗯嗯嗯", 0), ("对对对，是的没错", 0), ("好像不对", 2), ("嗯，我不同意", 2), ("うん、なるほどですね", 0),
        ("はいはい", 0), ("うんうん明日は", 3),
        ("네네, 그래요", 0), ("그래서 뭐", 2), ("d'accord, je vois", 0), ("na klar, genau", 0), ("да да, понятно", 0),
        ("sí, claro", 0),
    ],
)  # fmt: skip
def test_real_words(text: str, words: int) -> None:
    assert real(text) == words


def test_what_may_become_a_sign_is_not_counted_yet() -> None:
    assert real("that makes", whole=False) == 0
    assert real("that makes") == 2
    assert real("わかりま", whole=False) == 0
    assert real("that makes him", whole=False) == 3


def test_tables_of_other_languages_do_not_count() -> None:
    german = BackChannels("de")
    assert real("genau", german) == real("yeah", german) == 0
    assert real("genau", BackChannels("en")) == 1
    assert real("genau", BackChannels("sw")) == 0


def test_more_back_channels_may_be_given() -> None:
    assert real("pog champ", BackChannels("en", ["Pog champ!"])) == 0


@pytest.mark.parametrize("language", BACK_CHANNELS)
def test_every_entry_is_one(language: str) -> None:
    signs = BackChannels(language)
    assert [entry for entry in BACK_CHANNELS[language].split(",") if real(entry, signs)] == []
    assert [entry for entry in STOPS[language].split(",") if signs.stops(words_of(entry)) is None] == []


@pytest.mark.parametrize(
    "text",
    ["stop", "Okay, stop it.", "no, wait", "Please stop talking", "I said stop", "Kiyo, stop!", "等等我", "嗯，等一下",
    "待ってよ", "저기요, 잠깐만"],
)  # fmt: skip
def test_somebody_asks_to_stop(text: str) -> None:
    assert ALL.stops(words_of(text)) is not None


@pytest.mark.parametrize(
    "text", ["", "yeah", "nonstop", "the waiter came", "stopwatches are nice", "停电", "我在停车场"]
)
def test_nobody_asks_to_stop(text: str) -> None:
    assert BackChannels("zh").stops(words_of(text)) is None


@pytest.mark.parametrize(
    ("said", "asks"), [("Do you?", True), ("ですか？」 ", True), ("Really?!", True), ("No.", False), ("", False)]
)
def test_questions(said: str, asks: bool) -> None:
    assert is_question(said) is asks


def test_texts_are_joined_as_they_are_written() -> None:
    assert joined(["Hello there.", "", " How are you? "]) == "Hello there. How are you?"
    assert joined(["今天", "天气好。", "是吗"]) == "今天天气好。是吗"
    assert joined(["오늘", "날씨"]) == "오늘 날씨"


@given(st.text(max_size=80))
def test_words_lie_in_the_text_in_order(text: str) -> None:
    words = words_of(text)
    place = 0
    for word in words:
        assert place <= word.start < word.end <= len(text)
        assert word.key
        place = word.end
    assert ALL.real(words) == [word for word in words if word in ALL.real(words)]
