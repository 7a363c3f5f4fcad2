"""Texts into vectors that lie near each other where the texts mean similar things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pydantic import Field

from ..core.block import Block
from ..core.errors import Category, ProviderError
from ..core.fallback import Fallback
from ..core.link import Link
from ..core.provider import Deadlines, Provider
from ..core.types import Usage

KIND = "embeddings"


class Embedded(NamedTuple):
    """One vector per text, in the order of the texts, and what it cost; None: the server does not count."""

    vectors: list[list[float]]
    usage: Usage | None


class Embedder(Provider, Protocol):
    """A model that makes vectors of texts. It keeps its own deadlines, and cancelling a call closes its connection."""

    @property
    def model(self) -> str:
        """Which model makes the vectors. Those of different models cannot be compared."""
        ...

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> Embedded:
        """``dimensions``: how long the vectors are to be, where the model can choose. Raises ProviderError."""
        ...


class EmbedderConfig(Block):
    """What every block of ``embeddings`` may say."""

    timeout: float = Field(default=10.0, gt=0, le=600, description="Seconds until the vectors of a request are there")

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(self.timeout, self.timeout)


class FallbackEmbedder(Fallback[Embedder]):
    """A chain of servers of one model, first choice first."""

    name = "fallback_embeddings"

    def __init__(self, providers: Sequence[Embedder | Link[Embedder]]) -> None:
        super().__init__(KIND, providers)
        names = {link.provider.model for link in self._chain.links}
        if len(names) > 1:
            raise ValueError(f"vectors of different models do not mix: {', '.join(sorted(names))}")
        (self.model,) = names

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> Embedded:
        """What the first server that answers makes of the texts. A request that one refuses is refused, and not held against
        it. Raises ProviderError for that, AllProvidersFailed when no server answers."""
        for attempt in self._chain.attempts():
            with attempt:
                try:
                    found = await (await attempt.ready()).embed(texts, dimensions)
                except ProviderError as error:
                    if error.category is Category.INVALID_REQUEST:
                        attempt.refused()
                        raise
                    attempt.failed(error)
                else:
                    attempt.succeeded()
                    return found
        raise self._chain.exhausted()
