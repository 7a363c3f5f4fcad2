"""Stretches of speech: how soon they begin and end, and what is none."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.asr.base import FRAME_SAMPLES
from hayakuchi.asr.detector import HANG, LASTING, SpeechDetector
from hayakuchi.asr.settings import EarsSettings

FRAME_MS = 32.0
LOUD = np.full(FRAME_SAMPLES, 0.1, np.float32)


class Told:
    """Gives the probabilities it was told."""

    def __init__(self, script: Sequence[float]) -> None:
        self.script, self.resets = list(script), 0

    def probability(self, frame: np.ndarray) -> float:
        return self.script.pop(0)

    def reset(self) -> None:
        self.resets += 1


def hear(script: Sequence[float], *, frame: np.ndarray = LOUD, **settings: float) -> SpeechDetector:
    detector = SpeechDetector(Told(script), EarsSettings.model_validate(settings))
    for _ in script:
        detector.feed(frame)
    return detector


def speaking(script: Sequence[float], **settings: float) -> list[bool]:
    detector = SpeechDetector(Told(script), EarsSettings.model_validate(settings))
    states: list[bool] = []
    for _ in script:
        detector.feed(LOUD)
        states.append(detector.speaking)
    return states


def dying(script: Sequence[float], share: float) -> list[bool]:
    """Whether there is speech after each frame of a sound whose level falls to ``share`` from one half frame to the next."""
    detector = SpeechDetector(Told(script), EarsSettings(silence_rms_thresh=0))
    levels = share ** np.arange(2 * len(script), dtype=np.float32) * 0.5
    states: list[bool] = []
    for frame in np.repeat(levels, FRAME_SAMPLES // 2).reshape(-1, FRAME_SAMPLES):
        detector.feed(frame)
        states.append(detector.speaking)
    return states


def test_one_sure_frame_is_a_beginning() -> None:
    assert speaking([0.1, 0.9]) == [False, True]
    detector = hear([0.1, 0.9])
    assert (detector.began, detector.position) == (FRAME_SAMPLES, 2 * FRAME_SAMPLES)


def test_what_dies_away_is_a_beginning_only_when_it_has_lasted() -> None:
    assert not any(dying([0.9, 0.9, 0.1, 0.1], 0.6))
    assert dying([0.9] * LASTING, 0.6) == [False] * (LASTING - 1) + [True]
    assert dying([0.9], 0.8) == [True]


def test_a_quieter_frame_after_a_loud_one_dies_away_and_a_louder_one_swells() -> None:
    detector = SpeechDetector(Told([0.1, 0.9, 0.9]), EarsSettings())
    detector.feed(LOUD)
    detector.feed(LOUD * np.float32(0.5))
    assert not detector.speaking
    detector.feed(LOUD)
    assert detector.speaking


def test_a_dip_in_the_first_frames_is_forgiven_and_the_beginning_is_before_it() -> None:
    detector = hear([0.1, 0.4, 0.2, 0.9])
    assert (detector.speaking, detector.began) == (True, FRAME_SAMPLES)


@pytest.mark.parametrize("dip", range(1, HANG))
def test_a_stop_consonant_does_not_end_it(dip: int) -> None:
    assert speaking([0.9] * 3 + [0.0] * dip + [0.9])[2:] == [True] * (dip + 2)


def test_it_ends_where_the_last_sound_was() -> None:
    detector = hear([0.9] * 4 + [0.0] * 5)
    assert (detector.speaking, detector.began, detector.ended) == (False, 0, 4 * FRAME_SAMPLES)
    assert detector.silence_ms == 5 * FRAME_MS


def test_the_first_frame_of_a_beginning_may_be_less_sure_than_the_one_that_decides() -> None:
    assert speaking([0.1, 0.4, 0.9]) == [False, False, True]
    assert hear([0.1, 0.4, 0.9]).began == FRAME_SAMPLES
    assert not any(speaking([0.1, 0.4, 0.4, 0.4]))


def test_speech_under_way_needs_less_certainty_than_a_beginning() -> None:
    assert not any(speaking([0.4] * 5))
    assert speaking([0.9, 0.9] + [0.4] * 8)[1:] == [True] * 9
    assert speaking([0.9, 0.9] + [0.3] * 8)[-1] is False


def test_silence_is_infinite_before_any_speech_and_zero_while_it_lasts() -> None:
    assert hear([0.0] * 3).silence_ms == inf
    assert hear([0.9] * 3).silence_ms == 0.0
    assert hear([0.9] * 3 + [0.0] * (HANG - 1)).silence_ms == 0.0


def test_below_the_level_of_silence_nothing_is_speech() -> None:
    faint = np.full(FRAME_SAMPLES, 0.004, np.float32)
    assert not hear([1.0] * 5, frame=faint).speaking
    assert hear([1.0] * 5, frame=faint, silence_rms_thresh=0.003).speaking
    assert hear([1.0] * 5, frame=faint * 0, silence_rms_thresh=0).speaking


def test_the_next_stretch_has_a_beginning_of_its_own() -> None:
    detector = hear([0.9] * 2 + [0.0] * 5 + [0.9] * 2)
    assert (detector.speaking, detector.began, detector.ended) == (True, 7 * FRAME_SAMPLES, 2 * FRAME_SAMPLES)


def test_a_reset_forgets_the_speech_but_not_the_time() -> None:
    activity = Told([0.9] * 4)
    detector = SpeechDetector(activity, EarsSettings())
    for _ in range(3):
        detector.feed(LOUD)
    detector.reset()
    assert (detector.speaking, detector.began, detector.ended, activity.resets) == (False, None, None, 1)
    assert (detector.silence_ms, detector.position) == (inf, 3 * FRAME_SAMPLES)
    detector.feed(LOUD)
    assert (detector.speaking, detector.began) == (True, 3 * FRAME_SAMPLES)


@pytest.mark.parametrize("shape", [(FRAME_SAMPLES - 1,), (0,), (1, FRAME_SAMPLES)])
def test_another_number_of_samples_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="512 samples"):
        SpeechDetector(Told([1.0]), EarsSettings()).feed(np.zeros(shape, np.float32))


@given(st.lists(st.floats(0, 1), max_size=80), st.floats(0.01, 0.99))
def test_whatever_it_is_told_its_places_are_in_order(script: list[float], threshold: float) -> None:
    detector = SpeechDetector(Told(script), EarsSettings(vad_threshold=threshold))
    was = False
    for index in range(len(script)):
        detector.feed(LOUD)
        assert detector.position == (index + 1) * FRAME_SAMPLES
        if detector.speaking:
            assert detector.began is not None
            assert detector.began <= detector.position - FRAME_SAMPLES
            assert detector.silence_ms == 0
            if not was:
                assert detector.position - detector.began <= LASTING * FRAME_SAMPLES
        elif detector.ended is not None:
            assert detector.began is not None
            assert detector.began < detector.ended <= detector.position - HANG * FRAME_SAMPLES
            assert detector.silence_ms >= HANG * FRAME_MS
        was = detector.speaking
