"""Another character for a client. Its voice and its model may have to be opened, which takes a while: that is waited for beside
everything else that the client says, and the character that it has goes on until then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ...core.errors import CapacityError, HayakuchiError
from ...orchestrator.cast import Part

if TYPE_CHECKING:
    from .client import Client

log = logging.getLogger(__name__)


class Switching:
    """Of one client. Only the character that was asked for last is waited for; what is begun runs in ``client.tasks``."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: asyncio.Task[None] | None = None
        """Gives way to whatever is asked for next."""
        self._give_way: Callable[[], None] = lambda: None
        self._taking = asyncio.Lock()

    def to(self, id: str, take: Callable[[Part], Awaitable[None]], complain: Callable[[HayakuchiError], None]) -> None:
        """Find that character, and ``take`` it. ``complain`` is told where it cannot be had, or another one is asked for before
        it is there: then nothing has changed."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._give_way()
        self._give_way = lambda: complain(
            CapacityError(f"another character was asked for before {id[:60]!r} was there")
        )
        work = self._switch(id, take, complain)
        self._waiting = self._client.tasks.create_task(work, name=f"client {self._client.uid}: switch")

    async def _switch(
        self, id: str, take: Callable[[Part], Awaitable[None]], complain: Callable[[HayakuchiError], None]
    ) -> None:
        doors = self._client.doors
        try:
            part = doors.look.seen(await doors.engine.cast.find(id))
            async with self._taking:
                self._waiting = None  # what is half taken is taken to its end
                await take(part)
        except HayakuchiError as error:
            complain(error)
        except Exception:
            # Characters are made of what others wrote, models and voices too: what breaks in them is not the client's end.
            log.exception("the character %r broke when it was asked for", id[:60])
            complain(HayakuchiError(f"{id[:60]!r} cannot be had: an internal error; the log has the details"))
        finally:
            if self._waiting is asyncio.current_task():
                self._waiting = None
