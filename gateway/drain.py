"""How the server ends: what is being said is said, nothing more is begun, and everybody is told before they are left.

told to end ─► refuse what is new ─► wait for replies ─► stop those that are left ─► close connections ─► uvicorn ends
               session.closing       at most patience    0.5 s                       1001, 1.5 s
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from .doors import Doors

STEP_S = 0.05
SILENCE_S = 0.5
"""How long the turns that are interrupted have to be written down."""
GOODBYE_S = 1.5
"""How long connections have to be closed: a little longer than a client that does not read is waited for."""


@dataclass(slots=True)
class Farewell:
    """What was asked of the server's end, by signals."""

    patience_s: float = 0.0
    """How long replies may take to be finished."""
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    """Nobody wants to wait any longer."""


async def drain(doors: Doors, farewell: Farewell) -> None:
    """Come to the end with all who are connected; returns when they are gone, or did not go in time. The server still answers
    what is asked of it meanwhile: with 503, where it is something to be begun."""
    patience_s = 0.0 if farewell.hurry.is_set() else farewell.patience_s
    doors.admission.draining = True
    doors.rooms.tell_closing(patience_s * 1000)
    doors.clients.tell_closing()
    await _until(lambda: not doors.busy, patience_s, farewell.hurry)
    never = asyncio.Event()
    doors.rooms.interrupt()
    doors.clients.interrupt()
    await _until(lambda: not (doors.rooms.speaking or doors.clients.busy), SILENCE_S, never)
    doors.admission.goodbye.set()
    await _until(lambda: not doors.admission.sockets, GOODBYE_S, never)


async def _until(done: Callable[[], bool], within_s: float, hurry: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    # Whatever was received before the end was told of has its turn first.
    await asyncio.sleep(0)
    while not done() and loop.time() < end and not hurry.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(STEP_S):
                await hurry.wait()
