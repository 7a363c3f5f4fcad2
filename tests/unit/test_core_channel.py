"""The channel: bounded, in order, nothing lost and nothing doubled, whoever is cancelled when."""

import asyncio
import random

import pytest
from hayakuchi.core.channel import Channel, ChannelClosed
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual import run_virtual


def test_capacity_must_hold_something() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Channel(0)


def test_a_full_channel_makes_its_writer_wait() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(2)
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(put_all(channel, range(4)))
            await asyncio.sleep(1)
            assert (len(channel), channel.full, writer.done()) == (2, True, False)
            assert not channel.put_nowait(9)
            assert [await channel.get() for _ in range(4)] == [0, 1, 2, 3]
        assert channel.get_nowait() is None

    run_virtual(main())


async def put_all(channel: Channel[int], items: range) -> None:
    for item in items:
        await channel.put(item)


def test_a_closed_channel_gives_what_is_left_and_ends() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(3)
        await put_all(channel, range(3))
        channel.close()
        channel.close()
        assert channel.closed
        assert [item async for item in channel] == [0, 1, 2]
        with pytest.raises(ChannelClosed):
            await channel.get()
        with pytest.raises(ChannelClosed):
            await channel.put(1)
        with pytest.raises(ChannelClosed):
            channel.put_nowait(1)

    run_virtual(main())


def test_closing_wakes_everyone_who_waits() -> None:
    async def main() -> None:
        empty: Channel[int] = Channel(1)
        full: Channel[int] = Channel(1)
        full.put_nowait(0)
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(told_closed(empty.get())) for _ in range(3)]
            waiting += [group.create_task(told_closed(full.put(1))) for _ in range(3)]
            await asyncio.sleep(1)
            empty.close()
            full.close()
        assert all(task.result() for task in waiting)
        assert full.get_nowait() == 0

    run_virtual(main())


async def told_closed(operation) -> bool:
    try:
        await operation
    except ChannelClosed:
        return True
    return False


def test_a_cancelled_waiter_passes_its_turn_on() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(1)
        async with asyncio.TaskGroup() as group:
            first, second = (group.create_task(channel.get()) for _ in range(2))
            await asyncio.sleep(0)
            channel.put_nowait(7)  # wakes the first, which is cancelled before it runs
            first.cancel()
            assert await second == 7

    run_virtual(main())


STEP = st.tuples(
    st.sampled_from(["put", "get", "put_nowait", "get_nowait", "cancel", "sleep", "sleep"]), st.integers(0, 99)
)


@settings(max_examples=150, deadline=None)
@given(capacity=st.integers(1, 4), steps=st.lists(STEP, max_size=60), close_at=st.none() | st.integers(0, 60))
def test_nothing_is_lost_or_doubled(capacity: int, steps: list[tuple[str, int]], close_at: int | None) -> None:
    run_virtual(play(capacity, steps, close_at))


async def play(capacity: int, steps: list[tuple[str, int]], close_at: int | None) -> None:
    channel: Channel[int] = Channel(capacity)
    accepted: list[int] = []
    taken: list[int] = []
    tasks: list[asyncio.Task[None]] = []

    async def put(item: int) -> None:
        try:
            await channel.put(item)
        except ChannelClosed:
            return
        accepted.append(item)

    async def get() -> None:
        try:
            taken.append(await channel.get())
        except ChannelClosed:
            return

    for number, (step, argument) in enumerate(steps):
        if number == close_at:
            channel.close()
        if step == "put":
            tasks.append(asyncio.create_task(put(number)))
        elif step == "get":
            tasks.append(asyncio.create_task(get()))
        elif step == "put_nowait" and not channel.closed:
            if channel.put_nowait(number):
                accepted.append(number)
        elif step == "get_nowait":
            if (item := channel.get_nowait()) is not None:
                taken.append(item)
        elif step == "cancel" and tasks:
            tasks[argument % len(tasks)].cancel()
        else:
            await asyncio.sleep(0)
        assert len(channel) <= capacity
    for _ in range(5):
        await asyncio.sleep(0)
    waiting = [task for task in tasks if not task.done()]
    # Nobody waits for what is there.
    assert not waiting or channel.full or not len(channel)
    channel.close()
    await asyncio.gather(*tasks, return_exceptions=True)
    taken += [item async for item in channel]
    assert sorted(taken) == sorted(accepted)


def test_many_writers_and_readers_with_random_pauses() -> None:
    async def main() -> None:
        rng = random.Random(5)
        channel: Channel[int] = Channel(3)
        got: list[int] = []

        async def write(base: int) -> None:
            for item in range(base, base + 50):
                await asyncio.sleep(rng.random() / 100)
                await channel.put(item)

        async def read() -> None:
            async for item in channel:
                await asyncio.sleep(rng.random() / 100)
                got.append(item)

        async with asyncio.TaskGroup() as readers:
            for _ in range(4):
                readers.create_task(read())
            async with asyncio.TaskGroup() as writers:
                for base in range(0, 200, 50):
                    writers.create_task(write(base))
            channel.close()
        assert sorted(got) == list(range(200))

    run_virtual(main())
