"""``fetch-backgrounds``: the pictures of the user's folder, which the client asks for below ``/bg/``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from . import server_messages
from .client_messages import FetchBackgrounds

if TYPE_CHECKING:
    from ..doors import Doors


class Asking(Protocol):
    """What is needed of a client here."""

    @property
    def doors(self) -> Doors: ...

    def send(self, message: server_messages.Message, request_id: str | None = None) -> None: ...


async def _tell(client: Asking, message: Any, request_id: str | None) -> None:
    files = await asyncio.to_thread(client.doors.user_folder.backgrounds)
    client.send(server_messages.background_files(files), request_id)


HANDLERS: Mapping[type, Callable[[Asking, Any, str | None], Awaitable[None]]] = {FetchBackgrounds: _tell}
