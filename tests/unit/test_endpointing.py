"""The ends of spoken utterances: few are cut off, sooner than by the silence that cuts off no more."""

from __future__ import annotations

import math
import shutil
from functools import cache

import pytest

from hayakuchi.asr.activity import activity_factory
from hayakuchi.asr.base import FRAME_SAMPLES
from hayakuchi.asr.end_of_turn import EndOfTurn
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.benchmarks.endpointing import SWEEP, Figures, figures, matched
from hayakuchi.benchmarks.endpointing_replay import (
    FRAME_MS,
    Frame,
    Outcome,
    Recogniser,
    Trace,
    by_session,
    fixed,
    listen,
    ours,
    styled,
)
from hayakuchi.benchmarks.speech_set import RATE, Noise, Utterance, Word, sentences, utterances

flite = pytest.mark.skipif(shutil.which("flite") is None, reason="needs flite")
COUNT = 60


@cache
def traces(kind: str, snr_db: float | None) -> tuple[Trace, ...]:
    make, noise = activity_factory(EarsSettings()), Noise(1)
    spoken = utterances(COUNT, seed=1, part=0)
    return tuple(listen(one, noise.over(one, kind, snr_db), make(), None) for one in spoken)


def our_figures(kind: str, snr_db: float | None, style: str) -> Figures:
    return figures(by_session(traces(kind, snr_db), lambda: ours(EndOfTurn(EarsSettings()), style)))


@flite
@pytest.mark.parametrize(("kind", "snr_db"), [("clean", None), ("steady", 10.0)])
def test_fewer_are_cut_off_than_by_the_long_silence_and_sooner(kind: str, snr_db: float | None) -> None:
    sweep = {silence: figures(map(fixed(silence), traces(kind, snr_db))) for silence in SWEEP}
    found = our_figures(kind, snr_db, "true")
    assert found.cut <= sweep[800].cut
    assert found.never == 0
    assert found.median_ms < sweep[800].median_ms
    assert found.median_ms < matched(sweep, found.cut)


@flite
def test_full_stops_after_every_decode_cut_off_no_more_than_the_long_silence_does() -> None:
    assert our_figures("clean", None, "stops").cut <= figures(map(fixed(800), traces("clean", None))).cut + 1 / COUNT


@flite
def test_among_voices_the_text_that_stays_ends_what_silence_never_does() -> None:
    assert figures(map(fixed(800), traces("babble", 5.0))).never > 0.5
    found = our_figures("babble", 5.0, "true")
    assert found.never == 0
    assert found.p95_ms < 2500


@flite
def test_speech_begins_within_100_ms_and_noise_begins_none() -> None:
    for trace in traces("steady", 10.0):
        assert not trace.false_start
        assert trace.first >= 0
    late = [(trace.first + 1) * FRAME_SAMPLES - trace.utterance.began for trace in traces("clean", None)]
    assert sorted(late)[len(late) // 2] <= 0.1 * RATE


@flite
def test_the_set_is_the_same_for_the_same_seed() -> None:
    one, again, other = (list(utterances(3, seed, part=0)) for seed in (5, 5, 6))
    assert [it.words for it in one] == [it.words for it in again]
    assert [it.words for it in one] != [it.words for it in other]


def test_what_is_reported_was_not_tuned_on() -> None:
    assert not set(sentences(0)) & (set(sentences(1)) | set(sentences(2)))


UTTERANCE = Utterance(0, (Word("I", 8000), Word("know.", 16_000)), None, 4000)  # pyright: ignore[reportArgumentType]


def trace(pauses_at: dict[int, int], frames: int = 80) -> Trace:
    """``pauses_at``: the frame at which a silence begins, and the one at which it is over."""
    made: list[Frame] = []
    since = 0
    for index in range(frames):
        begun = [at for at, until in pauses_at.items() if at <= index < until]
        since = since + 1 if begun else 0
        made.append(Frame(not begun, since * FRAME_MS, begun[0] * FRAME_SAMPLES if begun else None))
    return Trace(UTTERANCE, tuple(made), 8, False, {})


def test_a_fixed_silence_is_measured_from_the_last_word() -> None:
    outcome = fixed(320)(trace({32: 80}))
    assert outcome.delay_ms == pytest.approx((32 + 10) * FRAME_MS - 1000)


def test_a_pause_as_long_is_a_cut_off() -> None:
    assert fixed(160)(trace({20: 26, 32: 80})).delay_ms < 0
    assert fixed(224)(trace({20: 26, 32: 80})).delay_ms > 0


def test_an_utterance_nobody_heard_never_ends() -> None:
    deaf = Trace(UTTERANCE, trace({32: 80}).frames, -1, False, {})
    assert fixed(320)(deaf) == Outcome(math.inf, "never")
    assert ours(EndOfTurn(EarsSettings()), "true")(deaf) == Outcome(math.inf, "never")


def test_the_recogniser_takes_its_time_and_one_decode_at_once() -> None:
    recogniser = Recogniser(UTTERANCE, "true", 300)
    told: list[tuple[float, str]] = []
    for step in range(60):
        recogniser.step(step * FRAME_MS, speaking=True, paused=False)
        if recogniser.text and (not told or told[-1][1] != recogniser.text):
            told.append((step * FRAME_MS, recogniser.text))
    assert [text for _, text in told] == ["I", "I know."]
    assert told[0][0] >= 500 + 300
    assert told[1][0] >= 1000 + 300


@pytest.mark.parametrize(
    ("style", "text"), [("true", "Yes, I know"), ("stops", "Yes, I know."), ("none", "Yes I know")]
)
def test_styles_of_punctuation(style: str, text: str) -> None:
    assert styled(["Yes,", "I", "know"], style, ".") == text


def test_figures_leave_out_what_was_cut_off_and_count_it() -> None:
    found = figures([Outcome(delay, "") for delay in (-5.0, 100.0, 200.0, math.inf)])
    assert (found.median_ms, found.cut, found.never) == (200.0, 0.25, 0.25)


def test_the_match_is_the_shortest_silence_that_cuts_off_no_more() -> None:
    sweep = {ms: Figures(ms + 20.0, 0, cut, 0) for ms, cut in ((200, 0.5), (500, 0.2), (800, 0.1), (1000, 0.05))}
    assert matched(sweep, 0.1) == 820
    assert matched(sweep, 0.19) == 820
    assert matched(sweep, 0.01) == math.inf
