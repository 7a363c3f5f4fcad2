"""Who is talking: what was heard and the history in, the reply out."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from pydantic import Field

from ..core.block import Block
from ..core.types import LLMDelta, Message, UserInput


class AgentConfig(Block):
    """What every agent's block may say about how its reply is streamed. The pipeline obeys it, whatever the agent."""

    enable_streaming: bool = Field(default=True, description="false: wait for the whole reply, then speak")
    stream_chunk_size: int = Field(
        default=10, ge=1, le=1000, description="Tokens that are there already and are handed on together, at most"
    )
    stream_buffer_size: int = Field(
        default=5, ge=1, le=1000, description="Pieces of the reply held between thinking and cutting"
    )
    first_response_threshold: float = Field(
        default=200, ge=0, le=60_000, description="Deadline of the first sound, in ms from your last word"
    )
    enable_immediate_playback: bool = Field(
        default=True, description="false: a segment is sent when all of its audio is there"
    )
    streaming_optimization: bool = Field(default=True, description="false: cut at the ends of sentences only")
    chunk_processing_delay: float = Field(
        default=50, ge=0, le=1000, description="After the first words tokens may be gathered for so long, ms"
    )
    audio_pipeline_parallel: bool = Field(
        default=True, description="false: make one segment's audio at a time, none ahead"
    )


class Agent(Protocol):
    """A character's mind. One serves all sessions of a server; the history comes with each call.

    Its class has a ``name``, its key in conf.yaml, and a ``Config``, which is an ``AgentConfig``. It is made as
    ``Class(config, llm, character)``. A class that gives quick replies takes the small model as a fourth argument, ``quick``,
    where there is one, and its agents are :class:`QuickAgent` too. A class that calls tools takes a ``Toolbox`` as
    ``tools``; the servers that it is filled from are named by ``mcp_servers`` of its ``Config``.

    ``reply`` is an async generator of deltas; closing it closes the model's connection.
    """

    @property
    def config(self) -> AgentConfig: ...

    def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]: ...


@runtime_checkable
class QuickAgent(Protocol):
    """An agent that may begin a reply with an ``Opener``."""

    def asks_quick(self, heard: UserInput) -> bool:
        """Whether a small model is asked for the first words of the reply to this."""
        ...


def takes_quick(agent: Callable[..., Any]) -> bool:
    """Whether an agent's class takes the model for quick replies."""
    return "quick" in inspect.signature(agent).parameters


def takes_tools(agent: Callable[..., Any]) -> bool:
    """Whether an agent's class takes a toolbox."""
    return "tools" in inspect.signature(agent).parameters
