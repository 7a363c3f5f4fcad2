"""What a loudspeaker plays: nothing twice, nothing lost, silence in time, and where it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hayakuchi.gateway.local_audio.clock import HeardClock, Reporter
from hayakuchi.gateway.local_audio.playout import Mark, Playout, SampleQueue

RATE = 1000
FADE = 15


def ramp(first: int, count: int) -> np.ndarray:
    """Samples that tell where they belong."""
    return np.arange(first, first + count, dtype=np.float32) / 10_000 + 0.1


class Device:
    """Renders in buffers of 10 ms and keeps what was heard."""

    def __init__(self, rate: int = RATE) -> None:
        self.marks: list[Mark] = []
        self.playout = Playout(rate, lambda mark: self.marks.append(replace(mark, time_s=round(mark.time_s, 6))))
        self.heard = np.zeros(0, np.float32)

    def play(self, samples: int, buffer: int = 10) -> np.ndarray:
        began = len(self.heard)
        while len(self.heard) < began + samples:
            out = np.full(min(buffer, began + samples - len(self.heard)), np.nan, np.float32)
            self.playout.render(out, len(self.heard) / RATE)
            self.heard = np.concatenate((self.heard, out))
        return self.heard[began:]


@pytest.fixture
def device() -> Device:
    device = Device()
    device.playout.begin(1)
    return device


def test_sound_is_heard_at_once_and_unchanged(device: Device):
    device.playout.push(1, 0, ramp(0, 25))
    device.playout.push(1, 25, ramp(25, 75))
    assert np.array_equal(device.play(100), ramp(0, 100))
    assert device.marks[0] == Mark(1, 0.0, 0, moving=True, underruns=0)


def test_nothing_comes_out_of_nothing(device: Device):
    assert not device.play(50).any()
    assert device.marks == []


@pytest.mark.parametrize("buffer", [1, 7, 10, 64])
def test_holding_fades_out_in_15_ms_and_going_on_loses_no_sample(device: Device, buffer: int):
    device.playout.push(1, 0, ramp(0, 300))
    before = device.play(70, buffer)
    device.playout.hold()
    held = device.play(500, buffer)
    assert not held[FADE:].any()
    assert np.all(np.abs(held[:FADE]) <= ramp(70, FADE))
    assert np.all(np.diff(np.abs(held[:FADE])) < 0)
    device.playout.go_on()
    after = device.play(230, buffer)
    assert np.array_equal(before, ramp(0, 70))
    assert np.array_equal(after[3:], ramp(73, 227)), "what was faded out is heard again"
    assert np.all(after[:3] <= ramp(70, 3))
    stops = [(mark.position, mark.moving) for mark in device.marks if not mark.moving]
    assert stops == [(70, False)]


def test_what_comes_while_it_is_held_waits(device: Device):
    device.playout.hold()
    device.playout.push(1, 0, ramp(0, 50))
    assert not device.play(100).any()
    device.playout.go_on()
    assert np.array_equal(device.play(50), ramp(0, 50))


def test_going_on_at_once_is_no_gap(device: Device):
    device.playout.push(1, 0, ramp(0, 200))
    device.play(50)
    device.playout.hold()
    device.play(5)
    device.playout.go_on()
    after = device.play(150)
    assert np.array_equal(after[FADE:], ramp(50 + FADE, 150 - FADE))


def test_dropping_is_silent_within_15_ms_and_forgets_the_rest(device: Device):
    device.playout.push(1, 0, ramp(0, 300))
    device.play(70)
    device.playout.drop()
    dropped = device.play(200)
    assert dropped[:FADE].any()
    assert not dropped[FADE:].any()
    assert device.marks[-1] == Mark(1, 0.07, 70, moving=False, underruns=0)


def test_a_new_turn_begins_over_the_fading_old_one(device: Device):
    device.playout.push(1, 0, ramp(0, 300))
    device.play(70)
    device.playout.begin(2)
    device.playout.push(1, 300, ramp(300, 50))
    device.playout.push(2, 0, ramp(0, 50))
    heard = device.play(60)
    assert np.array_equal(heard[FADE:50], ramp(FADE, 50 - FADE))
    assert np.all(heard[:FADE] >= ramp(0, FADE))
    assert np.all(np.abs(heard[55:]) < 0.01)
    assert device.marks[-1] == Mark(2, 0.12, 50, moving=False, underruns=1)


def test_a_new_turn_is_not_held(device: Device):
    device.playout.hold()
    device.playout.begin(2)
    device.playout.push(2, 0, ramp(0, 20))
    assert np.array_equal(device.play(20), ramp(0, 20))


def test_dropping_does_not_end_the_holding(device: Device):
    device.playout.hold()
    device.playout.drop()
    device.playout.push(1, 40, ramp(40, 50))
    assert not device.play(30).any()
    device.playout.go_on()
    assert np.array_equal(device.play(50), ramp(40, 50))


def test_running_dry_in_a_segment_is_counted_and_waits_for_a_cushion(device: Device):
    device.playout.push(1, 0, ramp(0, 25))
    heard = device.play(60)
    assert np.array_equal(heard[:25], ramp(0, 25))
    assert 0 < heard[25] < heard[24], "the wave comes down instead of being cut"
    assert abs(heard[30]) < 0.01
    assert device.marks[-1] == Mark(1, 0.025, 25, moving=False, underruns=1)
    device.playout.push(1, 25, ramp(25, 20))
    assert not device.play(20).any()
    device.playout.push(1, 45, ramp(45, 20))
    assert np.array_equal(device.play(40)[3:], ramp(28, 37))


def test_the_end_of_a_segment_or_of_the_turn_is_no_fault_and_needs_no_cushion(device: Device):
    device.playout.push(1, 0, ramp(0, 25))
    device.playout.edge(25)
    device.play(60)
    device.playout.push(1, 25, ramp(25, 10))
    assert np.array_equal(device.play(10), ramp(25, 10))
    device.playout.finish()
    device.play(20)
    assert device.marks[-1] == Mark(1, 0.07, 35, moving=False, underruns=0)


def test_after_running_dry_the_rest_of_a_segment_is_played_however_short(device: Device):
    device.playout.push(1, 0, ramp(0, 25))
    device.play(40)
    device.playout.push(1, 25, ramp(25, 10))
    device.playout.edge(35)
    assert np.array_equal(device.play(10)[3:], ramp(28, 7))


def test_marks_come_every_50_ms(device: Device):
    device.playout.push(1, 0, ramp(0, 500))
    device.play(500)
    moving = [mark for mark in device.marks if mark.moving]
    apart = np.diff([mark.position for mark in moving])
    assert set(apart.tolist()) <= {50, 60}, "every 50 ms, at the next buffer"
    assert all(mark.position == round(mark.time_s * RATE) for mark in moving)


def test_samples_that_were_there_before_are_left_out():
    queue = SampleQueue()
    queue.write(100, ramp(100, 20))
    queue.write(90, ramp(90, 25))
    queue.write(110, ramp(110, 20))
    queue.write(110, ramp(110, 5))
    assert (len(queue), queue.position) == (30, 100)
    out = np.zeros(40, np.float32)
    assert queue.read(out[:12]) == 12
    assert queue.position == 112
    assert queue.read(out[12:]) == 18
    assert np.array_equal(out[:30], ramp(100, 30))
    assert (len(queue), queue.position) == (0, 130)
    queue.clear()
    queue.write(5, ramp(5, 5))
    assert (len(queue), queue.position) == (5, 5)


def test_any_order_of_commands_loses_and_repeats_nothing():
    """All that is heard outside of fades is the turn's sound, in order, with what was held heard in full."""
    for seed in range(200):
        chance = np.random.default_rng(seed)
        device = Device()
        device.playout.begin(1)
        sent, held = 0, False
        while sent < 400 or held:
            act = chance.integers(4)
            if act == 0 and sent < 400:
                count = int(chance.integers(1, 60))
                device.playout.push(1, sent, ramp(sent, count))
                sent += count
            elif act == 1:
                held = not held
                (device.playout.hold if held else device.playout.go_on)()
            else:
                device.play(int(chance.integers(1, 40)), buffer=int(chance.integers(1, 30)))
        device.playout.finish()
        device.play(sent + 100)
        assert device.marks[-1].position == sent
        whole = set(np.round((device.heard - 0.1) * 10_000).astype(int).tolist())
        missing = [at for at in range(sent) if at not in whole]
        starts = [mark.position for mark in device.marks if mark.moving]
        assert all(any(start <= at < start + FADE + 3 for start in starts) for at in missing), seed


