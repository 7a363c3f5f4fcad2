"""The rules for the end of an utterance, and what they learn."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.asr.end_of_turn import FURTHEST, HOLD, LONGEST_HOLD_MS, PATIENCE, EndOfTurn, Stand
from hayakuchi.asr.hearing import EndReason
from hayakuchi.asr.settings import EarsSettings

SENTENCE = Stand(
    silence_ms=0.0,
    speech_ms=1500.0,
    text="I went home.",
    whole=True,
    unchanged_ms=0.0,
    completeness=None,
    language="en",
)
BARE = replace(SENTENCE, text="I went home")
OPEN = replace(SENTENCE, text="I went to the.")
NOTHING = replace(SENTENCE, text="")
UNREAD = replace(SENTENCE, whole=False)
SETTINGS = EarsSettings(end_silence_ms=800, short_pause_ms=300, stable_nochange_ms=1500)


def wait_ms(rules: EndOfTurn, stand: Stand) -> tuple[float, EndReason]:
    """After how much silence, in steps of 10 ms, the utterance is over."""
    for silence in range(10, 10_000, 10):
        if reason := rules.reason(replace(stand, silence_ms=float(silence))):
            return silence, reason
    raise AssertionError("it never ends")


ZH = replace(SENTENCE, text="你好吗", language="zh")


@pytest.mark.parametrize(
    ("stand", "silence", "reason"),
    [
        (SENTENCE, 300, EndReason.PUNCTUATION),
        (replace(SENTENCE, text="Are you at home?"), 300, EndReason.PUNCTUATION),
        (ZH, 300, EndReason.PUNCTUATION),
        (BARE, 800, EndReason.SILENCE),
        (UNREAD, 800, EndReason.SILENCE),
        (replace(UNREAD, pending=True), 800, EndReason.SILENCE),
        (OPEN, 1600, EndReason.SILENCE),
        (NOTHING, 300, EndReason.SILENCE),
        (replace(SENTENCE, completeness=0.95), 300, EndReason.MODEL),
        (replace(SENTENCE, completeness=0.05), 800, EndReason.SILENCE),
    ],
)
def test_without_learning_the_settings_hold_as_they_stand(stand: Stand, silence: float, reason: EndReason) -> None:
    rules = EndOfTurn(SETTINGS.model_copy(update={"adaptive": False}))
    assert wait_ms(rules, stand) == (silence, reason)


@pytest.mark.parametrize(
    ("stand", "least", "most", "reason"),
    [
        (SENTENCE, 1040, 1040, EndReason.SILENCE),
        (replace(SENTENCE, text="Are you at home?"), 1040, 1040, EndReason.SILENCE),
        (ZH, 1040, 1040, EndReason.SILENCE),
        (BARE, 1040, 1040, EndReason.SILENCE),
        (UNREAD, 800, 800, EndReason.SILENCE),
        (replace(UNREAD, pending=True), 1000, 1000, EndReason.SILENCE),
        (replace(UNREAD, text="I went to the"), 800, 800, EndReason.SILENCE),
        (OPEN, 1600, 1600, EndReason.SILENCE),
        (replace(OPEN, text="Um,"), 1600, 1600, EndReason.SILENCE),
        (NOTHING, 300, 300, EndReason.SILENCE),
        (replace(NOTHING, whole=False), 800, 800, EndReason.SILENCE),
        (replace(SENTENCE, completeness=0.95), 300, 600, EndReason.MODEL),
        (replace(BARE, completeness=0.95), 300, 600, EndReason.MODEL),
        (replace(OPEN, completeness=0.95), 1600, 1600, EndReason.SILENCE),
        (replace(SENTENCE, completeness=0.05), 1040, 1040, EndReason.SILENCE),
        (replace(BARE, completeness=0.05), 1600, 1600, EndReason.SILENCE),
        (replace(BARE, completeness=0.5), 1040, 1040, EndReason.SILENCE),
        (replace(UNREAD, completeness=0.95), 800, 800, EndReason.SILENCE),
    ],
)
def test_how_long_a_silence_must_be_for_who_is_heard_first(
    stand: Stand, least: float, most: float, reason: EndReason
) -> None:
    silence, why = wait_ms(EndOfTurn(SETTINGS), stand)
    assert least <= silence <= most
    assert why is reason


def test_while_somebody_speaks_only_a_text_that_stays_ends_it() -> None:
    rules = EndOfTurn(SETTINGS)
    speaking = replace(SENTENCE, whole=False)
    assert rules.reason(replace(speaking, unchanged_ms=1490)) is None
    assert rules.reason(replace(speaking, unchanged_ms=1500)) is EndReason.STABLE
    assert rules.reason(replace(speaking, text="I went to the", unchanged_ms=1500)) is None
    assert rules.reason(replace(speaking, text="I went to the", unchanged_ms=2300)) is EndReason.STABLE
    assert rules.reason(replace(speaking, text="", unchanged_ms=2900)) is None
    assert rules.reason(replace(speaking, text="", unchanged_ms=3000)) is EndReason.STABLE


def test_a_recogniser_with_honest_marks_earns_the_short_pause() -> None:
    rules = EndOfTurn(SETTINGS)
    before, _ = wait_ms(rules, SENTENCE)
    for _ in range(30):
        rules.reason(replace(BARE, silence_ms=250.0))
        rules.went_on(250.0)
    assert wait_ms(rules, SENTENCE)[0] < before
    assert wait_ms(rules, SENTENCE)[0] <= 310


def test_where_marks_are_honest_a_text_without_one_is_not_over() -> None:
    rules = EndOfTurn(SETTINGS)
    rules.reason(replace(SENTENCE, silence_ms=100.0))
    for _ in range(30):
        rules.reason(replace(BARE, silence_ms=250.0))
        rules.went_on(250.0)
    assert wait_ms(rules, BARE) == (1600, EndReason.SILENCE)


def test_a_recogniser_that_never_puts_a_mark_is_judged_by_silence() -> None:
    rules = EndOfTurn(SETTINGS)
    for _ in range(30):
        rules.reason(replace(BARE, silence_ms=250.0))
        rules.went_on(250.0)
    assert wait_ms(rules, BARE) == (800, EndReason.SILENCE)


def test_full_stops_everywhere_are_not_believed() -> None:
    rules = EndOfTurn(SETTINGS)
    for _ in range(30):
        rules.reason(replace(SENTENCE, silence_ms=700.0))
        rules.went_on(700.0)
    assert wait_ms(rules, SENTENCE) == wait_ms(rules, BARE)


def test_a_speaker_who_was_cut_off_gets_more_time_and_loses_it_again() -> None:
    rules = EndOfTurn(SETTINGS)
    before, _ = wait_ms(rules, SENTENCE)
    rules.cut_off(1100.0)
    after, _ = wait_ms(rules, SENTENCE)
    assert after > before
    for _ in range(200):
        rules.reason(replace(BARE, silence_ms=200.0))
        rules.went_on(200.0)
    assert wait_ms(rules, SENTENCE)[0] < before


def test_a_model_that_knows_pauses_from_ends_earns_the_short_pause() -> None:
    rules = EndOfTurn(SETTINGS)
    for _ in range(30):
        rules.reason(replace(SENTENCE, silence_ms=250.0, completeness=0.1))
        rules.went_on(250.0)
    silence, reason = wait_ms(rules, replace(SENTENCE, completeness=0.95))
    assert (silence <= 310, reason) == (True, EndReason.MODEL)


def test_a_model_that_cut_somebody_off_is_doubted() -> None:
    rules = EndOfTurn(SETTINGS)
    sure = replace(SENTENCE, completeness=0.95)
    before, _ = wait_ms(rules, sure)
    rules.cut_off(600.0)
    assert wait_ms(rules, sure)[0] > before


def test_gaps_within_words_teach_nothing() -> None:
    rules = EndOfTurn(SETTINGS)
    before, _ = wait_ms(rules, SENTENCE)
    for _ in range(50):
        rules.reason(replace(BARE, silence_ms=100.0))
        rules.went_on(100.0)
    assert wait_ms(rules, SENTENCE)[0] == before


def test_learning_can_be_switched_off() -> None:
    rules = EndOfTurn(EarsSettings(adaptive=False))
    before = wait_ms(rules, SENTENCE), wait_ms(rules, BARE)
    assert before == ((300, EndReason.PUNCTUATION), (800, EndReason.SILENCE))
    for _ in range(30):
        rules.went_on(700.0)
        rules.cut_off(2000.0)
    assert (wait_ms(rules, SENTENCE), wait_ms(rules, BARE)) == before


def test_a_short_pause_beyond_the_long_silence_is_no_longer_than_it() -> None:
    rules = EndOfTurn(EarsSettings(short_pause_ms=5000, end_silence_ms=500, adaptive=False))
    assert wait_ms(rules, SENTENCE) == (500, EndReason.PUNCTUATION)


def test_one_pause_without_a_mark_lets_marks_count() -> None:
    rules = EndOfTurn(SETTINGS)
    assert wait_ms(rules, SENTENCE)[0] > 1000
    rules.reason(replace(BARE, silence_ms=250.0))
    rules.went_on(250.0)
    assert wait_ms(rules, SENTENCE)[0] < 700


def test_who_pauses_less_than_the_long_silence_waits_no_longer_than_it_in_the_end() -> None:
    rules = EndOfTurn(SETTINGS)
    for _ in range(20):
        rules.reason(replace(BARE, silence_ms=300.0))
        rules.went_on(300.0)
    assert wait_ms(rules, BARE) == (800, EndReason.SILENCE)


def test_who_pauses_long_is_waited_for_but_not_for_ever() -> None:
    rules = EndOfTurn(SETTINGS)
    for _ in range(12):
        rules.reason(replace(BARE, silence_ms=1150.0))
        rules.went_on(1150.0)
    assert 1100 <= wait_ms(rules, BARE)[0] <= 1200
    for _ in range(12):
        rules.cut_off(4000.0)
    assert wait_ms(rules, BARE)[0] == 800 * FURTHEST


def test_words_that_are_being_transcribed_are_waited_for_and_then_judged() -> None:
    rules = EndOfTurn(SETTINGS)
    assert rules.reason(replace(UNREAD, silence_ms=800.0 * PATIENCE - 1, pending=True)) is None
    assert rules.reason(replace(OPEN, silence_ms=800.0 * PATIENCE - 1)) is None
    assert rules.reason(replace(UNREAD, silence_ms=800.0 * PATIENCE, pending=True)) is EndReason.SILENCE


TEXTS = st.sampled_from(
    ["", "I went home.", "I went home", "I went to the.", "Really?", "然后", "そうですね", "집에 갔는데"]
)
STANDS = st.builds(
    Stand,
    silence_ms=st.just(0.0),
    speech_ms=st.floats(0, 60_000),
    text=TEXTS,
    whole=st.booleans(),
    unchanged_ms=st.floats(0, 20_000),
    completeness=st.none() | st.floats(0, 1),
    language=st.sampled_from([None, "en", "zh"]),
    pending=st.booleans(),
)
LESSONS = st.lists(st.tuples(st.booleans(), STANDS, st.floats(0, 5000)), max_size=20)
ALL_SETTINGS = st.builds(
    EarsSettings,
    end_silence_ms=st.floats(100, 10_000),
    short_pause_ms=st.floats(50, 10_000),
    stable_nochange_ms=st.floats(100, 60_000),
    adaptive=st.booleans(),
)


def taught(settings: EarsSettings, lessons: list[tuple[bool, Stand, float]]) -> EndOfTurn:
    rules = EndOfTurn(settings)
    for cut, stand, pause_ms in lessons:
        rules.reason(replace(stand, silence_ms=pause_ms))
        (rules.cut_off if cut else rules.went_on)(pause_ms)
    return rules


@given(ALL_SETTINGS, LESSONS, STANDS, st.floats(0, 20_000), st.floats(0, 20_000))
def test_an_end_is_never_taken_back_by_more_silence(
    settings: EarsSettings, lessons: list[tuple[bool, Stand, float]], stand: Stand, one: float, other: float
) -> None:
    rules = taught(settings, lessons)
    sooner, later = sorted((one, other))
    if rules.reason(replace(stand, silence_ms=sooner)):
        assert rules.reason(replace(stand, silence_ms=later))


@given(ALL_SETTINGS, LESSONS, STANDS)
def test_whatever_was_learned_it_ends_within_bounds(
    settings: EarsSettings, lessons: list[tuple[bool, Stand, float]], stand: Stand
) -> None:
    rules = taught(settings, lessons)
    longest = settings.end_silence_ms + max(
        min(settings.end_silence_ms * HOLD, LONGEST_HOLD_MS), settings.end_silence_ms * (FURTHEST - 1)
    )
    assert rules.reason(replace(stand, silence_ms=longest + 0.01))
    assert rules.reason(replace(stand, silence_ms=inf))
    quiet = replace(stand, unchanged_ms=0.0, silence_ms=min(settings.short_pause_ms, settings.end_silence_ms) - 0.01)
    assert rules.reason(quiet) is None
    assert rules.reason(replace(stand, unchanged_ms=2 * settings.stable_nochange_ms + 2 * longest)) is EndReason.STABLE


@given(ALL_SETTINGS, LESSONS, STANDS)
def test_it_never_ends_while_somebody_speaks_and_the_text_changes(
    settings: EarsSettings, lessons: list[tuple[bool, Stand, float]], stand: Stand
) -> None:
    rules = taught(settings, lessons)
    reason = rules.reason(stand)
    assert reason in (None, EndReason.STABLE)
    if stand.unchanged_ms < settings.stable_nochange_ms:
        assert reason is None
