"""What espeak-ng gets to read, and what its word events mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.tts.espeak_text import PIECE_WEIGHT, WordFinder, clean, pieces, with_ending


@given(st.text())
def test_cleaning_keeps_every_place_and_can_be_encoded(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert b"\0" not in cleaned.encode()
    assert all(before == after or after == " " for before, after in zip(text, cleaned, strict=True))


def test_cleaning_leaves_nothing_that_espeak_takes_for_a_command() -> None:
    assert clean("a\x01\x00\x1b\x7f\ud800b\tc") == "a     b c"


@given(st.text(alphabet=st.sampled_from("ab .,!?\n1你。，😀é"), max_size=300), st.integers(4, 60))
def test_pieces_are_the_text(text: str, limit: int) -> None:
    cut = list(pieces(text, limit))
    assert "".join(piece.text for piece in cut) == text
    assert [piece.start for piece in cut] == [
        sum(len(before.text) for before in cut[:index]) for index in range(len(cut))
    ]
    assert [piece.last for piece in cut] == [False] * (len(cut) - 1) + [True] * bool(cut)
    assert all(0 < len(piece.text) <= limit for piece in cut)


def test_pieces_end_after_a_sentence_else_a_clause_else_a_word() -> None:
    assert [piece.text for piece in pieces("One two. Three four five", 20)] == ["One two. ", "Three four five"]
    assert [piece.text for piece in pieces("One two, three four five", 20)] == ["One two, ", "three four five"]
    assert [piece.text for piece in pieces("One two three four five", 20)] == ["One two three four ", "five"]
    assert [len(piece.text) for piece in pieces("x" * 50, 20)] == [20, 20, 10]


def test_no_piece_takes_long_to_say() -> None:
    assert len(list(pieces("word " * (PIECE_WEIGHT // 5)))) == 1
    for text in ("你" * 400, "9" * 400, "😀" * 400):
        assert max(len(piece.text) for piece in pieces(text)) == PIECE_WEIGHT // 4


@pytest.mark.parametrize(
    ("text", "final", "spoken"),
    [
        ("I went", True, "I went"),
        ("I went", False, "I went,"),
        ("I went ", False, "I went ,"),
        ("I went.", False, "I went."),
        ('he said "no!" ', False, 'he said "no!" '),
        ("我去了", False, "我去了,"),
        ("我去了。", False, "我去了。"),
    ],
)
def test_with_ending(text: str, final: bool, spoken: str) -> None:
    assert with_ending(text, final) == spoken


def test_a_word_is_told_once_and_where_it_is() -> None:
    text = 'On 2024-01-05, "we" paid'
    finder = WordFinder(text)
    assert finder.word(0, 2) == (0, 2)
    assert finder.word(3, 4) == (3, 10)
    assert [finder.word(position, 4) for position in (4, 7, 8, 11)] == [None] * 4
    assert finder.word(15, 0) == (16, 2)
    assert finder.word(19, 1) is None, "the space after a word is not the next one"
    assert finder.word(19, 5) == (20, 4), "but an event that reaches into it is"
    assert finder.word(0, 2) is None
    assert finder.word(24, 3) is None


def test_chinese_words_are_as_long_as_the_engine_says() -> None:
    assert WordFinder("世界很大").word(0, 1) == (0, 1)
    finder = WordFinder("世界很大")
    assert [finder.word(0, 2), finder.word(1, 1), finder.word(2, 1)] == [(0, 2), None, (2, 1)]
    assert WordFinder("世界").word(0, 3) == (0, 1), "longer than the text: not a length"


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20))
def test_words_lie_in_the_text_and_never_go_back(text: str, events: list[tuple[int, int]]) -> None:
    finder, end = WordFinder(text), 0
    for position, length in events:
        if word := finder.word(position, length):
            assert end <= word[0] < word[0] + word[1] <= len(text)
            end = sum(word)
