"""What counts as an opener, in the form in which it is spoken; and that the way it came in pieces does not matter."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.agents.opener import MAX_WORDS, OpenerReader


def opener(*pieces: str, language: str = "en") -> str | None:
    reader = OpenerReader(name="Kiyo", language=language)
    for piece in pieces:
        reader.feed(piece)
    reader.finish()
    return reader.opener


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Oh no, that is awful", "Oh no,"),
        ("Oh no.", "Oh no,"),
        ("Oh no…", "Oh no,"),
        ("oh no", "Oh no,"),
        ("Oh no!", "Oh no,"),
        ("Oh no — really", "Oh no,"),
        ("Oh no - really", "Oh no,"),
        ("Oh no\nreally", "Oh no,"),
        ("Let me think...", "Let me think,"),
        ("Wow!", "Wow!"),
        ("Wow !", "Wow!"),
        ("Uh-huh, go on", "Uh-huh,"),
        ("That’s rough,", "That’s rough,"),
        ("¡Vaya!", "¡Vaya!"),
        ("¡Qué bien!", "Qué bien,"),
        ("Ça alors !", "Ça alors,"),
        ("嗯，我觉得", "嗯，"),
        ("让我想想。", "让我想想，"),
        ("哇！", "哇！"),
        ("太好了呀！", "太好了呀，"),
        ("えっと…", "えっと、"),
        ("わあ〜！", "わあ！"),
        ("아 그렇구나, 그럼", "아 그렇구나,"),
        ("와!", "와!"),
        ("आह, सच", "आह,"),
        ("يا إلهي، هذا", "يا إلهي،"),
        ("  [joy] Yay!", "Yay!"),
        ("[joy][smug] Nice,", "Nice,"),
        ("*gasps* Oh my!", "Oh my,"),
        ("**Oh no,** he said", "Oh no,"),
        ("(laughs) Right,", "Right,"),
        ("（笑）なるほど、", "なるほど、"),
        ('"Oh dear," she said', "Oh dear,"),
        ("「えっと、」", "えっと、"),
        ("😢 Oh no 😢", "Oh no,"),
        ("Oh no *sig", "Oh no,"),
        ("...Oh, well", "Oh,"),
        ("Kiyo: Hmm,", "Hmm,"),
        ("Assistant: Hmm,", "Hmm,"),
        ("<think>He is sad.</think>Oh no,", "Oh no,"),
        ("Hmm,<|im_end|>", "Hmm,"),
    ],
)
def test_openers(answer: str, expected: str) -> None:
    assert opener(answer) == expected
    assert opener(*answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " \n ",
        "!!!",
        "😢",
        "*waves*",
        "[joy]",
        "That is really very kind",
        "我今天真的很高兴",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "What?",
        "真的？",
        "3 cats,",
        "Room 12,",
        "As an AI,",
        "I'm an assistant,",
        "I’m sorry,",
        "Sorry,",
        "I cannot,",
        "抱歉，",
        "申し訳ありません、",
        "Dr. Smith",
        "Listen: now",
        "get_weather(city)",
        '{"name": "Kiyo"}',
        "`ls`, 1",
        "https://example.com",
        "a@b.example",
        "<think>He is sad",
        "x" * 1000,
        "[" * 1000,
    ],
)
def test_what_is_no_opener(answer: str) -> None:
    assert opener(answer) is None
    assert opener(*answer) is None


def test_the_characters_language_says_which_comma_chinese_characters_get() -> None:
    assert opener("成程。", language="ja") == "成程、"
    assert opener("好的。", language="zh-CN") == "好的，"


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("Oh no, that", "Oh no,"),
        ("Wow! That", "Wow!"),
        ("嗯，我", "嗯，"),
        ("I am really sure of it", "I am really s"),
        ("No. 5", "No."),
        ("12", "1"),
        ("What? Me", "What?"),
    ],
)
def test_it_is_done_as_soon_as_it_can_be(answer: str, read: str) -> None:
    reader = OpenerReader()
    count = next(index for index, char in enumerate(answer, 1) if reader.feed(char))
    assert answer[:count] == read


def test_nothing_is_read_once_it_is_done() -> None:
    reader = OpenerReader()
    assert reader.feed("Oh, and then 1 2 3")
    reader.feed("Wow!")
    reader.finish()
    assert reader.opener == "Oh,"


ODD = st.text(st.sampled_from(list("ohnO ,.!?:\n'-*[]()<>/thik\"嗯，えっと、！😢3é_")), max_size=25)


@given(ODD | st.text(max_size=30), st.integers(0, 30))
def test_pieces_do_not_matter_and_an_opener_is_short_words_and_one_mark(text: str, at: int) -> None:
    found = opener(text)
    assert found == opener(text[:at], text[at:]) == opener(*text)
    if found is not None:
        assert re.fullmatch(r"¡?[^\W\d_][^\d_\[\]<>*()\"]*[,，、،!！]", found)
        assert len(found.split()) <= MAX_WORDS
        assert "  " not in found
        assert "\n" not in found
