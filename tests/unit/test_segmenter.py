"""Where replies are cut: tables for English, Chinese, Japanese and some others.

In the tables ``|`` stands where a cut is expected; it is not part of the text.
"""

from __future__ import annotations

import pytest

from hayakuchi.core.types import Boundary
from hayakuchi.orchestrator.segmenter import Cut, Segmenter

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
    "Please turn to p. 55. |Thanks.",
    "Let's ask Jane and co. |They should know.",
    "I visited the U.S.A. last year. |You too?",
    "That is JFK Jr.'s book. |Read it.",
    "He teaches science (He was there for years.) at the local school. |Ok.",
    'She said, |"This is great." |She left.',
    "I never meant that.... |She left the store.",
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
    "Yay! (^. ^) |So happy. |Bye.",
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
    "やった！(^_^)",
    "すごい！！|本当？！|うん。",
    "そうだね…|行こう。",
    "ありがとう♪また明日！",
    "『本を読む。寝る。』|それだけ。|おわり。",
    "OK。|Next。",
    "１．５倍です。|はい。",
]
OTHERS = [
    "안녕하세요. |반갑습니다! |3.5배예요. |뭐 해요?",
    "Привет, как дела? |Хорошо.",
    "¿Qué tal? |¡Bien! |Vale.",
    "Bonjour ! |Ça va ?",
    "„Hallo. Du.“ sagte er. |Ja.",
]


def cut(text: str, size: int = 1, **options: bool) -> list[str]:
    segmenter = Segmenter(**options)
    cuts: list[Cut] = []
    for start in range(0, len(text), size):
        cuts += segmenter.feed(text[start : start + size], 0.0)
    return [piece.text for piece in cuts + segmenter.flush()]


@pytest.mark.parametrize("marked", ENGLISH + CHINESE + JAPANESE + OTHERS)
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
