"""The arithmetic of the comparison with other programs: what is scripted, what counts as added, as a hole, as lost."""

from __future__ import annotations

import math
import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.benchmarks.peers.figures import (
    added,
    audible,
    ends_at_mark,
    holes,
    lost_and_doubled,
    percentile,
    places_heard,
    said_whole,
    unheard,
)
from hayakuchi.benchmarks.script import (
    LANGUAGES,
    asked_for,
    cut_token,
    duration_ms,
    locate,
    replies,
    sentences,
    special,
    tokens,
    warm_up_replies,
)


def test_percentiles_are_by_nearest_rank() -> None:
    values = [30.0, 10.0, 40.0, 20.0]
    assert percentile(values, 0.5) == 20
    assert percentile(values, 0.95) == 40
    assert percentile(values, 0.0) == 10
    assert math.isnan(percentile([], 0.5))


def test_a_hole_is_the_time_with_nothing_to_play() -> None:
    assert holes([]) == []
    assert holes([(5.0, 1.0)]) == []
    assert holes([(0.0, 1.0), (0.5, 1.0), (2.0, 1.0)]) == []
    assert holes([(0.0, 1.0), (1.25, 1.0), (1.5, 0.25), (3.0, 1.0)]) == [0.25, 0.5]


def test_quiet_samples_are_not_audible() -> None:
    assert not audible(b"")
    assert not audible(struct.pack("<3h", 0, 500, -500))
    assert audible(struct.pack("<2h", 0, 501))
    assert audible(struct.pack("<2h", 0, -501))


@pytest.mark.parametrize(
    "text", [reply.text for reply in replies()] + [special(f"long-{one}").text for one in LANGUAGES]
)
def test_tokens_joined_are_the_text(text: str) -> None:
    pieces = tokens(text)
    assert "".join(pieces) == text
    assert "" not in pieces


@given(st.text())
def test_tokens_lose_nothing(text: str) -> None:
    assert "".join(tokens(text)) == text


def test_tokens_are_as_long_as_those_of_models() -> None:
    for language, least, most in (("en", 3.3, 5.0), ("zh", 1.2, 2.0), ("ja", 1.2, 2.0)):
        texts = [reply.text for reply in replies() if reply.language == language]
        mean = sum(map(len, texts)) / sum(len(tokens(text)) for text in texts)
        assert least <= mean <= most, language


def test_there_are_enough_replies_of_every_kind() -> None:
    assert len(replies()) >= 24
    for language in LANGUAGES:
        ours = [reply for reply in replies() if reply.language == language]
        firsts = [sentences(reply.text)[0] for reply in ours]
        assert len(ours) >= 8
        assert all(len(sentences(reply.text)) >= 3 for reply in ours)
        assert all(20 <= len(first) <= 120 for first in firsts)
        assert 0 < sum("," in first or "，" in first or "、" in first for first in firsts) < len(firsts)
        assert len(sentences(special(f"long-{language}").text)) == 30


def test_a_message_asks_for_a_reply() -> None:
    assert asked_for("Question r3 k1x3").text == replies()[3].text
    assert asked_for("Question r1001 k1x3") == warm_up_replies()[1]
    assert asked_for("Question rlong-ja k1x3").language == "ja"
    assert "k7x2" in asked_for("Question k7x2").text
    assert asked_for("Tell me a story.") == asked_for("Tell me a story.")


REPLY = "Well, I saw it. Then “it” ran!” Home again 3 times"


@pytest.mark.parametrize(
    ("asked", "token"),
    [
        ("Well,", ","),
        ("Well, I saw,", " it"),
        ("Well, I saw it.", " Then"),
        ("Well, I saw it. Then it ran!", "”"),
        ("Well, I saw it. Then “it” ran!” Home again 3 times", " times"),
    ],
)
def test_the_token_that_made_a_cut_possible(asked: str, token: str) -> None:
    number = cut_token(REPLY, asked)
    assert number is not None
    pieces = tokens(REPLY)
    assert pieces[number] == token
    assert len("".join(pieces[: number + 1])) >= len(asked) - 2


