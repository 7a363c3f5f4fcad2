"""What every provider has in common, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a provider's stream may keep its reader waiting, in seconds: for the first item, and between two."""

    first_s: float
    next_s: float


class Provider(Protocol):
    """A provider is made from its block, opened once, used by many turns at a time, and closed once.

    Its class has a ``Config``, the ``Block`` that an instance is made from. Making it does nothing that can fail or take long:
    no network, no process, no heavy import.
    """

    @property
    def name(self) -> str:
        """Its key in conf.yaml, for example ``openai_llm``."""
        ...

    @property
    def deadlines(self) -> Deadlines: ...

    async def open(self) -> None:
        """Get ready to serve: start processes, open pools. Raises ProviderError."""
        ...

    async def probe(self) -> str:
        """Ask the provider whether it would answer now; a line that says what answers. Raises ProviderError.

        It may warm the provider up, and may take long: whoever calls it sets the deadline.
        """
        ...

    async def aclose(self) -> None:
        """Let go of everything; idempotent."""
        ...


@runtime_checkable
class Preparable(Protocol):
    """A provider that can get ready for a request that is about to come."""

    def prepare(self) -> None:
        """Open a connection in the background; returns at once and never raises."""
        ...
