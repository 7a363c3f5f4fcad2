"""Tokens of a reply become segments: what is shown, what is spoken, and what the face does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.types import Boundary, Segment
from hayakuchi.orchestrator.cutter import Cutter
from hayakuchi.orchestrator.reply_filter import Expression, ReplyFilter

NAMES = ("joy", "sad")

Row = tuple[str, str, tuple[str, ...]]
"""Display, speech, expressions."""


def run(text: str, size: int = 1, *, sentences_only: bool = False) -> list[Segment]:
    cutter = Cutter(expressions=NAMES, sentences_only=sentences_only)
    segments: list[Segment] = []
    for start in range(0, len(text), size):
        segments += cutter.feed(text[start : start + size], 0.0)
    return segments + cutter.flush()


CASES: list[tuple[str, list[Row]]] = [
    ("", []),
    ("  \n ", []),
    ("<think>nothing to say</think>", []),
    ("Hello.", [("Hello.", "Hello.", ())]),
    (
        "[joy] Hello there! I'm **[sad] fine**. *waves* Bye, you.",
        [
            ("Hello there! ", "Hello there!", ("joy",)),
            ("I'm **fine**. ", "I'm fine.", ("sad",)),
            ("*waves* Bye, you.", "Bye, you.", ()),
        ],
    ),
    ("Hi there! [joy] You too.", [("Hi there! ", "Hi there!", ()), ("You too.", "You too.", ("joy",))]),
    ("Hi there! [joy]", [("Hi there! ", "Hi there!", ("joy",))]),
    ("Hi there! [joy]\n\n", [("Hi there!\n\n", "Hi there!", ("joy",))]),
    ("[joy]", [("", "", ("joy",))]),
    ("[joy] [sad] \n", [("", "", ("joy", "sad"))]),
    ("😊", [("😊", "", ())]),
    ("...", [("...", "", ())]),
    ("😊🎉 [joy]", [("😊🎉 ", "", ("joy",))]),
    ("Hello [joy", [("Hello [joy", "Hello joy", ())]),
    (
        "See: [joy]\n```py\nx. y\n```\n[sad] Done. Ok?",
        [
            ("See:\n", "See:", ("joy",)),
            ("```py\nx. y\n```\n", "", ()),
            ("Done. ", "Done.", ("sad",)),
            ("Ok?", "Ok?", ()),
        ],
    ),
    ("[joy]\n```\nx\n```", [("```\nx\n```", "", ("joy",))]),
    ("```\nx\n```\n\n[joy]", [("```\nx\n```\n", "", ()), ("", "", ("joy",))]),
    ("```\nx\n```\n\n```\ny\n```\n", [("```\nx\n```\n", "", ()), ("\n```\ny\n```\n", "", ())]),
    ("I must say, *really* good.", [("I must say, ", "I must say,", ()), ("*really* good.", "really good.", ())]),
    ("你好！[joy] 今天很好，走吧。", [("你好！ ", "你好！", ()), ("今天很好，走吧。", "今天很好，走吧。", ("joy",))]),
    ("「行くよ！」と言った。😊", [("「行くよ！」と言った。😊", "「行くよ！」と言った。", ())]),
]


@pytest.mark.parametrize(("text", "rows"), CASES)
def test_cuts_a_reply_into_segments(text: str, rows: list[Row]) -> None:
    for size in (1, 2, 4, max(len(text), 1)):
        segments = run(text, size)
        assert [(s.display, s.speech, s.expressions) for s in segments] == rows
        assert [s.index for s in segments] == list(range(len(rows)))


def test_a_segment_says_how_good_its_boundary_is() -> None:
    boundaries = [segment.boundary for segment in run("Well my friend, hello. Ok, yes")]
    assert boundaries == [Boundary.CLAUSE, Boundary.SENTENCE, Boundary.SENTENCE]


def test_pronounces_by_the_lexicon_and_shows_the_text() -> None:
    cutter = Cutter(lexicon={"Kiyo": "Kee-yo"})
    segments = cutter.feed("I am Kiyo!", 0) + cutter.flush()
    assert segments == [Segment(0, "I am Kiyo!", "I am Kee-yo!")]


def test_a_tag_alone_does_not_delay_the_first_words() -> None:
    cutter = Cutter(expressions=NAMES)
    assert cutter.feed("[joy] Well hello, y", 0) == [
        Segment(0, "Well hello, ", "Well hello,", Boundary.CLAUSE, ("joy",))
    ]


def test_polls_for_what_silence_settles() -> None:
    cutter = Cutter()
    assert cutter.next_poll() is None
    assert cutter.feed("Hello there!", 100.0) == []
    assert cutter.next_poll() == 130.0
    assert cutter.poll(129.0, 0, 80) == []
    assert cutter.poll(130.0, 0, 80) == [Segment(0, "Hello there!", "Hello there!")]
    assert cutter.next_poll() is None
    assert cutter.flush() == []


def test_what_follows_an_early_cut_is_not_lost() -> None:
    cutter = Cutter(expressions=NAMES)
    cutter.feed("Hello there!", 0)
    assert len(cutter.poll(60, 0, 80)) == 1
    assert cutter.feed("\n\n[joy]", 100) == []
    assert cutter.flush() == [Segment(1, "", "", Boundary.SENTENCE, ("joy",))]
    cutter.feed("Bye there!", 200)
    assert len(cutter.poll(260, 0, 80)) == 1
    cutter.feed("\nOk", 300)
    assert cutter.flush() == [Segment(3, "\nOk", "Ok")]


def test_whole_gives_one_segment_at_the_end() -> None:
    cutter = Cutter(expressions=NAMES, whole=True)
    assert cutter.feed("[joy] Hello. How are you?\n```\nx\n```\nBye. [sad] Bye.", 0) == []
    assert cutter.next_poll() is None
    assert cutter.poll(10_000, 0, 80) == []
    assert [(s.display, s.speech, s.expressions) for s in cutter.flush()] == [
        ("Hello. How are you?\n", "Hello. How are you?", ("joy",)),
        ("```\nx\n```\n", "", ()),
        ("Bye. Bye.", "Bye. Bye.", ("sad",)),
    ]
    assert cutter.flush() == []


def test_sentences_only_takes_no_clauses() -> None:
    assert [s.display for s in run("Well my friend, hello. Ok.", sentences_only=True)] == [
        "Well my friend, hello. ",
        "Ok.",
    ]


PARTS = (
    '[joy]|[sad]|[x]| |  |\n|\n\n|```\n|```|<think>|</think>|<b>|Hello|there|you|. |! |, |。|，|你好|😊|*|waves|(|)|"|「|」'
    "|3.14|…|:)|A"
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PARTS.split("|")), max_size=40).map("".join))


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.data(), st.booleans())
def test_nothing_is_lost_and_nothing_is_blank(text: str, data: st.DataObject, timed: bool) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=15)) | {0, len(text)})
    cutter = Cutter(expressions=NAMES)
    segments: list[Segment] = []
    now = 0.0
    for start, end in pairwise(places):
        segments += cutter.feed(text[start:end], now)
        if timed:
            now += data.draw(st.sampled_from([10.0, 100.0, 1500.0]))
            segments += cutter.poll(now, data.draw(st.sampled_from([0.0, 400.0, 2000.0])), 100.0)
    segments += cutter.flush()

    reply = ReplyFilter(NAMES)
    pieces = reply.feed(text) + reply.flush()
    names = [piece.name for piece in pieces if isinstance(piece, Expression)]
    shown = "".join(piece.text for piece in pieces if not isinstance(piece, Expression))
    displayed = "".join(segment.display for segment in segments)
    assert shown.startswith(displayed)
    assert not shown[len(displayed) :].strip()
    assert [name for segment in segments for name in segment.expressions] == names
    assert all(segment.display.strip() or (segment.display == "" and segment.expressions) for segment in segments)
    assert [segment.index for segment in segments] == list(range(len(segments)))
    if not timed:
        assert segments == run(text, max(len(text), 1))
