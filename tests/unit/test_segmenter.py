"""Where replies are cut: tables for English, Chinese and Japanese, timing, and properties of any text.

In the tables ``|`` stands where a cut is expected; it is not part of the text.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hayakuchi.core.types import Boundary
from hayakuchi.orchestrator.segmenter import Cut, Segmenter
from hypothesis import given, settings
from hypothesis import strategies as st

ENGLISH = [
    "Hello there. |How are you? |I'm fine!",
    "Hi! |What would you like to do today?",
    "Well, I think so, |and so does she.",
    "Yes, of course I do, |my friend. |Let's go.",
    "I see; |it works.",
    "One thing: |it works. |Fine.",
    "Note: it works. |Fine.",
    "Wait a moment—|what was that? |Oh.",
    "No way — |really? |Yes.",
    # What breaks elsewhere.
    "Pi is about 3.14159 or so. |Nice.",
    "It costs 1,000 dollars. |Wow.",
    "Go to example.com now! |Bye.",
    "OK... fine then. |Bye.",
    "OK... |Then we go.",
    "I love U.S. |It is big.",
    "I love U.S. history. |Do you?",
    "I met Dr. Smith today. |He was nice.",
    "This is v1.2.1 now. |Update it.",
    # Numbers, names, files.
    "The U.S. Government said no. |We left.",
    "At 5 a.m. Mr. Smith went out. |He came back.",
    "We met at 12:30 p.m. today. |It rained.",
    "She wrote e.g. Python and i.e. code. |Good.",
    "Bring pens, |paper, etc. and come. |Thanks.",
    "J. R. R. Tolkien wrote it. |I read it.",
    "I like plan B. |The other one is bad.",
    "So am I. |Then we agree.",
    "See No. 5 on the list. |It is good.",
    "No. |You cannot.",
    "Open conf.yaml and README.md first. |Then run it.",
    "Mail me@example.com, |please. |Thanks.",
    "Visit https://a.example/x?y=1&z=2! |It works.",
    "Visit https://a.example/x?Y=1,2;3. |It works.",
    "Use 192.168.1.1 there. |It works.",
    "It grew by 3.5% in 1990. |Then it fell.",
    "Version 2.0. |It is out.",
    "Node.js is fun. |Deno.land too.",
    "Prof. Oak vs. Gen. Lee is odd. |Right?",
    # Lists and lines.
    "1. Open the door. |2. Close it.",
    "Steps: 1. Open it. |2. Close it.",
    "1. First\n|2. Second\n|3. Third",
    "Line one\n|Line two\n\n|Line three",
    "- apples\n|- pears\n",
    # Quotes, brackets, emphasis.
    '"Stop!" she said. |He did.',
    '"Stop. Go now." |Then he left.',
    'He said "Go. Now." |Then he left.',
    "Really (I mean it. Truly.) |I do. |Bye.",
    "It works! |(Mostly.) |Fine.",
    "“Are you sure?” he asked. |“Yes.”",
    "*waves* Hello! |*giggles* Nice to meet you.",
    "*I wave. You wave.* Hello! |Bye.",
    "I *really. mean* it. |Bye.",
    "**Bold. Claim.** |That's it. |Bye.",
    "Use `a. B` here. |Bye.",
    "[stage. Tag] Hello! |Bye.",
    "See [the docs! Now](https://a.example). |Bye.",
    "**Hello!** |How are you?",
    "Don't. |Won't! |Can't?",
    # Emoji and faces.
    "Great!😊 |What now?",
    "Great! 😊 |What now?",
    "Hi 👨‍👩‍👧 all! 🇯🇵 |is far.",
    "Nice ^_^ I like it. |Do you?",
    "I'm sad :( but okay. |Are you?",
    "( ͡° ͜ʖ ͡°) Hello! |Bye.",
    "Yay! |(^. ^) so happy. |Bye.",
    "\\o/ We won! |Again!",
    # Marks in a row, small letters.
    "What?! |No!!! |Yes...",
    "Hmm... |Okay.",
    "i'm good. |how are you? |fine, thanks a lot.",
    "I use approx. five of them. |Ok.",
    "She works at Yahoo!search now. |Ok.",
    "Hello!|How are you? |Fine.",
    "Is it ok ? |Yes !",
    "5 > 3. |Right?",
]
CHINESE = [
    "你好！|今天天气很好，我们去公园吧。|好的！",
    "今天天气很好，|我们去公园吧。|走！",
    "我有3.5个苹果。|你呢？",
    "价格是1,000元。|贵吗？",
    "现在是12:30。|走吧！",
    "现在是12：30。|走吧！",
    "“你好！”他说。|我笑了。",
    "他说：“走吧。快点。”|然后走了。",
    "「走吧。」|「好。」",
    "*挥手*你好！|很高兴见到你。",
    "你好!|我是小明。",
    "我喜欢Python，|你呢？|还行。",
    "看https://a.example/x?a=1。|很好。",
    "我……|我不知道。",
    "请等一下——|这是什么？|哦。",
    "好的😊走吧！|再见😊！",
    "太好了！😊|我们走吧。",
    "（小声说。真的）你好。|再见。",
    "首先；其次，|然后结束。",
    "【旁白。开始】大家好！|我来了。",
]
JAPANESE = [
    "「行くよ！」",
    "「行くよ！」と言った。|「うん。」",
    "今日は3.5倍です。|すごい！",
    "こんにちは！|お元気ですか？|はい。",
    "今日はいい天気ですね、|散歩に行きましょう。|ね？",
    "えっと、今日は何をしますか？|遊ぼう！",
    "「そうですか。はい。」と彼は言った。|終わり。",
    "やった！|(^_^)",
    "すごい！！|本当？！|うん。",
    "そうだね…|行こう。",
    "ありがとう♪また明日！",
    "『本を読む。寝る。』|それだけ。|おわり。",
    "OK。|Next。",
    "１．５倍です。|はい。",
]


def cut(text: str, size: int = 1, **options: bool) -> list[str]:
    segmenter = Segmenter(**options)
    cuts: list[Cut] = []
    for start in range(0, len(text), size):
        cuts += segmenter.feed(text[start : start + size], 0.0)
    return [piece.text for piece in cuts + segmenter.flush()]


@pytest.mark.parametrize("marked", ENGLISH + CHINESE + JAPANESE)
def test_cuts_where_a_reader_pauses(marked: str) -> None:
    text = marked.replace("|", "")
    for size in (1, 2, 3, 7, len(text)):
        assert cut(text, size) == marked.split("|")


def test_the_table_is_large() -> None:
    assert len(set(ENGLISH + CHINESE + JAPANESE)) >= 80


@pytest.mark.parametrize(
    ("text", "boundaries"),
    [
        ("Well now, that is it. Bye.", [Boundary.CLAUSE, Boundary.SENTENCE, Boundary.SENTENCE]),
        ("No mark at all", [Boundary.SENTENCE]),
    ],
)
def test_a_cut_knows_its_boundary_and_place(text: str, boundaries: list[Boundary]) -> None:
    segmenter = Segmenter()
    cuts = segmenter.feed(text, 0) + segmenter.flush()
    assert [piece.boundary for piece in cuts] == boundaries
    assert all(text[piece.start :].startswith(piece.text) for piece in cuts)


def test_the_first_piece_can_stand_alone() -> None:
    assert cut("Oh, well, I see.") == ["Oh, well, ", "I see."]
    assert cut("好，我们现在去。") == ["好，我们现在去。"]
    assert cut("... Hello! You.") == ["... Hello! ", "You."]


def test_nothing_unspeakable_is_cut_alone_before_the_end() -> None:
    for text in ("...\n\n!!! ??? Hello.", "😊! 😊! 😊! Hi.", "*waves.* \n Hi."):
        assert cut(text) == [text]


def test_sentences_only_ignores_clauses() -> None:
    assert cut("Well now, that is it. Bye, you.", sentences_only=True) == ["Well now, that is it. ", "Bye, you."]


def test_whole_cuts_nothing_before_the_end() -> None:
    segmenter = Segmenter(whole=True)
    assert segmenter.feed("Hello. How are you?\nFine.", 0) == []
    assert segmenter.poll(10_000, 0, 80) == []
    assert segmenter.next_poll() is None
    assert segmenter.flush() == [Cut("Hello. How are you?\nFine.", 0, Boundary.SENTENCE)]
    assert segmenter.flush() == []


# Silence of the token stream.


@pytest.mark.parametrize(
    ("text", "silence"),
    [
        ("Hello world.", 250),
        ('He said "no."', 250),
        ("Hello world!", 60),
        ("Hello 😊!", 60),
        ("**Hello!**", 60),
        ("「行くよ！」", 60),
        ("你好。", 60),
        ("Hello my friend,", 60),
        ("It costs 3.", 1000),
        ("I have 1,", 250),
        ("Well…", 250),
        ("Hello! ", 0),
        ("Hello.\n", 0),
        ("I saw etc.", 250),
    ],
)
def test_silence_settles_what_the_next_character_would(text: str, silence: float) -> None:
    segmenter = Segmenter()
    assert segmenter.feed(text, 1000.0) == []
    assert segmenter.next_poll() == 1000.0 + silence
    if silence:
        assert segmenter.poll(999.0 + silence, 0, 80) == []
    assert [piece.text for piece in segmenter.poll(1000.0 + silence, 0, 80)] == [text]
    assert segmenter.next_poll() is None
    assert segmenter.flush() == []


@pytest.mark.parametrize(
    "text",
    ["I met Dr.", "I met J.", "Hello", "1.", "Hello (wait.", "「行くよ。", "*I wave.", "!!", "See example", "Hi :"],
)
def test_silence_does_not_cut_what_goes_on(text: str) -> None:
    segmenter = Segmenter()
    segmenter.feed(text, 0)
    assert segmenter.next_poll() is None
    assert segmenter.poll(60_000, 0, 80) == []
    assert [piece.text for piece in segmenter.flush()] == [text]


def test_a_number_goes_on_after_a_short_stall() -> None:
    segmenter = Segmenter()
    segmenter.feed("Pi is 3.", 0)
    assert segmenter.poll(300, 0, 80) == []
    assert segmenter.feed("14. Nice", 300) == [Cut("Pi is 3.14. ", 0, Boundary.SENTENCE)]


def test_text_after_a_cut_by_silence_is_kept() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello!", 0)
    assert [piece.text for piece in segmenter.poll(60, 0, 80)] == ["Hello!"]
    assert segmenter.feed('" and so. ', 100) == []
    assert [piece.text for piece in segmenter.flush()] == ['" and so. ']


# Audio in hand.


def test_short_sentences_are_joined_while_there_is_slack() -> None:
    segmenter = Segmenter()
    assert len(segmenter.feed("Hello there. I", 0)) == 1
    assert segmenter.poll(0, 2000, 80) == []
    assert segmenter.feed(" see. Yes. You are right about all of that. N", 0) == [
        Cut("I see. Yes. You are right about all of that. ", 13, Boundary.SENTENCE)
    ]


def test_a_short_sentence_goes_out_when_slack_runs_out() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello there. I", 0)
    segmenter.poll(0, 2000, 100)
    assert segmenter.feed(" see. Then we", 0) == []
    assert segmenter.next_poll() == pytest.approx(2000 - 100 - 400)
    assert segmenter.poll(1400, 600, 100) == []
    assert segmenter.poll(1500, 500, 100) == [Cut("I see. ", 13, Boundary.SENTENCE)]


def test_short_cjk_sentences_are_joined_too() -> None:
    segmenter = Segmenter()
    assert len(segmenter.feed("你好！我", 0)) == 1
    segmenter.poll(0, 2000, 80)
    assert segmenter.feed("很好。你呢？今天天气真的很不错。走", 0) == [
        Cut("我很好。你呢？今天天气真的很不错。", 3, Boundary.SENTENCE)
    ]


def test_clauses_go_out_when_slack_is_short() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello there. I think, you know, t", 0)
    assert segmenter.poll(0, 1000, 80) == []
    assert segmenter.next_poll() == pytest.approx(1000 - 80 - 250)
    assert segmenter.poll(800, 200, 80) == [Cut("I think, you know, ", 13, Boundary.CLAUSE)]
    assert segmenter.feed("hat this is it, yes", 800) == [Cut("that this is it, ", 32, Boundary.CLAUSE)]


def test_clauses_wait_when_nothing_was_told_of_audio() -> None:
    segmenter = Segmenter()
    segmenter.feed("Hello there. I think, you know, that", 0)
    assert segmenter.next_poll() is None


def test_sentences_only_never_takes_clauses_for_want_of_audio() -> None:
    segmenter = Segmenter(sentences_only=True)
    segmenter.feed("Hello there. I think, you know, t", 0)
    assert segmenter.poll(0, 0, 80) == []
    assert segmenter.next_poll() is None


@settings(deadline=None)
@given(st.text(alphabet='Hi you, .!?\n。、好*("1', max_size=60), st.floats(0, 3000), st.floats(0, 500))
def test_polling_at_the_time_told_gets_something(text: str, ahead: float, ttfb: float) -> None:
    segmenter = Segmenter()
    segmenter.feed(text, 0)
    segmenter.poll(0, ahead, ttfb)
    polls = 0
    while (due := segmenter.next_poll()) is not None:
        assert segmenter.poll(due, max(ahead - due, 0), ttfb)
        polls += 1
        assert polls <= len(text)


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


def test_work_grows_with_the_text_and_not_with_its_square() -> None:
    def lines(text: str) -> int:
        count = 0

        def trace(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal count
            count += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            cut(text, 3)
        finally:
            sys.settrace(before)
        return count

    for unit in ("a", "(", "!", "word ", "*a* ", "你", "「", "Hi. (", '"x', "`"):
        few, many = (lines(unit * (count // len(unit))) for count in (800, 1600))
        assert many < 2.3 * few, unit


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
    segmenter = Segmenter()
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
