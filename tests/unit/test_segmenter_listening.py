"""What a listener hears of long replies, with scripted models and voices in virtual time."""

from __future__ import annotations

import pytest
from speech_model import Heard, Models, listen, tokens

from hayakuchi.orchestrator.segmenter import Cut, Segmenter

ENGLISH = (
    "Well I was thinking about what you said yesterday, and honestly it made me laugh for hours. So the game we are"
    " going to play tonight is a very old one. It came out before most of you were born! Do you remember the sound "
    "it made when you lost? I used to play it with my little brother every single weekend until our mother told us "
    "to go outside. He always won. I never found out how he did it, because he kept his tricks to himself like a "
    "real villain. Anyway, let me show you the first level while I still have some courage left. If I scream please"
    " forgive me, my neighbours already did. Ready? "
)
CHINESE = (
    "说实话我昨天晚上一直在想大家给我留的那些话，想着想着就睡不着了。今天我们要玩的这个游戏其实非常老。它出来的时候你们大部分人可能"
    "还没有出生！你们还记得输掉的时候那个声音吗？我以前每个周末都会和弟弟一起玩到妈妈叫我们出去为止。他总是赢。我一直不知道他是怎么"
    "做到的，因为他从来不肯把秘密告诉我。总之，趁我现在还有一点勇气，先给大家看看第一关吧。如果我突然叫出来请原谅我，邻居们早就习惯"
    "了。准备好了吗？"
)
JAPANESE = (
    "実は昨日の夜みんながくれたメッセージをずっと読んでいて、気がついたら朝になっていました。今日これから遊ぶゲームはとても古いもの"
    "なんです。発売されたのはたぶんみんなが生まれる前だと思います！負けたときのあの音を覚えていますか？私は小さいころ毎週末に弟と一緒"
    "に母に怒られるまで遊んでいました。弟はいつも勝ちました。どうやっていたのか今でもわからないんです、秘密を絶対に教えてくれなかった"
    "ので。とにかく、まだ勇気が残っているうちに最初のステージを見せますね。急に叫んだら許してください、隣の人はもう慣れています。準備は"
    "いいですか？"
)
REPLIES = {"en": ENGLISH * 3, "zh": CHINESE * 3, "ja": JAPANESE * 3}
SENTENCES = 30
MODELS = [
    Models(first_token, token, ttfb, rtf)
    for first_token, token in ((150, 15), (400, 30))
    for ttfb, rtf in ((80, 0.05), (150, 0.5), (80, 0.6), (150, 0.6))
]


def heard(language: str, models: Models) -> Heard:
    segmenter = Segmenter(deadline=200.0, grace=40.0, ttfb=models.ttfb_ms)
    return listen(segmenter, tokens(REPLIES[language]), models)


@pytest.mark.parametrize("models", MODELS, ids=str)
@pytest.mark.parametrize("language", REPLIES)
def test_first_words_in_time_no_gap_and_whole_sentences(language: str, models: Models) -> None:
    what = heard(language, models)
    assert "".join(cut.text for cut in what.cuts) == REPLIES[language]
    assert what.first_audio_ms <= models.first_token_ms + 3 * models.token_ms + models.ttfb_ms
    assert what.stalls == 0
    assert what.good_share >= 0.9
    assert len(what.cuts) <= SENTENCES / 0.6


def test_the_model_of_the_voice_can_stall() -> None:
    """Two words at a time, each asked for when the one before has been spoken: the measure must see the gaps."""

    class Late(Segmenter):
        def poll(self, now: float, ahead: float, ttfb: float) -> list[Cut]:
            return super().poll(now, ahead + 300, 0.0) if ahead <= 0 else []

    models = Models(150, 30, 150, 0.6)
    assert listen(Late(deadline=200.0), tokens("Hello there. " + "word " * 60), models).stalls > 0
