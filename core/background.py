"""Tasks that outlive the call that starts them, and end with their owner."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """A task group that is opened by one call and closed by another.

    What runs in it handles its own failures: they are results, not exceptions. An exception that gets out all the same is a
    bug: it ends the other tasks, too, and :meth:`aclose` raises it.
    """

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def running(self) -> bool:
        return self._group is not None

    async def open(self) -> None:
        """Let tasks be started; idempotent."""
        if self._group is None:
            self._group = await asyncio.TaskGroup().__aenter__()

    def start(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run it from here on. The owner is open: see ``running``."""
        if self._group is None:
            coroutine.close()
            raise RuntimeError(f"{name}: its owner is not open")
        task = self._group.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Cancel what runs and wait until it is gone; idempotent."""
        group, self._group = self._group, None
        if group is not None:
            for task in self._tasks:
                task.cancel()
            await group.__aexit__(None, None, None)
