"""Language models: messages in, a stream of deltas out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from pydantic import Field

from ..core.block import Block
from ..core.provider import Deadlines, Provider
from ..core.types import Generation, LLMDelta, Message


class Answerer(Protocol):
    """What answers as a language model does.

    ``stream`` is an async generator: closing it, or cancelling who reads it, closes the connection to the model at once. It
    raises ProviderError, and nothing else, when the model fails. The reader keeps the deadlines (``core.deadline.within``).

    What ``options`` says wins over the settings of the model.
    """

    def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]: ...


class LLM(Answerer, Provider, Protocol):
    """A language model."""


class LLMConfig(Block):
    """What every language model's block may say."""

    first_token_timeout: float = Field(default=4.0, gt=0, le=600, description="Seconds until the first token")
    token_timeout: float = Field(default=5.0, gt=0, le=600, description="Seconds between two tokens")
    first_response_timeout: float | None = Field(
        default=None,
        ge=0,
        le=60_000,
        description="Without a word for so long (ms), a filler is spoken and the next model asked too",
    )
    max_concurrent: int | None = Field(
        default=None, ge=1, le=10_000, description="Under models: requests at a time; more go to a replica, or wait"
    )
    stream_chunk_size: int | None = Field(default=None, ge=1, le=1000, description="As the agent's, for this model")
    stream_buffer_size: int | None = Field(default=None, ge=1, le=1000, description="As the agent's, for this model")
    enable_streaming_tts: bool = Field(default=True, description="false: a segment is sent when all of it is there")
    immediate_audio_playback: bool = Field(default=True, description="false: the same, under its other name")
    tts_stream_delay: float | None = Field(
        default=None,
        ge=0,
        le=60_000,
        description="Longest wait of a finished segment to be joined with the next one, ms",
    )
    streaming_optimization: bool = Field(default=True, description="false: cut at the ends of sentences only")
    chunk_processing_parallel: bool = Field(
        default=True, description="false: prepare the texts of segments one after another"
    )

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(self.first_token_timeout, self.token_timeout)
