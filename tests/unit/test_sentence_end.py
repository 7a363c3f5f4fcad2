"""Whether a text sounds over, in several languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.asr.sentence_end import Ending, judge, marked

OPEN, BARE, STOP, QUESTION = Ending.OPEN, Ending.BARE, Ending.STOP, Ending.QUESTION

CASES = [
    ("en", "I went to the store.", STOP),
    ("en", "I went to the store", BARE),
    ("en", "I went to the.", OPEN),
    ("en", "I went to the", OPEN),
    ("en", "I want to buy a guitar and.", OPEN),
    ("en", "Um.", OPEN),
    ("en", "It was great, you know.", OPEN),
    ("en", "I stayed home because.", OPEN),
    ("en", "Could you.", OPEN),
    ("en", "Well, I was thinking,", OPEN),
    ("en", "I was going to say...", OPEN),
    ("en", "I was going to say…", OPEN),
    ("en", "And then he -", OPEN),
    ("en", "If it rains tomorrow.", OPEN),
    ("en", "When I was a child.", OPEN),
    ("en", "If it rains tomorrow, we stay at home.", STOP),
    ("en", "When is it", BARE),
    ("en", "Are you", OPEN),
    ("en", "Is there.", OPEN),
    ("en", "Are you there", BARE),
    ("en", "Do it.", STOP),
    ("en", "You.", OPEN),
    ("en", "We have", OPEN),
    ("en", "I bought a new.", OPEN),
    ("en", "What would you do if you", OPEN),
    ("en", "My phone does not.", OPEN),
    ("en", "I don't.", STOP),
    ("en", "Of course not.", STOP),
    ("en", "Not", BARE),
    ("en", "I think so.", STOP),
    ("en", "Come in.", STOP),
    ("en", "That is who I am.", STOP),
    ("en", "Yes.", STOP),
    ("en", "I’m.", OPEN),
    ("en", "He said “I know.”", STOP),
    ("en", "Where are you from?", QUESTION),
    ("en", "Have you heard the?", OPEN),
    ("en", "What a day!", QUESTION),
    ("en", "It is late. I want to go to the.", OPEN),
    ("en", "I gave it to the. It was nice.", STOP),
    ("de", "Ich gehe nach Hause.", STOP),
    ("de", "Ich gehe nach Hause und.", OPEN),
    ("fr", "Je voudrais un.", OPEN),
    ("es", "Quiero comprar una.", OPEN),
    ("it", "Vorrei un gelato.", STOP),
    ("it", "Vorrei un gelato", BARE),
    ("zh", "我想吃饭。", STOP),
    ("zh", "我想吃饭", BARE),
    ("zh", "我吃完了", STOP),
    ("zh", "我想吃饭，", OPEN),
    ("zh", "我昨天去了商店，然后", OPEN),
    ("zh", "我昨天去了商店然后。", OPEN),
    ("zh", "我觉得不错，但是。", OPEN),
    ("zh", "那个", OPEN),
    ("zh", "你好吗", QUESTION),
    ("zh", "你叫什么", QUESTION),
    ("zh", "你喜欢什么？", QUESTION),
    ("zh", "如果明天下雨的话。", OPEN),
    ("ja", "今日はいい天気です", STOP),
    ("ja", "今日はいい天気です。", STOP),
    ("ja", "今日はいい天気だけど", OPEN),
    ("ja", "今日はいい天気ですけど。", OPEN),
    ("ja", "えっと", OPEN),
    ("ja", "家に帰って", OPEN),
    ("ja", "雨が降ったら。", OPEN),
    ("ja", "これはペンですか", QUESTION),
    ("ja", "元気？", QUESTION),
    ("ko", "집에 가요", STOP),
    ("ko", "집에 갔는데", OPEN),
    ("ko", "그리고", OPEN),
    ("ko", "밥을 먹고.", OPEN),
    ("ko", "안녕하십니까", QUESTION),
    ("ko", "저는 학생입니다.", STOP),
]


@pytest.mark.parametrize(("language", "text", "ending"), CASES)
def test_how_a_text_ends(language: str, text: str, ending: Ending) -> None:
    assert judge(text, language) is ending


@pytest.mark.parametrize(("language", "text", "ending"), [it for it in CASES if it[0] in ("en", "zh", "ko")])
def test_letters_tell_the_language_where_nobody_does(language: str, text: str, ending: Ending) -> None:
    assert judge(text, None) is ending


def test_letters_of_one_language_go_before_what_the_recogniser_says() -> None:
    assert judge("집에 갔는데", "en") is OPEN
    assert judge("えっと", "zh") is OPEN


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Yes.", True),
        ("好。", True),
        ("Yes", False),
        ("Yes...", False),
        ("Really?", True),
        ("", False),
        ("“No.”", True),
    ],
)
def test_marks_that_end_sentences(text: str, there: bool) -> None:
    assert marked(text) is there


@given(st.text(max_size=200), st.sampled_from([None, "", "en", "zh", "ja", "ko", "de", "xx"]))
def test_any_text_has_an_ending(text: str, language: str | None) -> None:
    assert judge(text, language) in Ending
    assert marked(text) in (True, False)


def test_nothing_said_is_neither() -> None:
    assert judge("", None) is BARE
    assert judge("  ", "en") is BARE
    assert judge(".", "en") is STOP
