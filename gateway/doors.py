"""What all doors share: whoever comes by HTTP, WebSocket or gRPC is counted in the same place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import HTTPConnection

from ..core.database import Database
from ..orchestrator.engine import Engine
from .admission import Admission
from .caller import Caller
from .entrance import Entrance
from .key_ring import KeyRing
from .meter import Meter
from .rooms import Rooms
from .uploads import Uploads


class Doors:
    """One per server; ``app.state.doors``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = engine.settings.gateway
        self.admission = Admission(self.settings)
        self.meter = Meter(self._database)
        self.entrance = Entrance(self.settings, KeyRing(self._database))
        self.uploads = Uploads()
        self.rooms = Rooms(engine, self.settings.max_sessions)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keys that are revoked end what goes on with them, and what callers use is written down, within."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.entrance.keys.run(), name="keys"),
                group.create_task(self.meter.run(), name="meter"),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    def _database(self) -> Database:
        """Where keys and their use are: beside the conversations, in a file that the engine opens."""
        return self.engine.conversations.database

    @asynccontextmanager
    async def turn(self, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> AsyncIterator[None]:
        """A reply is made, a text spoken or a clip understood within. Raises CapacityError and Problem before it begins."""
        with self.admission.turn(), self.meter.turn(caller):
            await self.meter.charge(caller, characters=characters, audio_s=audio_s)
            yield


def doors_of(request: HTTPConnection) -> Doors:
    return request.app.state.doors
