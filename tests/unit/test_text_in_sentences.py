"""A text in sentences, each with what a voice is asked for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.character import Character
from hayakuchi.gateway.open_llm_vtuber.sentences import LONGEST, Sentence, sentences_of
from hayakuchi.orchestrator.streaming import Streaming

CHARACTER = Character(name="Test")


def sentences(text: str, streaming: Streaming | None = None) -> list[Sentence]:
    return sentences_of(text, CHARACTER, streaming or Streaming(), {})


def test_a_clip_for_each_sentence() -> None:
    found = sentences("Hello there, my friend. How are you today? I am fine, thank you.")
    assert [one.text.strip() for one in found] == [
        "Hello there, my friend.",
        "How are you today?",
        "I am fine, thank you.",
    ]
    assert [[request.text.strip() for request in one.requests] for one in found] == [
        [one.text.strip()] for one in found
    ]


def test_a_reply_that_would_be_spoken_whole_is_cut_all_the_same() -> None:
    assert len(sentences("It is one. It is two.", Streaming(whole=True))) == 2


def test_tags_are_not_shown_and_not_spoken() -> None:
    [one] = sentences("[joy] Hello there.")
    assert "[joy]" not in one.text
    assert "joy" not in one.requests[0].text


@pytest.mark.parametrize("text", ["", "   ", "...", "[joy]", "***", "\n\n"])
def test_nothing_that_can_be_spoken(text: str) -> None:
    assert sentences(text) == []


def test_what_cannot_be_spoken_goes_with_a_neighbour() -> None:
    found = sentences("*** Hello there. How are you? ---")
    assert all(one.requests for one in found)
    assert "".join(one.text for one in found).split()[-1] == "---"


def test_a_sentence_without_an_end_is_parted() -> None:
    found = sentences("and so on and on, " * 200)
    assert len(found) > 1
    assert max(len(one.text) for one in found) <= LONGEST * 2


@given(st.text(max_size=300))
def test_anything_has_sentences_that_can_be_spoken(text: str) -> None:
    assert all(one.requests and all(request.text for request in one.requests) for one in sentences(text))
