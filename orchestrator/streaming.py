"""How a turn streams: what the agent, the model and the voice in use say about it, made into one answer.

Switches are on unless one of the three turns them off. Of numbers the one nearest to the sound counts: the voice's, else the
model's, else the agent's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..agents import AgentConfig

GRACE = 0.2
"""Of the threshold: how long the first words may wait for a better place to cut."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """What the stages of a turn obey. Times in ms."""

    whole: bool = False
    """Wait for the whole reply, then speak."""
    sentences_only: bool = False
    """Cut at the ends of sentences only."""
    immediate: bool = True
    """Send audio as it is made; else a segment goes out when it is complete."""
    parallel: bool = True
    """Make the next segments while one is spoken."""
    parallel_text: bool = True
    """Prepare the texts of several segments at a time."""
    token_batch: int = 10
    """Tokens that are there already and are handed on together, at most."""
    text_buffer: int = 5
    """Pieces of the reply between thinking and cutting, at most."""
    threshold_ms: float = 200.0
    """From what was heard to the first sound."""
    filler_ms: float | None = None
    """From what was heard until a filler takes the floor, where the model says so."""
    gather_ms: float = 0.0
    """How long tokens are gathered after the first words, while there is sound in hand."""
    join_ms: float | None = None
    """How long a finished segment waits to be joined with the next one; None: as long as there is sound in hand."""

    def made_whole(self) -> Streaming:
        """The same, for a reply that is spoken when it is whole."""
        return replace(self, whole=True)

    @property
    def grace_ms(self) -> float:
        return self.threshold_ms * GRACE


def resolved(agent: AgentConfig, model: object, voice: object) -> Streaming:
    """The settings of the model and the voice that are in use; keys that a provider's block does not have say nothing."""

    def on(switch: str, *of: object) -> bool:
        return all(getattr(block, switch, None) is not False for block in of)

    def number(name: str, *of: object) -> Any:
        return _first([getattr(block, name, None) for block in of])

    return Streaming(
        whole=not agent.enable_streaming,
        sentences_only=not on("streaming_optimization", agent, model, voice),
        immediate=on("enable_immediate_playback", agent, voice)
        and on("immediate_audio_playback", model)
        and on("enable_streaming_tts", model),
        parallel=on("audio_pipeline_parallel", agent, voice),
        parallel_text=on("chunk_processing_parallel", model),
        token_batch=number("stream_chunk_size", model, agent),
        text_buffer=number("stream_buffer_size", model, agent),
        threshold_ms=agent.first_response_threshold,
        filler_ms=number("first_response_timeout", model),
        gather_ms=number("chunk_processing_delay", voice, agent),
        join_ms=number("tts_stream_delay", model),
    )


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value is not None), None)
