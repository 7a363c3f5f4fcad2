"""Waiting for another thread, also while being cancelled."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any


async def until_done(future: Future[Any], limit_s: float, *, steadfast: bool) -> None:
    """Wait for it, at most so long. It goes on when whoever waits is cancelled."""
    waiting = asyncio.wrap_future(future)
    waiting.add_done_callback(asyncio.Future.exception)  # it is told, also where nobody waits for it any more
    loop = asyncio.get_running_loop()
    ends = loop.time() + limit_s
    cancelled = 0
    while not waiting.done() and loop.time() < ends:
        try:
            await asyncio.wait([waiting], timeout=ends - loop.time())
        except asyncio.CancelledError:
            if not steadfast:
                raise
            cancelled += 1
    _cancel_again(cancelled)


def _cancel_again(times: int) -> None:
    task = asyncio.current_task()
    for _ in range(times if task else 0):
        assert task is not None
        task.uncancel()
        task.cancel()
