"""Thoughts, tags, expressions and code in a streamed reply, split over any token borders."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.orchestrator.reply_filter import HOLD, Expression, Piece, ReplyFilter, Silent, Text

NAMES = ("joy", "Sadness", "joyful")


def joined(pieces: list[Piece]) -> list[Piece]:
    """The pieces with neighbouring texts put together."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, Text) and isinstance(last, Text):
            found[-1] = Text(last.text + piece.text)
        else:
            found.append(piece)
    return found


def sort(text: str, size: int = 1) -> list[Piece]:
    reply = ReplyFilter(NAMES)
    pieces: list[Piece] = []
    for start in range(0, len(text), size):
        pieces += reply.feed(text[start : start + size])
    return joined(pieces + reply.flush())


JOY = Expression("joy")
CASES: list[tuple[str, list[Piece]]] = [
    ("", []),
    ("Hello.", [Text("Hello.")]),
    # Expressions.
    ("[joy] Hello", [JOY, Text("Hello")]),
    ("[JOY]Hello", [JOY, Text("Hello")]),
    ("[ sadness ] no", [Expression("Sadness"), Text("no")]),
    ("Hi! [joy] You", [Text("Hi! "), JOY, Text("You")]),
    ("Hi [joyful]!", [Text("Hi"), Expression("joyful"), Text("!")]),
    ("Hi! [joy]", [Text("Hi! "), JOY]),
    ("Hi![joy][sadness] You", [Text("Hi! "), JOY, Expression("Sadness"), Text("You")]),
    ("Hi! [joy] [sadness] You", [Text("Hi! "), JOY, Expression("Sadness"), Text("You")]),
    ("你好[joy]吗", [Text("你好"), JOY, Text("吗")]),
    ("[smirk] a[0] [jo] [joy", [Text("[smirk] a[0] [jo] [joy")]),
    ("**[joy] Hi**", [Text("**"), JOY, Text("Hi**")]),
    ("Hi[joy]\nyou", [Text("Hi"), JOY, Text("\nyou")]),
    ("Hi [joy]", [Text("Hi "), JOY]),
    ("[[joy]]", [Text("["), JOY, Text("]")]),
    ("[joy\n]", [Text("[joy\n]")]),
    # Thoughts.
    ("<think>So, [joy] ```x</think>Hello", [Text("Hello")]),
    ("<THINK>\nhm\n</Think>\n\nHello", [Text("Hello")]),
    ("<thinking>a</thinking>b<reasoning>c</reasoning>d<thought>e</thought>f", [Text("bdf")]),
    ("Hi <think>a < b </thin </think>you", [Text("Hi you")]),
    ("Hi.<think>never ends. [joy]", [Text("Hi.")]),
    ("<think/>Hi", [Text("Hi")]),
    ("</think>Hi", [Text("Hi")]),
    ('<think budget="3">a</think>Hi', [Text("Hi")]),
    # Other tags, and what is none.
    ('Hi <break time="1s"/> you', [Text("Hi you")]),
    ("<laugh> Hi <b>you</b>.", [Text("Hi you.")]),
    ("Hi <|im_end|>", [Text("Hi ")]),
    ("a < b, c > d, x<3, <3 and <-", [Text("a < b, c > d, x<3, <3 and <-")]),
    ("if a <b and c> d", [Text("if a <b and c> d")]),
    ("Hi <brea", [Text("Hi <brea")]),
    # Code.
    ("See:\n```py\nx = [joy] <b>\n```\nOk?", [Text("See:\n"), Silent("```py\nx = [joy] <b>\n```\n"), Text("Ok?")]),
    ("```\nx\n``\n````\n", [Silent("```\nx\n``\n````\n")]),
    ("````\n```\n````\nHi", [Silent("````\n```\n````\n"), Text("Hi")]),
    ("```\nnever ends", [Silent("```\nnever ends")]),
    ("```\nends\n```", [Silent("```\nends\n```")]),
    ("[joy] ```\nx\n```\n", [JOY, Silent("```\nx\n```\n")]),
    ("Use `x` and ```y``` now", [Text("Use `x` and ```y``` now")]),
    ("```y``` is code", [Text("```y``` is code")]),
]


@pytest.mark.parametrize(("text", "pieces"), CASES)
def test_sorts_a_reply(text: str, pieces: list[Piece]) -> None:
    for size in (1, 2, 3, 5, max(len(text), 1)):
        assert sort(text, size) == pieces


def test_text_goes_out_at_once_but_for_its_last_space() -> None:
    reply = ReplyFilter(NAMES)
    assert reply.feed("Hello there, ") == [Text("Hello there,")]
    assert reply.feed("you") == [Text(" you")]


@pytest.mark.parametrize(
    "begun", ["[jo", "<", "</", "<brea", "<break time", '<break time="1', "``", "<th", "<|im", "```py"]
)
def test_holds_back_what_may_become_a_tag(begun: str) -> None:
    reply = ReplyFilter(NAMES)
    assert reply.feed(begun) == []
    assert joined(reply.flush()) == ([Text(begun)])


@pytest.mark.parametrize("text", ["[jx", "a < ", "<3", "<b and t", "x`y", "[Jo y"])
def test_does_not_hold_back_what_cannot(text: str) -> None:
    held = ReplyFilter(NAMES).feed(text)
    assert "".join(piece.text for piece in held if isinstance(piece, Text)) == text.rstrip(" ")


def test_holding_is_bounded() -> None:
    for begun in ("<a" + "b" * 500, "```" + "p" * 500, '<a b="' + "c" * 500, "<think " + "d" * 500):
        reply = ReplyFilter(NAMES)
        given_out = sum(len(piece.text) for ch in begun for piece in reply.feed(ch) if isinstance(piece, Text))
        assert given_out >= len(begun) - HOLD


def test_starts_afresh_after_the_end() -> None:
    reply = ReplyFilter(NAMES)
    reply.feed("<think>hm")
    assert reply.flush() == []
    assert reply.feed("[joy]") + reply.feed("Hi") == [JOY, Text("Hi")]


def test_long_thoughts_and_code_are_not_read_again_with_every_token() -> None:
    for start in ("<think>", "```\n", "```\nx\n"):
        for unit in ("x", "`", " ", "<", "</think "):
            reply = ReplyFilter(NAMES)
            reply.feed(start)
            for _ in range(1000):
                reply.feed(unit)
                assert len(reply._held) <= HOLD


PARTS = (
    "[joy]|[jo|y]|[x]|[|]|<think>|</think>|<thi|nk>|<b>|<|>|</|/>|<br/>|"
    "a=|'|\"|```|``|`|\n| |  |\t|Hi|a<b|<3|。|.|!|你|<||\\||😊"
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PARTS.split("|")), max_size=30).map("".join))


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.data())
def test_sorting_does_not_depend_on_tokens(text: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=15)) | {0, len(text)})
    reply = ReplyFilter(NAMES)
    pieces = [piece for start, end in pairwise(places) for piece in reply.feed(text[start:end])]
    assert joined(pieces + reply.flush()) == sort(text, max(len(text), 1))


@settings(deadline=None)
@given(st.text(alphabet="ab .,!?\n你。😊", max_size=60))
def test_text_without_tags_passes_unchanged(text: str) -> None:
    assert sort(text) == ([Text(text)] if text else [])
