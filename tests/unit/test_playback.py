"""The play clock: how far ahead speech runs, and whose clock it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.clock import VirtualTimeLoop, loop_ms
from hayakuchi.core.types import Audio
from hayakuchi.orchestrator.playback import Playback, PlayClock

RATE = 8000


def virtual(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main)


def audio(duration_ms: float) -> Audio:
    return Audio(bytes(int(RATE * duration_ms / 1000) * 2), RATE)


def playback() -> Playback:
    made = Playback(RATE, max_ahead_ms=400)
    made.begin(1)
    return made


def test_alone_it_goes_at_the_pace_of_the_clock_on_the_wall() -> None:
    async def main() -> None:
        clock = playback()
        for _ in range(20):
            await clock.send(audio(100))
            assert clock.ahead_ms() <= 400
        assert loop_ms() == pytest.approx(1600, abs=25)
        await clock.drained()
        assert loop_ms() == pytest.approx(2000, abs=25)
        assert clock.played_ms() == pytest.approx(2000, abs=1)

    virtual(main())


def test_a_pause_between_clips_is_not_made_up_for() -> None:
    async def main() -> None:
        clock = playback()
        await clock.send(audio(100))
        await clock.drained()
        await asyncio.sleep(3)
        await clock.send(audio(100))
        assert clock.ahead_ms() == pytest.approx(100, abs=1)

    virtual(main())


def test_a_listener_sets_the_pace() -> None:
    async def main() -> None:
        clock = playback()
        clock.listener_joined()
        for _ in range(4):
            await clock.send(audio(100))
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(clock.send(audio(100)))
            await asyncio.sleep(1)
            assert not waiting.done()
            clock.reported(1, 50)
            await asyncio.sleep(1)
            assert not waiting.done()
            clock.reported(1, 100)
            assert await waiting == 4 * 800

    virtual(main())


@pytest.mark.parametrize(("turn", "played_ms"), [(0, 100.0), (2, 100.0), (1, 0.0), (1, -5.0)])
def test_late_and_impossible_reports_are_ignored(turn: int, played_ms: float) -> None:
    async def main() -> None:
        clock = playback()
        clock.listener_joined()
        await clock.send(audio(200))
        clock.reported(turn, played_ms)
        assert clock.played_ms() == 0
        clock.reported(1, 1e9)
        assert clock.played_ms() == 200
        clock.reported(1, 10)
        assert clock.played_ms() == 200

    virtual(main())


def test_a_listener_without_progress_is_given_up() -> None:
    async def main() -> None:
        clock = playback()
        given_up: list[float] = []
        clock.on_stalled = lambda: given_up.append(loop_ms())
        clock.listener_joined()
        await clock.send(audio(300))
        await clock.drained()
        assert given_up == [pytest.approx(5000, abs=1)]
        assert clock.clock is PlayClock.ALONE
        assert loop_ms() == pytest.approx(5300, abs=25)

    virtual(main())


def test_an_idle_listener_is_not_given_up() -> None:
    async def main() -> None:
        clock = playback()
        clock.on_stalled = lambda: pytest.fail("given up")
        clock.listener_joined()
        await asyncio.sleep(60)
        await clock.send(audio(100))
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(clock.drained())
            await asyncio.sleep(4.9)
            clock.reported(1, 100)
            await draining

    virtual(main())


def test_time_stands_still_for_a_page_that_reloads() -> None:
    async def main() -> None:
        clock = playback()
        clock.listener_joined()
        await clock.send(audio(400))
        clock.reported(1, 100)
        clock.listener_left()
        await asyncio.sleep(2)
        assert clock.played_ms() == 100
        clock.listener_joined()
        clock.reported(1, 400)
        await clock.drained()
        assert loop_ms() == pytest.approx(2000, abs=1)

    virtual(main())


def test_when_nobody_comes_back_speech_goes_on_in_silence() -> None:
    async def main() -> None:
        clock = playback()
        clock.listener_joined()
        await clock.send(audio(400))
        clock.listener_left()
        await clock.drained()
        assert loop_ms() == pytest.approx(3400, abs=25)

    virtual(main())


@pytest.mark.parametrize("listens", [True, False])
def test_while_it_is_held_time_stands_still(listens: bool) -> None:
    async def main() -> None:
        clock = playback()
        clock.on_stalled = lambda: pytest.fail("given up")
        if listens:
            clock.listener_joined()
        await clock.send(audio(300))
        await asyncio.sleep(0.1)
        clock.pause()
        held_at = clock.played_ms()
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(clock.send(audio(100)))
            await asyncio.sleep(60)
            assert not sending.done()
            assert clock.played_ms() == held_at
            clock.resume()
            await sending
        clock.reported(1, 400)
        await clock.drained()
        assert clock.played_ms() == 400

    virtual(main())


def test_what_the_listener_had_played_before_it_fell_silent_still_counts() -> None:
    async def main() -> None:
        clock = playback()
        clock.listener_joined()
        await clock.send(audio(300))
        clock.reported(1, 50)
        clock.pause()
        clock.reported(1, 80)
        assert clock.played_ms() == 80

    virtual(main())


def test_the_next_turn_is_not_held() -> None:
    async def main() -> None:
        clock = playback()
        clock.pause()
        clock.begin(2)
        assert not clock.paused
        await clock.send(audio(100))
        await clock.drained()
        assert loop_ms() == pytest.approx(100, abs=25)

    virtual(main())


def test_a_listener_that_says_itself_when_it_has_heard_everything_is_waited_for() -> None:
    async def main() -> None:
        clock = playback()
        clock.confirms, clock.stalled_after_ms = True, inf
        clock.on_stalled = lambda: pytest.fail("given up")
        sent: list[float] = []
        clock.on_all_sent = lambda: sent.append(loop_ms())
        clock.listener_joined()
        await clock.send(audio(300))
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(clock.drained())
            await asyncio.sleep(60)
            clock.reported(1, 300)
            await asyncio.sleep(60)
            assert not draining.done()
            clock.confirmed(0)
            await asyncio.sleep(1)
            assert not draining.done()
            clock.confirmed(1)
        assert sent == [0]
        assert loop_ms() == pytest.approx(121_000, abs=1)

    virtual(main())


def test_what_one_turn_confirmed_says_nothing_of_the_next() -> None:
    async def main() -> None:
        clock = playback()
        clock.confirms = True
        clock.listener_joined()
        await clock.drained()  # nothing was sent, so nothing is waited for
        clock.confirmed(1)
        clock.begin(2)
        await clock.send(audio(100))
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(clock.drained())
            clock.reported(2, 100)
            await asyncio.sleep(1)
            assert not draining.done()
            clock.confirmed(2)

    virtual(main())


def test_a_confirmation_stands_for_all_that_was_sent() -> None:
    async def main() -> None:
        clock = playback()
        clock.listener_joined()
        await clock.send(audio(300))
        clock.confirmed(1)
        assert clock.played_ms() == 300
        clock.heard_at_most(120)
        assert clock.played_ms() == 120
        clock.heard_at_most(200)
        assert clock.played_ms() == 120

    virtual(main())


def test_play_start_is_told_once_a_turn() -> None:
    async def main() -> None:
        clock = playback()
        started: list[float] = []
        clock.on_play_start = lambda: started.append(loop_ms())
        clock.listener_joined()
        clock.started(0)
        assert started == []
        await clock.send(audio(200))
        clock.started(1)
        await asyncio.sleep(0.1)
        clock.reported(1, 100)
        assert started == [0]
        clock.begin(2)
        await clock.send(audio(200))
        clock.reported(2, 50)
        assert started == [0, 100]

    virtual(main())


DOINGS = st.lists(
    st.tuples(st.sampled_from(("pause", "resume", "join", "leave", "report", "")), st.integers(0, 4000)), max_size=30
)


@settings(deadline=None, max_examples=40)
@given(DOINGS)
def test_whatever_happens_all_is_heard_once_and_in_order(doings: list[tuple[str, int]]) -> None:
    async def main() -> None:
        clock = playback()
        positions: list[int] = []
        played: list[float] = []

        async def speak() -> None:
            for _ in range(20):
                positions.append(await clock.send(audio(100)))
                assert not clock.paused
            await clock.drained()

        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(speak())
            for doing, number in doings:
                match doing:
                    case "pause":
                        clock.pause()
                    case "resume":
                        clock.resume()
                    case "join":
                        clock.listener_joined()
                    case "leave":
                        clock.listener_left()
                    case "report":
                        clock.reported(1, number)
                    case _:
                        await asyncio.sleep(number / 1000)
                played.append(round(clock.played_ms(), 6))
            clock.resume()
            async with asyncio.timeout(20):
                await asyncio.wait([speaking])
        assert positions == [800 * index for index in range(20)]
        assert played == sorted(played)
        assert clock.played_ms() == pytest.approx(2000, abs=1)

    virtual(main())
