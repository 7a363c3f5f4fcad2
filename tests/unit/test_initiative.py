"""When an avatar may speak by itself, and what its model is then told."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hayakuchi.core.events import TurnEnded, TurnStatus, VoiceHeard
from hayakuchi.gateway.open_llm_vtuber.initiative import APART_MS, MOST, QUIET_MS, VOICE_MS, WITHIN_MS, Initiative
from hayakuchi.gateway.open_llm_vtuber.proactive import cue_for
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

ENDED = TurnEnded(1, TurnStatus.COMPLETED, "Hi", "Hi")


def test_it_may_when_nothing_has_ever_been_said() -> None:
    assert Initiative().may(0)


def test_not_before_it_has_been_quiet_for_a_while() -> None:
    one = Initiative()
    one.observe(ENDED, 1000)
    assert not one.may(1000 + QUIET_MS - 1)
    assert one.may(1000 + QUIET_MS)


def test_not_while_somebody_speaks() -> None:
    one = Initiative()
    one.observe(VoiceHeard(active=True), 0)
    assert not one.may(VOICE_MS - 1)
    one.observe(VoiceHeard(active=False), 50)
    assert not one.may(50 + QUIET_MS - 1)
    assert one.may(50 + QUIET_MS)


def test_a_microphone_that_went_while_somebody_spoke_is_not_waited_for() -> None:
    one = Initiative()
    one.observe(VoiceHeard(active=True), 0)
    assert one.may(VOICE_MS)


def test_not_too_often() -> None:
    one = Initiative()
    for index in range(MOST):
        assert one.may(index * APART_MS)
        one.speaks(index * APART_MS)
        assert not one.may(index * APART_MS + APART_MS - 1)
    assert not one.may(MOST * APART_MS)
    assert not one.may(WITHIN_MS - 1)
    assert one.may(WITHIN_MS)


@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=400))
def test_in_any_hour_it_speaks_so_often_at_most(steps: list[float]) -> None:
    one, now, spoke = Initiative(), 0.0, list[float]()
    for step in steps:
        now += step
        if one.may(now):
            one.speaks(now)
            spoke.append(now)
    for begin in spoke:
        assert sum(begin <= at < begin + WITHIN_MS for at in spoke) <= MOST
    assert all(later - sooner >= APART_MS for sooner, later in pairwise(spoke))


@pytest.mark.parametrize(
    ("language", "says"), [("en-GB", "Nobody"), ("zh-TW", "没人"), ("yue", "没人"), ("ja", "誰も"), ("xx", "Nobody")]
)
def test_the_cue_is_in_the_characters_language(language: str, says: str) -> None:
    assert says in cue_for(language, None)


def test_the_operators_own_words_win() -> None:
    assert cue_for("ja", "Sing!") == "Sing!"


@pytest.mark.parametrize("prompt", ["", "x" * 2001])
def test_they_are_bounded(prompt: str) -> None:
    with pytest.raises(ValidationError):
        OpenLlmVtuberSettings(proactive_prompt=prompt)
