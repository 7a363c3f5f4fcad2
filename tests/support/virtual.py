"""Run a coroutine in virtual time: minutes of timers pass in milliseconds, and take the same time on every machine."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hayakuchi.core.clock import VirtualTimeLoop

T = TypeVar("T")


def run_virtual(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result; AssertionError when it leaves tasks behind."""

    async def main() -> T:
        result = await coroutine
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left behind: {left}"
        return result

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())
