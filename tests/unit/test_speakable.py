"""What a voice gets for a piece of the reply."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hayakuchi.orchestrator.speakable import speakable

ACTIONS_AND_EMPHASIS = [
    ("I *really* mean it", "I really mean it"),
    ("That is *so* cool", "That is so cool"),
    ("*Really* good", "Really good"),
    ("Wow! *This* is great", "Wow! This is great"),
    ("_Really_ good, _so_ good", "Really good, so good"),
    ("*waves* Hello", "Hello"),
    ("*Waves* Hello", "Hello"),
    ("Hello! *giggles*", "Hello!"),
    ("Hello! _giggles_", "Hello!"),
    ("Hello! *Giggles.*", "Hello!"),
    ("Hello 😊 *giggles* you", "Hello you"),
    ("Hello.\n*giggles softly, then bows*\nBye.", "Hello. Bye."),
    ("*nods*, okay", "okay"),
    ("*挥手*你好", "你好"),
    ("你好！*挥手*", "你好！"),
    ("我*真的*喜欢", "我真的喜欢"),
    ("私は*とても*好き", "私はとても好き"),
    ("Mr. *strange* guest", "Mr. strange guest"),
    ("**Bold** and __bold__ and ***both***", "Bold and bold and both"),
    ("**Note:** *fine*", "Note: fine"),
    ("snake_case and a_b_c", "snake case and a b c"),
    ("3 * 4 is 2*6", "3 × 4 is 2 × 6"),
    ("a stray * here, or_", "a stray here, or"),
]
MARKUP = [
    ("# Title\ntext", "Title. text"),
    ("## Title ##", "Title"),
    ("- one\n- two.\n* three\n+ four", "one. two. three. four"),
    ("- [ ] do it\n- [x] done", "do it. done"),
    ("1. one\n2) two", "1. one. 2. two"),
    ("> quoted\n> text", "quoted. text"),
    ("苹果\n香蕉", "苹果。香蕉"),
    ("See [the docs](https://a.example/x_(y)).", "See the docs."),
    ('See [the docs](https://a.example "Title") now', "See the docs now"),
    ("See [the docs][1] now", "See the docs now"),
    ("![a cat](cat.png) here", "a cat here"),
    ("Run `x = 1` or ``y``.", "Run x = 1 or y."),
    ("```py\nx = 1\n```\nDone", "Done"),
    ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a, b. 1, 2"),
    ("one\n---\ntwo", "one. two"),
    ("~~old~~ new", "old new"),
    ("<b>bold</b><br/>", "bold"),
    ('<break time="1s"/>go', "go"),
    ("a < b, 5 > 3", "a < b, 5 > 3"),
    (r"\*not\* bold", "not bold"),
    ("#fun with C# and #1", "fun with C# and #1"),
]
ADDRESSES = [
    ("See https://a.example/x?y=1#z now", "See now"),
    ("See https://a.example/x. Bye", "See. Bye"),
    ("See www.a.example!", "See!"),
    ("看https://a.example/x。很好", "看。很好"),
    ("(https://a.example) ok", "ok"),
    ("<https://a.example>", ""),
    ("HTTPS://A.EXAMPLE", ""),
    ("Mail me@a.example, please", "Mail me@a.example, please"),
    ("Go to example.com now", "Go to example.com now"),
]
FACES = [
    ("Hi 😊", "Hi"),
    ("👨‍👩‍👧 🇯🇵 1️⃣ #️⃣ ❤️ 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ok", "ok"),
    ("Great!🎉🎉 Next", "Great! Next"),
    ("♪ la la ♪ ★", "la la"),
    ("(^_^) yes", "yes"),
    ("(´▽`) yes", "yes"),
    ("( ͡° ͜ʖ ͡°) yes", "yes"),
    ("\\o/ yes", "yes"),
    ("\\(^o^)/ yes", "yes"),
    ("¯\\_(ツ)_/¯ yes", "yes"),
    ("(╯°□°）╯︵ ┻━┻ no", "no"),
    ("やった！(≧▽≦)／", "やった！"),
    ("やった（´・ω・｀）ね", "やった ね"),
    ("T_T sad :( >_< ^_^ -_- o_O no", "sad no"),
    ("Fine :) and :D and ;-) <3", "Fine and and"),
    ("x<3 and 10:3 stay", "x<3 and 10:3 stay"),
    ("(maybe) (in 2024) (C++) (1+1)", "(maybe) (in 2024) (C++) (1+1)"),
]
DIRECTIONS = [
    ("[sighs] Fine", "Fine"),
    ("Well [1] yes", "Well yes"),
    ("【喜】こんにちは", "こんにちは"),
    ("(laughs) Fine", "Fine"),
    ("(giggles softly) Fine", "Fine"),
    ("(softly sighs) Fine", "Fine"),
    ("(clears throat) Fine", "Fine"),
    ("(smiling) Fine", "Fine"),
    ("ははは（笑）", "ははは"),
    ("好的(挥手)", "好的"),
    ("(really) (cats) (thanks) (this is it) (king)", "(really) (cats) (thanks) (this is it) (king)"),
]
UNSPEAKABLE = [
    "",
    " ",
    "...",
    "…",
    "！？",
    "😊",
    "(^_^)",
    "*waves*",
    "[joy]",
    "---",
    "\n\n",
    "https://a.example",
    "「」",
    "♪",
    "ー",
    "***",
]
TEXT = [
    ("Hello\u200b there\u202e!", "Hello there!"),
    ("h̷̢e̵̡l̶̢l̵̛o", "hello"),
    ("cafe\u0301 and Việt", "café and Việt"),
    ("นี่คือ हिन्दी", "นี่คือ हिन्दी"),
    ("a\x00b\x07c\ud800d", "abcd"),
    ("two   spaces\tand , comma", "two spaces and, comma"),
    ("...what?", "what?"),
    ("-5 or .5 or $5, 50% at 25°C", "-5 or .5 or $5, 50% at 25°C"),
    ("わーい〜 ね～", "わーいー ねー"),
    ("10~20 is ~15", "10~20 is 15"),
    ("'Tis \"fine\", isn't it?", "'Tis \"fine\", isn't it?"),
    ("「行くよ！」と言った。", "「行くよ！」と言った。"),
]


@pytest.mark.parametrize(("text", "speech"), ACTIONS_AND_EMPHASIS + MARKUP + ADDRESSES + FACES + DIRECTIONS + TEXT)
def test_leaves_what_a_reader_would_say(text: str, speech: str) -> None:
    assert speakable(text) == speech


@pytest.mark.parametrize("text", UNSPEAKABLE)
def test_nothing_is_left_of_what_cannot_be_said(text: str) -> None:
    assert speakable(text) == ""


def test_a_span_within_a_sentence_is_no_action() -> None:
    assert speakable("*really* good", opens=False) == "really good"
    assert speakable("so. *nods* Good", opens=False) == "so. Good"


@pytest.mark.parametrize(
    ("text", "lexicon", "speech"),
    [
        ("AI is in PAIN", {"AI": "ay eye"}, "ay eye is in PAIN"),
        ("我爱AI技术", {"AI": "人工智能"}, "我爱人工智能技术"),
        ("早口と早い", {"早": "はや", "早口": "はやくち"}, "はやくちとはやい"),
        ("New York, New Yorker", {"New": "n", "New York": "NY"}, "NY, n Yorker"),
        ("C++ and C", {"C++": "see plus plus", "C": "see"}, "see plus plus and see"),
        ("**Kiyo** san", {"Kiyo": "Kee-yo"}, "Kee-yo san"),
        ("cafe\u0301", {"café": "kaffay"}, "kaffay"),
        ("x", {"": "y"}, "x"),
        ("a.b axb", {"a.b": "dot"}, "dot axb"),
        ("a b", {"a": "b", "b": "a"}, "b a"),
    ],
)
def test_pronounces_by_the_lexicon(text: str, lexicon: dict[str, str], speech: str) -> None:
    assert speakable(text, lexicon) == speech


PARTS = (
    "*|**|***|_|__|`|```|\n|# |- |1. |> ||\\||~~|~|[x]|[|](|)|(laughs)|【|】|<b>|<|>|https://|www.|a.example|://|😊|❤️|\u200d|\ufe0f|1\u20e3"
    "|🇯|(^_^)|(|:)|T_T|\\o/|\\|/|Hello|waves|A|a|3|你好|は|〜|ー|。|！|.|,|!|…| |  |\u0301|\u0337|\u202e|\x00|\ud800"
    "|♪|&|'|\"|-|—|=|^|{|}"
)
TEXTS = st.one_of(
    st.text(st.characters(), max_size=80), st.lists(st.sampled_from(PARTS.split("|")), max_size=40).map("".join)
)
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u200d\ufe0f\u20e3\U000e0020-\U000e007f]")
ADDRESS = re.compile(r"https?://|\bwww\.\w", re.IGNORECASE)
MARKED = re.compile(r"\*|`|\[|\]|【|】|^#{1,6} |__|~~|</?[a-z]+/?>", re.IGNORECASE)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.booleans())
@example("[*a](b)*", True)
@example("w*w*w.a.example", True)
@example("ht[x]tps://a.example", True)
def test_any_text_becomes_plain_speech(text: str, opens: bool) -> None:
    speech = speakable(text, opens=opens)
    assert EMOJI.search(speech) is None
    assert ADDRESS.search(speech) is None
    assert MARKED.search(speech) is None
    assert not re.search(r"[\x00-\x1f\u200b-\u200f\u202a-\u202e\ud800-\udfff]", speech)
    assert speech == speech.strip()
    assert speech == "" or any(ch.isalnum() for ch in speech)
    again = speakable(speech)
    assert MARKED.search(again) is None
    assert EMOJI.search(again) is None


@settings(deadline=None)
@given(st.lists(st.sampled_from(["hello", "there", "I'm", "fine", "你好", "café"]), min_size=1).map(" ".join))
def test_plain_words_stay(text: str) -> None:
    assert speakable(f"{text}.") == f"{text}."


@pytest.mark.parametrize(
    "unit",
    [
        "*",
        "_",
        "(",
        "[",
        "`",
        "a*",
        "<a ",
        "(^",
        "www.",
        "\n- ",
        "|-",
        " ~",
        "#",
        ")",
        "(a",
        "![",
        "](",
        "1.",
        "(laugh",
        "__a ",
        "**a ",
        "<a =",
        "<a =b",
        "```\n",
        "| a ",
    ],
)
def test_long_repetitions_are_read_in_moderate_time(unit: str) -> None:
    assert len(speakable(unit * 3000)) <= 4 * 3000 * len(unit)
