"""What all doors share: whoever comes by HTTP, WebSocket or gRPC is counted in the same place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import HTTPConnection

from ..core.database import Database
from ..orchestrator.engine import Engine
from ..orchestrator.statistics import ReplyStatistics
from .access.caller import Caller
from .access.entrance import Entrance
from .access.key_ring import KeyRing
from .access.meter import Meter
from .admission import Admission
from .audio.uploads import Uploads
from .figures.observing import Figures
from .figures.readiness import Readiness
from .figures.sampled import Sampled
from .figures.traces import Traces
from .open_llm_vtuber.clients import Clients
from .open_llm_vtuber.clips import Clips
from .open_llm_vtuber.folder import folder_of
from .open_llm_vtuber.look import Look
from .stage.rooms import Rooms


class Doors:
    """One per server; ``app.state.doors``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = engine.settings.gateway
        self.admission = Admission(self.settings)
        self.meter = Meter(lambda: self.database)
        self.entrance = Entrance(self.settings, KeyRing(lambda: self.database))
        self.uploads = Uploads()
        self.user_folder = folder_of(engine.settings)
        self.look = Look(self.user_folder)
        self.clips = Clips()
        self.figures = Figures()
        self.text_statistics = ReplyStatistics()
        """How fast replies in text were."""
        endpoint = engine.settings.observability.otlp_endpoint
        self.traces = Traces(endpoint) if endpoint else None
        self.rooms = Rooms(engine, self.admission, self.figures, self.traces)
        self.clients = Clients()
        self.sampled = Sampled(self)
        self.figures.registry.register(self.sampled)
        self.readiness = Readiness(self)

    @property
    def busy(self) -> bool:
        """Whether anything is being said, or made for somebody."""
        return self.admission.turns > 0 or self.rooms.busy or self.clients.busy

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

    @property
    def database(self) -> Database:
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
