"""Sound as frontends send it, made into PCM."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.asr.base import SAMPLE_RATE
from hayakuchi.gateway.open_llm_vtuber.sound_in import pcm16, quiet_end_ms


def samples(pcm: bytes) -> list[int]:
    return np.frombuffer(pcm, "<i2").tolist()


def test_from_minus_one_to_one() -> None:
    assert samples(pcm16([0, 1, -1, 0.5, -0.5])) == [0, 32767, -32767, 16384, -16384]


def test_what_is_no_sample() -> None:
    assert samples(pcm16([math.nan, math.inf, -math.inf, 7, -1e300, 10**30])) == [
        0,
        32767,
        -32767,
        32767,
        -32767,
        32767,
    ]


def test_nothing() -> None:
    assert pcm16([]) == b""


@given(st.lists(st.floats(width=64) | st.integers(-(10**40), 10**40), max_size=50))
def test_any_numbers_are_sound(numbers: list[float]) -> None:
    heard = samples(pcm16(numbers))
    assert len(heard) == len(numbers)
    for number, sample in zip(numbers, heard, strict=True):
        expected = 0.0 if math.isnan(number) else max(-1.0, min(1.0, number))
        assert abs(sample - expected * 32767) <= 0.5


@pytest.mark.parametrize("quiet_ms", [0, 40, 600])
def test_how_long_nothing_is_said_at_the_end(quiet_ms: int) -> None:
    loud = [0.5, -0.5] * 800
    noise = [0.01, -0.01] * (quiet_ms * SAMPLE_RATE // 2000)
    assert quiet_end_ms(pcm16(loud + noise)) == pytest.approx(quiet_ms, abs=1)


@pytest.mark.parametrize("pcm", [b"", bytes(3200)])
def test_silence_has_no_end(pcm: bytes) -> None:
    assert quiet_end_ms(pcm) == 0
