"""The frames of a microphone are put one after the other, whatever the network did to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.gateway.stage.mic_rate import FRAMES_PER_S, HICCUP_S, RATE, SPEED, MicRate
from hayakuchi.orchestrator.mic_track import MAX_GAP, RESTART, MicTrack

FRAME = 320
LOUD = b"\1\1" * FRAME


def test_frames_in_order_pass_as_they_are() -> None:
    track = MicTrack()
    assert [track.placed(LOUD, 7000 + n * FRAME) for n in range(5)] == [LOUD] * 5


def test_a_gap_is_silence_of_its_length() -> None:
    track = MicTrack()
    track.placed(LOUD, 0)
    assert track.placed(LOUD, 3 * FRAME) == bytes(4 * FRAME) + LOUD
    assert track.placed(LOUD, 4 * FRAME) == LOUD


def test_a_very_long_gap_is_two_seconds_of_silence() -> None:
    track = MicTrack()
    track.placed(LOUD, 0)
    assert track.placed(LOUD, 2**31 - 1) == bytes(2 * MAX_GAP) + LOUD


@pytest.mark.parametrize(
    ("position", "left"), [(0, 0), (FRAME - 1, 0), (FRAME, 0), (FRAME + 100, 100), (2 * FRAME, 320)]
)
def test_what_was_there_before_is_not_heard_twice(position: int, left: int) -> None:
    track = MicTrack()
    track.placed(LOUD, 0)
    track.placed(LOUD, FRAME)
    assert len(track.placed(LOUD, position)) == 2 * left
    assert track.placed(LOUD, max(2 * FRAME, position + FRAME)) == LOUD


def test_a_page_that_counts_anew_is_heard() -> None:
    track = MicTrack()
    track.placed(LOUD, 5 * RESTART)
    assert track.placed(LOUD, 0) == LOUD
    assert track.placed(LOUD, FRAME) == LOUD


def test_positions_begin_again_at_their_end() -> None:
    track = MicTrack()
    track.placed(LOUD, 2**32 - FRAME - 10)
    assert track.placed(LOUD, 2**32 - 10) == LOUD
    assert track.placed(LOUD, FRAME - 10) == LOUD


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 50)), max_size=30))
def test_whatever_comes_no_frame_becomes_longer_than_the_longest_gap_and_itself(frames: list[tuple[int, int]]) -> None:
    track = MicTrack()
    for position, samples in frames:
        pcm = b"\1\1" * samples
        placed = track.placed(pcm, position)
        assert len(placed) % 2 == 0
        assert len(placed) <= 2 * MAX_GAP + len(pcm)
        assert pcm.endswith(placed.lstrip(b"\0"))


def test_positions_that_jump_with_every_frame_make_no_more_silence_than_there_is_sound() -> None:
    track = MicTrack()
    heard = [len(track.placed(LOUD, n * 40_000)) // 2 for n in range(1000)]
    assert sum(heard) <= MAX_GAP + 2 * 1000 * FRAME


def test_after_two_seconds_of_sound_a_gap_is_filled_again() -> None:
    track = MicTrack()
    track.placed(LOUD, 0)
    track.placed(LOUD, 2**20)
    track.placed(bytes(2 * MAX_GAP), 2**20 + FRAME)
    assert track.placed(LOUD, 2**21) == bytes(2 * MAX_GAP) + LOUD


def test_real_time_is_admitted_for_ever() -> None:
    rate = MicRate()
    assert all(rate.admits(FRAME, n * 20.0) for n in range(50_000))


def test_what_a_hiccup_held_back_is_admitted_at_once() -> None:
    rate = MicRate()
    assert all(rate.admits(FRAME, 0.0) for _ in range(int(HICCUP_S * 50)))


def test_no_more_than_twice_real_time_is_admitted() -> None:
    rate = MicRate()
    admitted = sum(rate.admits(16_000, float(now)) for now in range(0, 60_000, 10))
    assert admitted == pytest.approx(SPEED * (60 + HICCUP_S), abs=1)


def test_no_more_than_a_hundred_frames_a_second_are_admitted() -> None:
    rate = MicRate()
    admitted = sum(rate.admits(1, float(now)) for now in range(60_000))
    assert admitted == pytest.approx(FRAMES_PER_S * (60 + HICCUP_S), abs=1)
    assert RATE * SPEED > FRAMES_PER_S