def marks(*rows: tuple[float, int, bool]) -> HeardClock:
    clock = HeardClock(RATE)
    for at, position, moving in rows:
        clock.mark(Mark(1, at, position, moving, 0))
    return clock


def heard_ms(clock: HeardClock, now: float) -> float | None:
    heard = clock.at(now)
    return round(heard.ms, 6) if heard else None


def test_the_clock_follows_the_marks_when_they_are_heard():
    clock = marks((1.0, 0, True), (1.05, 50, True), (1.08, 80, False))
    assert clock.at(0.99) is None
    assert heard_ms(clock, 1.02) == 20
    assert heard_ms(clock, 1.06) == 60
    assert heard_ms(clock, 2.0) == 80
    assert not clock.at_rest(1.07)
    assert clock.at_rest(1.08)


def test_the_clock_does_not_run_past_the_next_mark_nor_far_past_the_last():
    assert heard_ms(marks((1.0, 0, True), (1.5, 20, False)), 1.1) == 20
    stalled = marks((1.0, 0, True))
    assert heard_ms(stalled, 60.0) == 150
    assert stalled.at_rest(60.0)


def test_another_turn_begins_anew():
    clock = marks((1.0, 900, True))
    clock.mark(Mark(2, 1.2, 0, True, 0))
    assert clock.at(1.1) is None
    heard = clock.at(1.25)
    assert heard is not None
    assert (heard.turn, heard.ms) == (2, pytest.approx(50))


def test_reports_every_50_ms_and_once_at_the_end():
    told: list[tuple[int, float]] = []
    reporter = Reporter(lambda turn, ms: told.append((turn, round(ms))))
    clock = marks((0.0, 0, True), (0.123, 123, False))
    for tick in range(40):
        reporter.tick(clock.at(tick / 50), tick / 50)
    assert told == [(1, 20), (1, 80), (1, 123)]


def test_a_position_never_goes_back():
    told: list[float] = []
    reporter = Reporter(lambda turn, ms: told.append(ms))
    for now, position in enumerate((50, 40, 50, 60)):
        reporter.tick(marks((now, position, False)).at(now), now)
    assert told == [50, 60]
