"""What all doors share: whoever comes by HTTP, WebSocket or gRPC is counted in the same place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import HTTPConnection

from ..core.database import Database
from ..orchestrator.engine import Engine
from ..orchestrator.schema import MIGRATIONS
from ..orchestrator.store_file import store_file
from .admission import Admission
from .caller import Caller
from .entrance import Entrance
from .key_ring import KeyRing
from .meter import Meter
from .rooms import Rooms


class Doors:
    """One per server; ``app.state.doors``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = engine.settings.gateway
        self.admission = Admission(self.settings)
        sessions = engine.settings.sessions
        # Keys outlive the server, also where conversations do not.
        file = store_file(sessions) if sessions.keep or self.settings.auth.enabled else None
        self.database = Database(file, MIGRATIONS)
        self.meter = Meter(self.database)
        self.entrance = Entrance(self.settings, KeyRing(self.database))
        self.rooms = Rooms(engine, self.settings.max_sessions)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Callers are known and counted within. Raises StoreError."""
        await self.database.open()
        try:
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
        finally:
            await self.database.aclose()

    @asynccontextmanager
    async def turn(self, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> AsyncIterator[None]:
        """A reply is made, a text spoken or a clip understood within. Raises CapacityError and Problem before it begins."""
        with self.admission.turn(), self.meter.turn(caller):
            await self.meter.charge(caller, characters=characters, audio_s=audio_s)
            yield


def doors_of(request: HTTPConnection) -> Doors:
    return request.app.state.doors
