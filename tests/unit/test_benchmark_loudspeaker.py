"""The listener of the benchmarks plays like the page: in real time, with fades, and without losing or doubling a sample."""

from __future__ import annotations

import numpy as np
import pytest

from hayakuchi.benchmarks.talking.loudspeaker import CUSHION_S, FADE_S, Loudspeaker

RATE = 8000
SOUND = np.random.default_rng(1).integers(100, 3000, RATE).astype("<i2").tobytes()
"""A second without a sample of silence."""


def playing(until: float) -> Loudspeaker:
    speaker = Loudspeaker(RATE, 10.0)
    speaker.begin(1, 10.0)
    speaker.take(0, SOUND, 10.0)
    speaker.render(until)
    return speaker


def test_it_plays_in_real_time_what_came() -> None:
    speaker = playing(10.5)
    assert speaker.played_ms == 500
    assert bytes(speaker.heard[1]) == SOUND[:RATE]
    assert not speaker.over
    speaker.whole()
    speaker.render(12.0)
    assert speaker.over
    assert bytes(speaker.heard[1]) == SOUND
    assert speaker.silent_from(10.0) == pytest.approx(11.0)


def test_what_is_held_fades_and_goes_on_where_it_was_held() -> None:
    speaker = playing(10.25)
    speaker.hold(10.3)
    speaker.render(10.8)
    assert speaker.held
    assert speaker.played_ms == pytest.approx(300)
    assert speaker.silent_from(10.3) == pytest.approx(10.3 + FADE_S, abs=0.001)
    assert np.abs(speaker.out[int(0.31 * RATE)]) < 3000 / 32768
    speaker.resume(10.8)
    speaker.render(11.0)
    speaker.whole()
    speaker.render(12.0)
    assert bytes(speaker.heard[1]) == SOUND
    assert speaker.over
    assert speaker.heard_at(RATE // 2) == pytest.approx(1.0)


def test_what_is_stopped_is_not_heard_any_more() -> None:
    speaker = playing(10.3)
    speaker.stop(10.3)
    speaker.begin(2, 10.4)
    speaker.render(12.0)
    assert bytes(speaker.heard[1]) == SOUND[: int(0.3 * RATE) * 2]
    assert bytes(speaker.heard[2]) == b""
    assert speaker.silent_from(10.3) == pytest.approx(10.3 + FADE_S, abs=0.001)


@pytest.mark.parametrize("position", [RATE - 1, RATE + 1, 0])
def test_sound_with_a_hole_or_that_comes_twice_is_told(position: int) -> None:
    with pytest.raises(ValueError, match="sample"):
        playing(10.1).take(position, SOUND, 10.1)


def test_it_keeps_a_little_in_stock_before_it_begins() -> None:
    speaker = Loudspeaker(RATE, 10.0)
    speaker.begin(1, 10.0)
    few = int(CUSHION_S * RATE) - 1
    speaker.take(0, SOUND[: few * 2], 10.0)
    speaker.render(10.2)
    assert speaker.played_ms == 0
    speaker.take(few, SOUND[few * 2 :], 10.2)
    speaker.render(10.3)
    assert speaker.played_ms == pytest.approx(100, abs=0.2)
