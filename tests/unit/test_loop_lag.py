"""When the server counts as late: not for a hiccup, and not without end."""

from __future__ import annotations

import asyncio
import time

from virtual import run_virtual

from hayakuchi.gateway.loop_lag import SAMPLE_MS, LoopLag


def samples(lag: LoopLag, start: float, *lags: float) -> float:
    """Take samples, each as late as told; the time of the last one."""
    now = start
    for late in lags:
        now += SAMPLE_MS + late
        lag.sampled(now, late)
    return now


def test_one_late_sample_is_a_hiccup_and_two_are_not() -> None:
    lag = LoopLag(100)
    now = samples(lag, 0, 1, 1, 400, 1, 1)
    assert not lag.late
    now = samples(lag, now, 101)
    assert lag.late
    assert lag.p99_ms == 400


def test_it_lasts_until_a_second_was_well_below_the_limit() -> None:
    lag = LoopLag(100)
    now = samples(lag, 0, 150, 150)
    now = samples(lag, now, *[1.0] * 20, 60)
    assert lag.late
    until = now + 1000
    while now + SAMPLE_MS <= until:
        now = samples(lag, now, 0)
        assert lag.late
    now = samples(lag, now, 0)
    assert not lag.late


def test_late_samples_more_than_a_second_apart_are_two_hiccups() -> None:
    lag = LoopLag(100)
    now = samples(lag, 0, 150)
    samples(lag, now, *[0.0] * 41, 150)
    assert not lag.late


def test_no_samples() -> None:
    assert LoopLag(100).p99_ms == 0


def test_a_loop_that_does_its_work_in_time_is_not_late() -> None:
    async def scenario() -> LoopLag:
        lag = LoopLag(100)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(lag.watch())
            await asyncio.sleep(30)
            task.cancel()
        return lag

    lag = run_virtual(scenario())
    assert lag.p99_ms < 1e-6
    assert not lag.late


async def test_a_loop_that_is_kept_from_its_work_is_late() -> None:
    lag = LoopLag(30)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(lag.watch())
        for _ in range(2):
            await asyncio.sleep(0.03)
            time.sleep(0.08)  # noqa: ASYNC251 what the test is about
        await asyncio.sleep(0.03)
        assert lag.late
        assert lag.p99_ms > 50
        task.cancel()
