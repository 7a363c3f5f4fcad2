"""The first words have a deadline; the later ones are due as the sound runs out."""

from __future__ import annotations

import pytest

from hayakuchi.core.types import Boundary
from hayakuchi.orchestrator.cutter import Cutter
from hayakuchi.orchestrator.segmenter import Segmenter


def first(tokens: list[str], **options: float | bool) -> tuple[str, int] | None:
    """The first piece, and with how many tokens it came, when every token is late."""
    segmenter = Segmenter(deadline=0.0, **options)  # pyright: ignore[reportArgumentType]
    for count, token in enumerate(tokens, 1):
        now = 10.0 * count
        cuts = segmenter.feed(token, now) + segmenter.poll(now, 0, 80)
        if cuts:
            return cuts[0].text, count
    return None


# The first words.


@pytest.mark.parametrize(
    ("tokens", "piece"),
    [
        ("We| went| to", "We went "),
        ("Hello| there| my", "Hello there "),
        ("In| the| middle| of", "In the middle "),
        ("The| quick| brown", "The quick "),
        ("This| is| the| very| best", "This is "),
        ("Ask| Dr|.| Smith| to", "Ask Dr. Smith "),
        ("It| is| 3|.|14| or", "It is 3.14 "),
        ("See| v1|.|2|.|1| now", "See v1.2.1 "),
        ("Dial| 555| 0199| now", "Dial 555 0199 "),
        ("[tag] Hi| there| you", "[tag] Hi there "),
        ("*waves. a lot* Hi| there| you", "*waves. a lot* Hi there "),
        ("Look| at| https|:|//|a|.|ex|/?a,b| now", "Look at https://a.ex/?a,b "),
        ("Hi| my| friend|,| you", "Hi my friend,"),
        ("今天|天气|真的|很好", "今天天气真的"),
        ("私は|昨日|友達", "私は昨日"),
        ("我們|今天|要去|公園", "我們今天"),
        ("오늘은| 정말| 날씨가", "오늘은 정말 "),
        ("Bonjour| à| tous| mes", "Bonjour à tous "),
        ("第三|百二|十一|号的|车站|在哪", "第三百二十一号的"),
        ("Well|,| to| be| honest", "Well,"),
        ("Wait|,| did| you", "Wait,"),
        ("哎呀|，|谢谢|你的|礼物", "哎呀，"),
        ("えっと|、|それ|は", "えっと、"),
        ("와|,| 그거| 정말", "와,"),
        ("我想|说—|—|算了|没事", "我想说——算了"),
        ("In| New| York| City| there| is", "In New York City "),
        ("The| Great| Wall| of", "The Great Wall "),
        ("Hello| Mika| I|'m| so", "Hello Mika "),
        ("OH| THAT| CAT| IS", "OH THAT CAT "),
        ("Yes| Mika| is| here| now", "Yes Mika "),
        ("There| are| a| lot| of", "There are a lot "),
        ("It| is| one| of| my| dearest", "It is "),
        ("That| is| not| what| I", "That is "),
        ("So| I| was| walking| home", "So "),
        ("The| best| part| of", "The best part "),
        ("My| favorite| food| is", "My favorite food "),
        ("I| can't| believe| that", "I can't believe "),
        ("I| can’t| believe| that", "I can’t believe "),
        ("She| told| me| that", "She told me "),
        ("I| was| going| to| say", "I was "),
        ("As| far| as| I| know|,| it", "As far as I know,"),
        ("제가| 제일| 좋아하는| 음식은", "제가 제일 좋아하는 "),
        ("你们|觉得|哪|一个|结局", "你们觉得"),
        ("他们|觉得|这|三个|结局", "他们觉得"),
        ("明天我|打算|出|去散步|晒太阳", "明天我打算出去散步"),
        ("北京|附近|很好|吃的|拉面|店", "北京附近"),
        ("我觉得|第二|部比|第一|部好看", "我觉得第二部"),
        ("他们|两个|人|其实|是很多年", "他们两个人"),
        ("其实我|也不|太|清楚|这个|游戏", "其实我也不太清楚"),
        ("我小|时候|住|在上|海的", "我小时候"),
        ("可以|告诉|我|你的|名字", "可以告诉我你的"),
    ],
)
def test_a_late_first_piece_ends_at_the_first_good_break(tokens: str, piece: str) -> None:
    found = first(tokens.split("|"))
    assert found is not None
    assert found[0] == piece


