"""What is watched as long as the server runs: how late it wakes up, how long its ears take to load and its store to write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ...core.clock import loop_ms
from ...core.place import Span
from ...orchestrator.hearing import HearingState, HearingStatus
from ..doors import Doors
from .observing import Figures


@asynccontextmanager
async def watching(doors: Doors) -> AsyncIterator[None]:
    """Within, engine and store tell the doors' figures and traces of their work."""
    engine = doors.engine
    doors.admission.lag.told = doors.figures.lag
    if doors.traces is not None:
        engine.new_span = Span.begun
    if doors.database is not None:
        doors.database.committed = doors.figures.committed
    forget = engine.hearing.observe(EarsLoading(doors.figures).observe)
    try:
        yield
    finally:
        forget()
        if doors.traces is not None:
            await asyncio.to_thread(doors.traces.close)


class EarsLoading:
    """Takes the time from the beginning of loading to its end; the download before it does not count."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._began: float | None = None

    def observe(self, status: HearingStatus) -> None:
        if status.state is HearingState.LOADING:
            self._began = loop_ms()
        elif status.state is HearingState.READY and self._began is not None:
            self._figures.load_s["asr", status.engine or "asr"] = (loop_ms() - self._began) / 1000
        if status.state is not HearingState.LOADING:
            self._began = None
