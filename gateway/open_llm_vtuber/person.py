"""Whose microphone it is, as the microphone sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ...core.errors import HayakuchiError
from ...core.types import UserInput
from ...orchestrator.session import Session
from ..access.meter import SoundMeter
from .server_messages import Message

if TYPE_CHECKING:
    from ..doors import Doors


class Person(Protocol):
    """Who speaks to an avatar through one connection."""

    uid: str
    """The avatar's client."""
    doors: Doors
    tasks: asyncio.TaskGroup
    """What is begun for the microphone; it ends with the connection."""
    sound: SoundMeter
    """Where what is heard is put down."""

    @property
    def session(self) -> Session:
        """The one that is spoken to at the moment."""
        ...

    @property
    def gone(self) -> bool: ...

    def send(self, message: Message, request_id: str | None = None) -> None:
        """Tell whoever speaks; never waits."""
        ...

    def complain(self, error: HayakuchiError, request_id: str | None = None) -> None: ...

    async def say(self, heard: UserInput, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """It is answered, unless by then that is true: whether it is.

        Raises CapacityError, SessionClosed, and Problem where it is more than they may ask for.
        """
        ...

    def cut_in(self) -> None:
        """They speak while the avatar does: it stops, and everybody who hears it is told."""
        ...