@pytest.mark.parametrize(
    "text",
    [
        "Hello there",
        "Hi",
        "的",
        "今天天气",
        "(one two three four",
        "“Well my dear friend",
        "สวัสดีครับวันนี้อากาศดีมาก",
        "**bold is all of this",
    ],
)
def test_without_a_break_nothing_is_forced(text: str) -> None:
    assert first(list(text)) is None


@pytest.mark.parametrize(
    ("tokens", "most"),
    [
        ("Well|,| to| be| honest", 2),
        ("Let| me| tell| you| a| little| secret", 3),
        ("So| I| was| walking| home", 4),
        ("There| are| a| very| old| and| tiny", 5),
        ("It| is| one| of| my| dearest", 5),
        ("We| will| be| the| very| best| ever", 5),
        ("In| the| Great| Old| Big| Red| York| City| Hall", 7),
        ("哎呀|，|谢谢|你的|礼物", 2),
        ("其实|我|也|不|太|清楚|这个", 7),
    ],
)
def test_a_natural_end_is_not_waited_for_without_end(tokens: str, most: int) -> None:
    found = first(tokens.split("|"))
    assert found is not None
    assert found[1] <= most


def test_a_single_word_before_a_comma_goes_out_only_when_it_is_late() -> None:
    segmenter = Segmenter(deadline=1000.0)
    assert segmenter.feed("Well, to", 0) == []
    assert segmenter.next_poll() == 1000
    assert segmenter.feed(" be honest, I", 900)[0].text == "Well, to be honest, "
    assert Segmenter().feed("Well, to", 0) == []


def test_a_phrase_is_better_than_a_later_word() -> None:
    segmenter = Segmenter(deadline=1000.0)
    segmenter.feed("We all went home because little Tim", 0)
    assert [cut.text for cut in segmenter.poll(1000, 0, 0)] == ["We all went home "]


def test_the_deadline_counts_the_voice() -> None:
    segmenter = Segmenter(deadline=1000.0, ttfb=100.0)
    assert segmenter.feed("We all went home", 500) == []
    assert segmenter.next_poll() == 900
    assert segmenter.poll(500, 0, 300) == []
    assert segmenter.next_poll() == 700
    assert segmenter.poll(699, 0, 300) == []
    [cut] = segmenter.poll(700, 0, 300)
    assert (cut.text, cut.boundary) == ("We all went ", Boundary.WORD)
    assert segmenter.flush()[0].text == "home"


@pytest.mark.parametrize("options", [{}, {"deadline": 0.0, "sentences_only": True}, {"deadline": 0.0, "whole": True}])
def test_nothing_hurries_without_a_deadline(options: dict[str, bool]) -> None:
    segmenter = Segmenter(**options)  # pyright: ignore[reportArgumentType]
    segmenter.feed("We all went home because little Tim", 0)
    assert segmenter.next_poll() is None
    assert segmenter.poll(5000, 0, 80) == []


def test_the_deadline_can_be_told_later() -> None:
    segmenter = Segmenter()
    segmenter.feed("We all went home", 0)
    assert segmenter.next_poll() is None
    segmenter.hurry(400.0)
    assert segmenter.next_poll() == 400
    assert [cut.text for cut in segmenter.poll(400, 0, 0)] == ["We all went "]


def test_grace_is_given_when_a_clause_is_likely_in_time() -> None:
    def due(token_ms: float, grace: float) -> float | None:
        segmenter = Segmenter(deadline=0.0, grace=grace)
        tokens = ["We", " all", " went", " home", " and", " sle"]
        for index, token in enumerate(tokens):
            segmenter.feed(token, -10.0 + token_ms * (index - len(tokens) + 1))
        return segmenter.next_poll()

    assert due(20.0, 0.0) == 0
    granted = due(20.0, 60.0)
    assert granted is not None
    assert 0 < granted <= 60
    assert due(200.0, 60.0) == 0


