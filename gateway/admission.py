"""How much the server takes on: sessions and replies at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..core.errors import CapacityError
from ..orchestrator.gateway_settings import GatewaySettings


class Admission:
    """Counts what runs, and refuses with CapacityError what would be too much."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self.draining = False
        """The server is about to end: it takes nothing on."""
        self.turns = 0
        """Replies that are being made for callers of the API."""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A reply is made within. Raises CapacityError before it begins."""
        if self.turns >= self._settings.max_turns:
            raise CapacityError(f"the server makes {self.turns} replies at a time, which is its limit")
        self.turns += 1
        try:
            yield
        finally:
            self.turns -= 1
