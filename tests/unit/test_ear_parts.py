"""The small parts of the streaming layer: ring, intake, joining, quiet places, pace, resampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from microphone import noise, silence

from hayakuchi.asr.base import FRAME_SAMPLES
from hayakuchi.asr.intake import Intake, Mark
from hayakuchi.asr.joining import joined
from hayakuchi.asr.quiet_place import quietest
from hayakuchi.asr.ring import Ring
from hayakuchi.gateway.audio.listen import AHEAD_MS, BEHIND_MS, Pace
from hayakuchi.gateway.audio.pcm_stream import PcmStream


@given(st.integers(1, 50), st.lists(st.integers(0, 60), max_size=20), st.integers(0, 200), st.integers(0, 200))
def test_the_ring_holds_the_latest_sound_by_its_place(capacity: int, sizes: list[int], start: int, end: int) -> None:
    ring = Ring(capacity)
    whole = b""
    for size in sizes:
        piece = (np.arange(len(whole) // 2, len(whole) // 2 + size) % 30_000).astype("<i2").tobytes()
        whole += piece
        ring.append(piece)
    assert ring.end == len(whole) // 2
    assert ring.end - ring.start <= capacity
    assert ring.between(ring.start, ring.end) == whole[2 * ring.start :]
    assert ring.between(start, end) == whole[2 * max(start, ring.start) : 2 * max(end, start, ring.start)]


def test_the_ring_forgets_on_demand_and_never_what_is_to_come() -> None:
    ring = Ring(100)
    ring.append(silence(5))
    ring.forget_before(10)
    ring.forget_before(5)
    assert (ring.start, ring.end) == (10, 80)
    ring.forget_before(1000)
    assert (ring.start, ring.end) == (80, 80)
    with pytest.raises(ValueError, match="capacity"):
        Ring(0)


@given(st.lists(st.none() | st.binary(max_size=3000).map(lambda data: data[: len(data) & ~1]), max_size=20))
def test_the_intake_gives_back_frames_and_ends_in_order(parts: list[bytes | None]) -> None:
    intake = Intake(100_000)
    expected: list[bytes | Mark] = []
    part = b""
    for pcm in [*parts, None]:
        if pcm is not None:
            part += pcm
            intake.put(pcm)
            continue
        intake.end()
        part += bytes(-len(part) % (2 * FRAME_SAMPLES))
        expected += [part[at : at + 2 * FRAME_SAMPLES] for at in range(0, len(part), 2 * FRAME_SAMPLES)]
        if part or Mark.END not in expected[-1:]:
            expected.append(Mark.END)
        part = b""
    taken: list[bytes | Mark] = []
    while (frame := intake.take()) is not None:
        taken.append(frame)
    assert taken == expected
    assert intake.samples == 0


def test_the_intake_lets_the_oldest_go() -> None:
    intake = Intake(2 * FRAME_SAMPLES)
    intake.put(b"a" * 4 * FRAME_SAMPLES)
    assert not intake.overflows
    assert intake.trim() == 0
    intake.put(b"b" * 2 * FRAME_SAMPLES)
    assert intake.overflows
    assert intake.trim() == FRAME_SAMPLES
    assert not intake.overflows
    assert intake.samples == 2 * FRAME_SAMPLES
    assert intake.take() == b"a" * 2 * FRAME_SAMPLES
    assert intake.take() == b"b" * 2 * FRAME_SAMPLES
    intake.put(b"c" * 100)
    intake.clear()
    assert intake.samples == 0
    assert intake.take() is None


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ((), ""),
        (("", " a ", ""), "a"),
        (("one two", "three."), "one two three."),
        (("今天", "天气好。", "走吧"), "今天天气好。走吧"),
        (("今日は", "テスト"), "今日はテスト"),
        (("오늘", "날씨"), "오늘 날씨"),
        (("สวัสดี", "ครับ"), "สวัสดีครับ"),
    ],
)
def test_joined(pieces: tuple[str, ...], text: str) -> None:
    assert joined(pieces) == text


def test_the_quietest_place_is_in_the_middle_of_the_last_silence() -> None:
    place = quietest(noise(1000) + silence(200) + noise(500) + silence(300) + noise(1000))
    assert 16 * 1700 < place < 16 * 2000
    assert quietest(noise(100)) == 1600


def test_who_sends_faster_than_one_speaks_waits() -> None:
    pace = Pace(0)
    assert pace.wait_ms(AHEAD_MS, 0) == 0
    assert pace.wait_ms(500, 0) == 500
    assert pace.wait_ms(0, 500) == 0
    assert pace.wait_ms(AHEAD_MS, 500 + AHEAD_MS) == 0
    later = 1e9
    assert pace.wait_ms(BEHIND_MS + AHEAD_MS, later) == 0
    assert pace.wait_ms(10, later) == 10


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_odd_bytes_wait_for_their_other_half(frames: list[bytes]) -> None:
    stream = PcmStream()
    heard = b"".join(stream.put(frame) for frame in frames) + stream.end()
    whole = b"".join(frames)
    assert heard == whole[: len(whole) & ~1]


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000])
def test_other_rates_are_heard_at_their_pitch_and_length(rate: int) -> None:
    tone = (np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate) * 10_000).astype("<i2").tobytes()
    stream = PcmStream(rate)
    heard = b"".join(stream.put(tone[at : at + 333]) for at in range(0, len(tone), 333)) + stream.end()
    samples = np.frombuffer(heard, "<i2").astype(float)
    assert abs(len(samples) - 32_000) <= 2
    spectrum = np.abs(np.fft.rfft(samples[8000:24_000]))
    assert int(spectrum.argmax()) == 440
    assert abs(float(np.sqrt(np.mean(samples[8000:24_000] ** 2))) - 10_000 / 2**0.5) < 100


@pytest.mark.parametrize("rate", [0, -16_000, 7999, 48_001])
def test_rates_that_nobody_speaks_at(rate: int) -> None:
    with pytest.raises(ValueError, match="sample rate"):
        PcmStream(rate)
