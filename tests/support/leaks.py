"""Whether a piece of code let go of everything it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psutil
import pytest

_PATIENCE_S = 5.0
_STEP_S = 0.01


@asynccontextmanager
async def nothing_leaks() -> AsyncIterator[None]:
    """Fail when the body leaves a task running or a TCP socket open."""
    tasks, sockets = _other_tasks(), _open_sockets()
    yield
    for _ in range(round(_PATIENCE_S / _STEP_S)):
        if not _other_tasks() - tasks and _open_sockets() <= sockets:
            break
        await asyncio.sleep(_STEP_S)
    else:
        pytest.fail(f"left behind: {_other_tasks() - tasks}, {_open_sockets() - sockets} sockets")


@contextmanager
def no_process_stays() -> Iterator[None]:
    """Fail when the body leaves a child process behind. Browsers that tests share may be there before."""
    before = psutil.Process().children()
    yield
    assert psutil.Process().children() == before


def _other_tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def _open_sockets() -> int:
    return len(psutil.Process().net_connections("tcp"))
