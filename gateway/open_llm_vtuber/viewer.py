"""One of the clients before a proxied avatar: what it alone is told, and what is said into its microphone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...core.errors import HayakuchiError
from ...core.types import UserInput
from ...live2d_bridge.stage import to_json
from ...orchestrator.session import Session
from ..access.caller import Caller
from ..access.meter import SoundMeter
from ..outbox import Outbox
from . import server_messages as told
from .client import Client
from .microphone import Microphone
from .server_messages import Message


class Viewer:
    """``caller`` is counted for what it asks for."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.outbox = Outbox()

    def send(self, message: Message, request_id: str | None = None) -> None:
        """Tell this one alone."""
        self.outbox.put(to_json(message if request_id is None else {**message, "request_id": request_id}))

    def complain(self, error: HayakuchiError, request_id: str | None = None) -> None:
        self.send(told.error(str(error)), request_id)


class Talker:
    """The person at a viewer: what they say is said to the avatar that all share, but heard, understood and counted apart from
    what is said into the others' microphones. A Person."""

    def __init__(self, viewer: Viewer, client: Client, tasks: asyncio.TaskGroup) -> None:
        self._viewer, self._client = viewer, client
        self.uid, self.doors, self.tasks = client.uid, client.doors, tasks
        self.sound = SoundMeter(client.doors.meter, viewer.caller)
        self._left = False
        self.mic = Microphone(self)
        client.mics.append(self.mic)

    @property
    def session(self) -> Session:
        return self._client.session

    @property
    def gone(self) -> bool:
        return self._left or self._client.gone

    def send(self, message: Message, request_id: str | None = None) -> None:
        self._viewer.send(message, request_id)

    def complain(self, error: HayakuchiError, request_id: str | None = None) -> None:
        self._viewer.complain(error, request_id)

    async def say(self, heard: UserInput, *, unless: Callable[[], bool] = lambda: False) -> bool:
        return await self._client.say(heard, self._viewer.caller, unless=unless)

    def cut_in(self) -> None:
        self.mic.forget()
        self._client.cut_in()

    def leave(self) -> None:
        """The connection is over; idempotent."""
        if not self._left:
            self._left = True
            self._client.mics.remove(self.mic)
            self.sound.leave()