def test_a_full_stop_is_settled_sooner_when_it_is_urgent() -> None:
    for text, calm, urgent in (("Hello world.", 250, 30), ("It costs 3.", 1000, 1000), ("Mail a@b.", 1000, 1000)):
        assert _settled(Segmenter(), text) == calm
        assert _settled(Segmenter(deadline=0.0), text) == urgent


def _settled(segmenter: Segmenter, text: str) -> float | None:
    segmenter.feed(text, 0)
    times = []
    while (due := segmenter.next_poll()) is not None:
        times.append(due)
        if segmenter.poll(due, 0, 0)[-1].text.endswith("."):
            return due
    return None


def test_a_slow_model_is_given_more_than_30_ms() -> None:
    segmenter = Segmenter(deadline=0.0, sentences_only=True)
    for index, token in enumerate(["Open", " conf", "."]):
        segmenter.feed(token, 60.0 * index)
    due = segmenter.next_poll()
    assert due is not None
    assert 120 + 60 < due <= 120 + 250


def test_the_cutter_passes_it_all_on() -> None:
    cutter = Cutter(deadline=300.0, grace=0.0, join_ms=0.0, ttfb=100.0)
    cutter.feed("We all went home", 0)
    assert cutter.next_poll() == 200
    cutter = Cutter()
    cutter.feed("We all went home", 0)
    cutter.hurry(50.0)
    assert [segment.display for segment in cutter.poll(50, 0, 0)] == ["We all went "]


# The later words.


def begun(**options: float) -> Segmenter:
    """Something was said, at 0; its sound has come, and 2000 ms of it are left."""
    segmenter = Segmenter(**options)  # pyright: ignore[reportArgumentType]
    segmenter.feed("Hello there.\n", 0)
    assert [cut.text for cut in segmenter.poll(0, 2000, 100)] == ["Hello there.\n"]
    return segmenter


def test_words_go_out_just_before_the_sound_runs_out() -> None:
    segmenter = begun()
    segmenter.feed("We walked for a long time", 10)
    assert segmenter.next_poll() == pytest.approx(2000 - 100 - 100)
    assert segmenter.poll(1799, 201, 100) == []
    assert [cut.text for cut in segmenter.poll(1800, 200, 100)] == ["We walked "]


def test_a_short_phrase_is_not_worth_a_request() -> None:
    segmenter = begun()
    segmenter.feed("It is in every one of my dreams", 10)
    [cut] = segmenter.poll(1800, 200, 100) or segmenter.poll(2000, 0, 100)
    assert len(cut.text) > len("It is ")


def test_no_words_go_out_while_there_is_slack() -> None:
    segmenter = begun()
    segmenter.feed("We walked for a long, long time because of the", 10)
    assert segmenter.poll(1000, 1000, 100) == []


@pytest.mark.parametrize(("join_ms", "due"), [(None, 1500.0), (5000.0, 1500.0), (300.0, 310.0), (0.0, None)])
def test_a_short_sentence_waits_no_longer_than_it_may(join_ms: float | None, due: float | None) -> None:
    segmenter = begun() if join_ms is None else begun(join_ms=join_ms)
    cuts = segmenter.feed("I see. Then", 10)
    assert segmenter.next_poll() == due
    assert [cut.text for cut in cuts] == (["I see. "] if due is None else [])


def test_what_the_voice_is_at_work_on_counts() -> None:
    segmenter = Segmenter(ttfb=100.0)
    assert segmenter.feed("Hello there, my dear friends. I", 0)
    segmenter.feed(" walked for a long time", 10)
    assert segmenter.poll(20, 0, 100) == []
    assert segmenter.next_poll() == 300
    assert segmenter.poll(300, 150, 100) == []
    assert segmenter.next_poll() == 450
    assert segmenter.poll(450, 500, 100) == []


def test_a_voice_that_gives_nothing_is_not_waited_for_without_end() -> None:
    segmenter = Segmenter(ttfb=100.0)
    assert segmenter.feed("Hello there, my dear friends. " * 3 + "I", 0)
    segmenter.feed(" walked for a long time", 10)
    assert segmenter.poll(310, 0, 100)
