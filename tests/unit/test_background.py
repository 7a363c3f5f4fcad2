"""Tasks that outlive the call that starts them."""

import asyncio

import pytest
from virtual import run_virtual

from hayakuchi.core.background import Background


def test_tasks_outlive_their_starter_and_end_with_their_owner() -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            ended.append(name)

    async def main() -> None:
        background = Background()
        async with asyncio.TaskGroup() as group:
            await group.create_task(background.open())
        await background.open()
        background.start(work("a"), "a")
        await asyncio.sleep(1)
        background.start(work("b"), "b")
        await asyncio.sleep(0)
        async with asyncio.TaskGroup() as group:
            await group.create_task(background.aclose())
        assert sorted(ended) == ["a", "b"]
        assert not background.running
        await background.aclose()
        await background.open()
        assert await background.start(asyncio.sleep(1, "again"), "c") == "again"
        await background.aclose()

    run_virtual(main())


def test_nothing_is_started_before_it_is_open() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="not open"):
            Background().start(asyncio.sleep(1), "a")

    run_virtual(main())


def test_a_bug_in_a_task_is_told_when_the_owner_closes() -> None:
    async def main() -> None:
        background = Background()
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with asyncio.TaskGroup() as group:
            await group.create_task(background.open())

        async def bug() -> None:
            raise KeyError("bug")

        background.start(bug(), "a")
        await asyncio.sleep(1)
        assert told
        with pytest.raises(ExceptionGroup) as caught:
            await background.aclose()
        assert caught.group_contains(KeyError)

    run_virtual(main())
