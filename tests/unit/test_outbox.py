"""What waits for a client is bounded in messages and in characters; and one timer that is moved again and again."""

from __future__ import annotations

import asyncio

import pytest
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.gateway.open_llm_vtuber.alarm import Alarm
from hayakuchi.gateway.outbox import Outbox


@pytest.mark.parametrize(("messages", "characters", "fit"), [(3, 1000, 3), (100, 25, 2)])
def test_too_much_that_waits_loses_the_client(messages: int, characters: int, fit: int) -> None:
    async def main() -> None:
        outbox = Outbox(messages, characters)
        for _ in range(fit):
            outbox.put("0123456789")
        assert not outbox.lost.is_set()
        outbox.put("0123456789")
        assert outbox.lost.is_set()
        outbox.put("more")
        assert len(outbox.channel) == fit

    run_virtual(main())


def test_what_was_sent_waits_no_longer() -> None:
    async def main() -> None:
        outbox, taken = Outbox(5, 25), []
        outbox.put("0123456789")

        async def read() -> None:
            async for text in outbox.texts():
                taken.append(text)

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read())
            for number in range(20):
                await asyncio.sleep(0.1)
                outbox.put(f"{number:020}")
            await asyncio.sleep(0.1)
            reading.cancel()
        assert len(taken) == 21
        assert not outbox.lost.is_set()

    run_virtual(main())


def test_an_alarm_rings_once_at_the_time_it_was_last_set_to() -> None:
    async def main() -> None:
        rung: list[float] = []
        alarm = Alarm(lambda: rung.append(loop_ms()))
        for at in (500.0, 100.0, 300.0, 300.0):
            alarm.set(at)
        await asyncio.sleep(1)
        assert rung == [pytest.approx(300)]
        alarm.set(1200.0)
        alarm.set(None)
        await asyncio.sleep(1)
        assert len(rung) == 1
        alarm.set(1500.0)  # which has passed
        await asyncio.sleep(0.01)
        assert len(rung) == 2

    run_virtual(main())
