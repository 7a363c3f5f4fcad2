"""Language models: messages in, a stream of deltas out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from pydantic import Field

from ..core.block import Block
from ..core.provider import Deadlines, Provider
from ..core.types import LLMDelta, Message


class LLM(Provider, Protocol):
    """A language model.

    ``stream`` is an async generator: closing it, or cancelling who reads it, closes the connection to the model at once. It
    raises ProviderError, and nothing else, when the model fails. The reader keeps the deadlines (``core.deadline.within``).
    """

    def stream(self, messages: Sequence[Message]) -> AsyncIterator[LLMDelta]: ...


class LLMConfig(Block):
    """What every language model's block may say."""

    first_token_timeout: float = Field(default=4.0, gt=0, le=600, description="Seconds until the first token")
    token_timeout: float = Field(default=5.0, gt=0, le=600, description="Seconds between two tokens")

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(self.first_token_timeout, self.token_timeout)
