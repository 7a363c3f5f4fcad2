"""How much of what was understood are words of a text, in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.orchestrator.in_order import LEAST, in_order
from hayakuchi.orchestrator.own_voice import OwnVoice
from hayakuchi.orchestrator.spoken_words import words_of

SAID = "Our team won the match yesterday. It was the best game of the year. Are you afraid of spiders?"
LETTERS = "".join(word.key for word in words_of(SAID))


@pytest.mark.parametrize(
    ("understood", "share"),
    [
        (SAID, 1.0),
        ("our team won the match", 1.0),
        ("team match best game", 1.0),
        ("match team", 5 / 9),
        ("elephant", 0.0),
        ("", 0.0),
        ("team elephant", 4 / 12),
        ("a i", 0.0),
        ("the the the the", 9 / 12),
    ],
)
def test_the_share_of_the_words_that_are_in_order(understood: str, share: float) -> None:
    assert in_order(words_of(understood), LETTERS) == pytest.approx(share)


@given(st.lists(st.sampled_from(["ab", "abc", "bc", "ca", "b", "cab"]), max_size=7), st.text("abc", max_size=14))
def test_no_better_way_to_lay_them_is_missed(keys: list[str], letters: str) -> None:
    def most(left: list[str], since: int) -> int:
        if not left:
            return 0
        best = most(left[1:], since)
        for at in range(since, len(letters) - len(left[0]) + 1):
            if len(left[0]) >= LEAST and letters.startswith(left[0], at):
                best = max(best, len(left[0]) + most(left[1:], at + len(left[0])))
        return best

    words = words_of(" ".join(keys))
    assert in_order(words, letters) * max(sum(map(len, keys)), 1) == pytest.approx(most(keys, 0))


def own_voice(said: str) -> OwnVoice:
    own = OwnVoice()
    own.heard(said)
    own.listen()
    return own


def theirs(understood: str, said: str) -> str:
    return " ".join(understood[word.start : word.end] for word in own_voice(said).theirs(words_of(understood)))


def test_an_echo_that_lacks_words_is_hers() -> None:
    assert theirs("our team won you the match it was best game of are you afraid of", SAID) == ""


def test_other_words_behind_an_echo_are_not() -> None:
    assert theirs("our team won the match yesterday it was let us talk about music", SAID).endswith("talk about music")


@pytest.mark.parametrize(
    ("said", "understood"), [("I was thinking", "i was for"), ("He told me", "he you"), ("Who is the best", "the on")]
)
def test_the_beginning_of_an_echo_that_she_fell_silent_for_is_hers(said: str, understood: str) -> None:
    assert theirs(understood, said) == ""


@pytest.mark.parametrize("understood", ["what is that", "who said so", "I disagree with you there", "you what"])
def test_a_few_words_of_others_are_theirs(understood: str) -> None:
    assert theirs(understood, "I was thinking of the best game") == understood