def test_a_chinese_mark_needs_no_further_token_but_a_cut_between_words_does() -> None:
    text = "今天天气真好，我们走吧。好"
    pieces = tokens(text)
    assert "".join(pieces[: (cut_token(text, "今天天气真好，") or 0) + 1]).endswith("，")
    after_cut = "".join(pieces[: (cut_token(text, "今天天气，") or 0) + 1])
    assert len(after_cut) >= len("今天天气真好")
    japanese = "昨日の夜にゲームをしました。"
    assert len("".join(tokens(japanese)[: (cut_token(japanese, "昨日の夜に、") or 0) + 1])) < len("昨日の夜にゲーム")
    assert cut_token(text, "我们走吧。") is None
    assert cut_token(text, "别的") is None
    assert cut_token(text, "。") is None


def test_places_of_a_text_in_its_reply() -> None:
    reply = "No, no. No, no."
    assert locate(reply, "no") == [0, 1]
    assert locate(reply, "no.", after=4) == [4, 5, 5]
    assert locate(reply, "maybe") is None


LOG = {
    "reply": "Well, I saw it.",
    "llm_request": 10.002,
    "tokens": [10.15, 10.165, 10.18, 10.195, 10.21, 10.225],
    "speech": [{"text": "Well,", "request": 10.168, "first_byte": 10.248}, {"text": "I saw it."}],
}


def test_what_was_added_is_what_the_models_did_not_take() -> None:
    found = added(10.0, 10.25, LOG)
    assert found is not None
    assert found.to_model == pytest.approx(2)
    assert found.to_voice == pytest.approx(3)
    assert found.to_listener == pytest.approx(2)
    assert found.total == pytest.approx(7)


@pytest.mark.parametrize("broken", [{"speech": []}, {"tokens": []}, {"reply": "Something else."}])
def test_nothing_is_told_of_a_turn_that_cannot_be_explained(broken: dict[str, object]) -> None:
    assert added(10.0, 10.25, LOG | broken) is None


def test_a_reply_is_whole_when_its_text_and_its_sound_are() -> None:
    due = duration_ms("Well,") + duration_ms("I saw it.")
    assert said_whole(LOG, due)
    assert not said_whole(LOG, due * 0.9)
    assert not said_whole(LOG | {"speech": LOG["speech"][:1]}, due)


def _pcm(text: str, level: int) -> bytes:
    """A text of one word a letter, 60 samples for each of its characters."""
    values = [level + place for place, ch in enumerate(text) for _ in range(60) if ch.isalnum()]
    return struct.pack(f"<{len(values)}h", *(value * (-1) ** number for number, value in enumerate(values)))


def test_the_sound_tells_which_words_were_lost_and_which_came_twice() -> None:
    text = "one two three"
    whole = _pcm(text, 8000)
    heard = places_heard(whole + _pcm(text, 20000)[: 2 * 60 * 3], (8000, 20000), len(text))
    assert set(heard[8000]) == {place for place, ch in enumerate(text) if ch != " "}
    assert set(heard[20000]) == {0, 1, 2}
    both = sum(heard.values(), Counter[int]())
    assert lost_and_doubled(text, both, 1000) == ([], ["one"])
    assert lost_and_doubled(text, heard[20000], 1000) == (["two", "three"], [])
    assert lost_and_doubled(text, heard[8000], 1000) == ([], [])
    assert [unheard(text, heard[level], 1000) for level in (8000, 20000)] == [0, 8]


def test_a_word_that_broke_off_early_and_is_said_again_is_not_doubled() -> None:
    text = "wonderful"
    begun = places_heard(_pcm(text, 8000)[: 2 * 60 * 3] + _pcm(text, 8000), (8000,), len(text))
    assert lost_and_doubled(text, begun[8000], 1000) == ([], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Well,", True),
        ("It ran!” ", True),
        ("你好。", True),
        ("ね、", True),
        ("and then", False),
        ("我们", False),
        ("", False),
    ],
)
def test_where_a_segment_ends(text: str, expected: bool) -> None:
    assert ends_at_mark(text) is expected
