"""Phrase and word breaks of held text."""

from __future__ import annotations

import subprocess
import sys
from math import inf

import pytest

from hayakuchi.core.types import Boundary
from hayakuchi.orchestrator.breaks import STABLE, find_breaks
from hayakuchi.orchestrator.pairs import Span
from hayakuchi.orchestrator.phrases import warm_up


def marked(text: str, lookahead: int = 1) -> str:
    """The text with ``/`` at word breaks and ``|`` at phrase breaks; doubled or tripled where they part words."""
    pieces, place = [], 0
    for at in find_breaks(text, 0, [], inf, lookahead):
        mark = "/" if at.boundary is Boundary.WORD else "|"
        pieces += [text[place : at.end], mark * (1 + at.cling)]
        place = at.end
    return "".join([*pieces, text[place:]])


@pytest.mark.parametrize(
    "text",
    [
        "We //walked |because ///it //rained",
        "I ///met /Dr. Smith |of ///old",
        "Dial /12 13 /now",
        "Wait... |maybe",
        "Nice! (^_^) |so ///nice",
        "Say /“yes” |now",
        "오늘은 |친구를 |만나서 |정말 /좋았다",
        "私は|昨日|友達と|映画を|見に|行きました",
        "今天/我们/去///公园",
        "好的😊|走吧",
        "你///好～|大家",
        "見て|https://a.example/日本語のページ /です",
        "สวัสดีครับวันนี้อากาศดีมาก",
        "ええええええ",
        "Well |I ///said",
        "Well /done",
        "In ///New ///York |with ///Mika ///I",
        "Then /Mika /I'm ///here",
        "Then /Mika /I ///was",
        "Then /Mika ///I",
        "GOOD /EVENING /MIKA",
        "Tell //me |about |||that ///one |||of",
        "제가 |제일 //좋아하는 |음식은",
    ],
)
def test_finds_breaks(text: str) -> None:
    plain = text.replace("://", "¦").replace(".example/", "§").replace("/", "").replace("|", "")
    assert marked(plain.replace("¦", "://").replace("§", ".example/")) == text


def test_letters_after_a_break_make_sure_of_it() -> None:
    assert marked("私は昨日友達と", 1) == "私は|昨日|友達と"
    assert marked("私は昨日友達と", STABLE) == "私は|昨日|友達と"
    assert marked("私は昨日友", STABLE) == "私は|昨日友"


def test_no_break_falls_into_a_pair_or_behind_an_open_one() -> None:
    text = "one two (three four) five six"
    ends = [at.end for at in find_breaks(text, 100, [Span(108, 120, False)], 125, 1)]
    assert ends == [104, 121]


def test_words_of_actions_do_not_count() -> None:
    [first, second] = find_breaks("*waves at you* Hello my /friend".replace("/", ""), 0, [Span(0, 14, True)], inf, 1)[
        :2
    ]
    assert (first.words, second.words) == (0, 1)


def test_the_phrase_models_load_when_they_are_needed() -> None:
    code = (
        "import sys; from hayakuchi.orchestrator import phrases, segmenter; assert 'budoux' not in sys.modules;"
        "phrases.warm_up(); assert 'budoux' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).stderr == b""
    warm_up()
