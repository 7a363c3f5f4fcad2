"""All frontends of Open-LLM-VTuber that are connected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import server_messages as told

if TYPE_CHECKING:
    from .client import Client


class Clients:
    """By uid; ``doors.clients``."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Client] = {}

    def __len__(self) -> int:
        return len(self._by_uid)

    def __iter__(self) -> Iterator[Client]:
        return iter(tuple(self._by_uid.values()))

    def find(self, uid: str) -> Client | None:
        return self._by_uid.get(uid)

    def add(self, client: Client) -> None:
        self._by_uid[client.uid] = client

    def remove(self, client: Client) -> None:
        """Idempotent."""
        self._by_uid.pop(client.uid, None)

    @property
    def busy(self) -> bool:
        """Whether a turn runs for any of them."""
        return any(client.speaking for client in self)

    def tell_closing(self) -> None:
        """Tell them that the server ends."""
        for client in self:
            client.send(told.error("the server is about to end"))

    def interrupt(self) -> None:
        """End the turns that are running."""
        for client in self:
            if client.speaking:
                client.interrupt()
