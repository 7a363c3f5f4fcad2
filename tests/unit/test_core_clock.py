"""Virtual time: it jumps, in order and exactly, and never stands still silently."""

import asyncio
import time

import pytest
from hayakuchi.core.clock import VirtualTimeLoop, loop_ms
from virtual import run_virtual


def test_hours_pass_in_no_time_and_exactly() -> None:
    async def main() -> float:
        before = loop_ms()
        await asyncio.sleep(7200)
        return loop_ms() - before

    started = time.monotonic()
    assert run_virtual(main()) == pytest.approx(7_200_000)
    assert time.monotonic() - started < 60


def test_timers_fire_in_order_at_their_times() -> None:
    async def main() -> list[tuple[str, float]]:
        fired: list[tuple[str, float]] = []

        async def wait(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            fired.append((name, round(loop_ms(), 6)))

        async with asyncio.TaskGroup() as group:
            for name, seconds in (("c", 0.3), ("a", 0.1), ("b", 0.2), ("a2", 0.1)):
                group.create_task(wait(name, seconds))
        return fired

    assert run_virtual(main()) == [("a", 100), ("a2", 100), ("b", 200), ("c", 300)]


def test_a_timeout_meets_its_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await asyncio.Event().wait()
        return loop_ms()

    assert run_virtual(main()) == pytest.approx(1500)


def test_another_thread_is_waited_for_in_real_time() -> None:
    async def main() -> str:
        return await asyncio.to_thread(lambda: (time.sleep(0.02), "done")[1])

    assert run_virtual(main()) == "done"


def test_a_program_that_waits_for_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VirtualTimeLoop, "patience_s", 0.01)
    loop = VirtualTimeLoop()
    coroutine = asyncio.Event().wait()
    task = loop.create_task(coroutine)
    with pytest.raises(RuntimeError, match="virtual time stands still"):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
