"""What all doors share: whoever comes by HTTP, WebSocket or gRPC is counted in the same place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import HTTPConnection

from ..orchestrator.engine import Engine
from .admission import Admission
from .caller import Caller
from .meter import Meter
from .rooms import Rooms


class Doors:
    """One per server; ``app.state.doors``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = engine.settings.gateway
        self.admission = Admission(self.settings)
        self.meter = Meter()
        self.rooms = Rooms(engine, self.admission)

    @property
    def busy(self) -> bool:
        """Whether anything is being said, or made for somebody."""
        return self.admission.turns > 0 or self.rooms.busy

    @asynccontextmanager
    async def turn(self, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> AsyncIterator[None]:
        """A reply is made, a text spoken or a clip understood within. Raises CapacityError and Problem before it begins."""
        with self.admission.turn(), self.meter.turn(caller):
            await self.meter.charge(caller, characters=characters, audio_s=audio_s)
            yield


def doors_of(request: HTTPConnection) -> Doors:
    return request.app.state.doors
