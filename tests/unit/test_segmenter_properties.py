"""Long replies, and properties of any reply: nothing is lost, tokens do not matter, work is linear."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.orchestrator.segmenter import Cut, Segmenter


def cut(text: str, size: int = 1, **options: bool) -> list[str]:
    segmenter = Segmenter(**options)
    cuts: list[Cut] = []
    for start in range(0, len(text), size):
        cuts += segmenter.feed(text[start : start + size], 0.0)
    return [piece.text for piece in cuts + segmenter.flush()]


# Long replies.


def test_an_overlong_sentence_is_cut_at_its_best_boundary() -> None:
    clauses = "and this goes on and on without any end in sight, " * 12
    pieces = cut("Hello you. " + clauses)
    assert all(len(piece) <= 240 for piece in pieces)
    assert all(piece.endswith(", ") for piece in pieces[1:])
    words = "word " * 200
    assert all(150 < len(piece) <= 245 and piece.endswith(" ") for piece in cut(words)[:-1])


def test_an_overlong_cjk_sentence_is_cut() -> None:
    pieces = cut("你好！" + "我们今天去公园看花" * 100)
    assert max(map(len, pieces)) <= 130
    pieces = cut("こんにちは！" + "きょうはとてもいいてんきだからさんぽにいくよ、" * 20)
    assert max(map(len, pieces)) <= 101
    assert all(piece.endswith("、") for piece in pieces[1:])


def test_a_long_word_is_never_cut() -> None:
    address = "https://a.example/" + "x/" * 400
    assert address in cut(f"See {address} now. Bye.")[0]


def test_a_pair_that_never_closes_does_not_stall_the_speech() -> None:
    text = "Hello (you. " + "This is a sentence. " * 10
    assert len(cut(text)) > 5
    assert cut("Hello (you. And me.") == ["Hello (you. ", "And me."]


def test_a_long_pair_is_cut_only_beyond_the_limit() -> None:
    inside = "This is. " * 12
    assert cut(f"Well ({inside.strip()}) ok. Bye.") == [f"Well ({inside.strip()}) ok. ", "Bye."]


def lines_run(work: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("unit", ["a", "(", "!", "word ", "*a* ", "你", "「", "Hi. (", '"x', "`"])
def test_work_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    few, many = (lines_run(partial(cut, unit * (count // len(unit)), 3)) for count in (800, 1600))
    assert many < 2.3 * few


@pytest.mark.parametrize("unit", ["a", "あ", "(", "the ", "*a* ", "“", "今天去公园"])
def test_polling_work_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    def work(count: int) -> None:
        segmenter = Segmenter(deadline=0.0)
        for at in range(count // 8):
            segmenter.feed((unit * 8)[at % len(unit) :][:8], 10.0 * at)
            segmenter.poll(10.0 * at, 0.0, 80.0)
            segmenter.next_poll()

    few, many = (lines_run(partial(work, count)) for count in (1600, 3200))
    assert many < 2.6 * few


def test_a_hundred_thousand_characters_pass_in_small_tokens() -> None:
    text = ("Hello there, my friend. " * 4200)[:100_000]
    pieces = cut(text, 3)
    assert "".join(pieces) == text
    assert len(pieces) > 4000


# Any text.

PARTS = (
    "Hello|Dr. |e.g. |U.S. |a|I |. |.|...|…|! |!|? |, |,|: |;|—|\n|\n\n| |  |3.14|1,000|1. |https://a.b/c?d |*|**|_|`|(|)|[|]"
    "|「|」|“|”|\"|'|'s|你好|。|！|，|、|は|漢字|カナ|😊|👨‍👩‍👧|❤️|(^_^)|:)|é|A|The |and |\u0301|\u200d|\u3000|…… |——|❤|１|．"
)
PIECES = st.sampled_from(PARTS.split("|"))
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=60).map("".join))


JOINS = st.sampled_from([None, 0.0, 200.0])


@st.composite
def tokenised(draw: st.DrawFn) -> tuple[str, list[str]]:
    text = draw(TEXTS)
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=20)) | {0, len(text)})
    return text, [text[start:end] for start, end in pairwise(places)]


@settings(max_examples=120, deadline=None)
@given(tokenised(), st.booleans())
def test_cuts_do_not_depend_on_tokens(case: tuple[str, list[str]], sentences_only: bool) -> None:
    text, tokens = case
    segmenter = Segmenter(sentences_only=sentences_only)
    cuts = [piece for token in tokens for piece in segmenter.feed(token, 0.0)]
    cuts += segmenter.flush()
    assert [piece.text for piece in cuts] == cut(text, max(len(text), 1), sentences_only=sentences_only)


@settings(max_examples=100, deadline=None)
@given(tokenised(), st.data())
def test_no_character_is_lost_whatever_the_times(case: tuple[str, list[str]], data: st.DataObject) -> None:
    text, tokens = case
    segmenter = Segmenter(deadline=data.draw(st.sampled_from([None, 0.0, 500.0])), grace=40.0, join_ms=data.draw(JOINS))
    cuts: list[Cut] = []
    now = 0.0
    for token in tokens:
        now += data.draw(st.sampled_from([0.0, 10.0, 70.0, 300.0, 2000.0]))
        cuts += segmenter.poll(now, data.draw(st.sampled_from([0.0, 300.0, 3000.0])), 80.0)
        cuts += segmenter.feed(token, now)
        if data.draw(st.integers(0, 9)) == 0:
            cuts += segmenter.flush()
    cuts += segmenter.flush()
    assert "".join(piece.text for piece in cuts) == text
    assert all(piece.text for piece in cuts)
    place = 0
    for piece in cuts:
        assert piece.start == place
        place += len(piece.text)


ATOMS = st.sampled_from(
    [
        "3.14", "1,000.50", "12:30", "v1.2.1", "https://a.example/x?y=1,2;z.html!", "me@mail.example", "conf.yaml", "Dr. Smith",
        "e.g. this", "i.e. that", "U.S. Navy", "J. R. R. Tolkien",
        "👨‍👩‍👧‍👦", "🇯🇵", "👍🏽", "1️⃣", "(^. ^)", "( ͡° ͜ʖ ͡°)", "¯\\_(ツ)_/¯",
        "[stage. Tag!]", "*waves! And* hi", "`a. B`",
        "(one. Two!)", "「一。二！」", "“One. Two!”", '"One. Two!" he', "3.5倍", "No. 5",
    ]
)  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(st.one_of(ATOMS, st.sampled_from(["Well,", "ok.", "Yes!", "no", "\n", "and"])), min_size=1, max_size=12)
)
def test_no_cut_falls_into_what_belongs_together(words: list[str]) -> None:
    text = " ".join(words)
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    places = {len(text)}
    place = 0
    for piece in cut(text):
        place += len(piece)
        places.add(place)
    for start, word in zip(starts, words, strict=False):
        assert not any(start < place < start + len(word) for place in places), word


@settings(deadline=None)
@given(tokenised())
def test_no_cut_begins_with_a_blank_without_polling(case: tuple[str, list[str]]) -> None:
    text, _ = case
    assert not any(piece[0].isspace() for piece in cut(text)[1:])


QUICK = st.sampled_from([0.0, 5.0, 15.0])
"""Between two tokens, in ms: too little to be a silence."""


@st.composite
def whole_and_plain(draw: st.DrawFn) -> list[str]:
    atoms = ATOMS.filter(lambda atom: atom not in ('"One. Two!" he', "*waves! And* hi"))
    more = st.sampled_from(
        ["Well", "and", "the", "cats", "今天天气", "とても楽しい", "가게에서", '"One. Two!"', "*waves! And*"]
    )
    return draw(st.lists(st.one_of(atoms, more), min_size=1, max_size=12))


@settings(max_examples=200, deadline=None)
@given(whole_and_plain(), st.data(), st.sampled_from([None, 0.0, 100.0]))
def test_no_cut_falls_into_what_belongs_together_at_any_time(
    words: list[str], data: st.DataObject, due: float | None
) -> None:
    text = " ".join(words)
    segmenter = Segmenter(deadline=due)
    cuts: list[Cut] = []
    now, place = 0.0, 0
    while place < len(text):
        size = data.draw(st.integers(1, 6))
        cuts += segmenter.feed(text[place : place + size], now)
        place += size
        cuts += segmenter.poll(
            now, data.draw(st.sampled_from([0.0, 100.0, 2000.0])), data.draw(st.sampled_from([0.0, 80.0]))
        )
        now += data.draw(QUICK)
    cuts += segmenter.flush()
    assert "".join(piece.text for piece in cuts) == text
    places = {piece.start for piece in cuts}
    start = 0
    for word in words:
        inside = range(start + 1, start + len(word))
        if word not in ("今天天气", "とても楽しい"):
            assert places.isdisjoint(inside), word
        start += len(word) + 1


@settings(max_examples=100, deadline=None)
@given(tokenised(), st.data(), st.floats(0, 400))
def test_every_poll_is_told_in_time(case: tuple[str, list[str]], data: st.DataObject, deadline: float) -> None:
    _, tokens = case
    segmenter = Segmenter(deadline=deadline, grace=40.0)
    now = 0.0
    for token in tokens:
        segmenter.feed(token, now)
        ahead = data.draw(st.sampled_from([0.0, 300.0, 3000.0]))
        segmenter.poll(now, ahead, 80.0)
        due = segmenter.next_poll()
        if due is not None and due > now + 1:
            assert segmenter.poll(due - 1, max(ahead - (due - 1 - now), 0.0), 80.0) == []
        now += data.draw(st.sampled_from([0.0, 10.0, 70.0]))
