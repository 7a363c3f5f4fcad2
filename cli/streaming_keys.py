"""The streaming settings: which are set, what each comes to, and which can have no effect as things are set.

The keys are those of the streaming guide that Hayakuchi follows, under their own names: eight of the agent, nine of the model,
fifteen of the voice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..orchestrator.settings import Component, Settings
from ..orchestrator.streaming import resolved

_SHARED = ("enable_immediate_playback", "audio_pipeline_parallel", "chunk_processing_delay", "streaming_optimization")
AGENT_KEYS = ("enable_streaming", "stream_chunk_size", "stream_buffer_size", "first_response_threshold", *_SHARED)
MODEL_KEYS = (
    "stream",
    "stream_chunk_size",
    "stream_buffer_size",
    "first_response_timeout",
    "enable_streaming_tts",
    "tts_stream_delay",
    "streaming_optimization",
    "chunk_processing_parallel",
    "immediate_audio_playback",
)
VOICE_KEYS = (
    "enable_streaming_tts",
    "stream_chunk_size",
    "stream_buffer_size",
    "first_audio_delay",
    "real_time_processing",
    "audio_quality",
    "compression_level",
    "rate",
    "cache_size",
    "preload_common_phrases",
    "parallel_generation",
    *_SHARED,
)


@dataclass(frozen=True, slots=True)
class Item:
    """One key that is set. ``idle``: why it has no effect, if it has none; ``overridden``: by what, as long as that answers."""

    provider: str
    key: str
    value: object
    idle: str | None
    overridden: str | None = None

    def __str__(self) -> str:
        shown = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        said = f"{self.provider}.{self.key}: {shown}"
        if self.idle is not None:
            return f"{said} has no effect: {self.idle}"
        return said if self.overridden is None else f"{said}, {self.overridden}"


@dataclass(frozen=True, slots=True)
class _Place:
    """A block, and what stands around it."""

    settings: Settings
    section: str
    component: Component
    first: bool

    @property
    def config(self) -> Any:
        return self.component.config

    def overridden(self, section: str, key: str, noun: str) -> str | None:
        """By what the first provider of a section says of ``key`` itself, if it does."""
        chain: Sequence[Component] = getattr(self.settings, section)
        silent = [getattr(component.config, key, None) is None for component in chain]
        if not chain or silent[0]:
            return None
        words = f"overridden by {chain[0].name}.{key}"
        return f"{words}; it applies when another {noun} answers" if any(silent) else words


def items(settings: Settings) -> Iterator[Item]:
    """Every streaming key that is written in the settings."""
    for section, keys in (("agent", AGENT_KEYS), ("llm", MODEL_KEYS), ("tts", VOICE_KEYS)):
        chain = (settings.agent,) if section == "agent" else getattr(settings, section)
        for index, component in enumerate(chain):
            written = getattr(component.config, "model_fields_set", frozenset())
            place = _Place(settings, section, component, index == 0)
            for key in keys:
                if key in written:
                    value, idle = getattr(component.config, key), _idle(place, key)
                    yield Item(component.name, key, value, idle, None if idle else _overridden(place, key))


def known(settings: Settings) -> int:
    """How many streaming keys the providers in use know."""
    blocks = ((AGENT_KEYS, settings.agent), (MODEL_KEYS, settings.llm[0]), (VOICE_KEYS, settings.tts[0]))
    return sum(key in type(component.config).model_fields for keys, component in blocks for key in keys)


def config_items(settings: Settings) -> dict[str, Any]:
    """For ``hayakuchi latency``: how many streaming settings the providers know, how many are set, which give way to another
    block's, and which have no effect."""
    found = list(items(settings))
    without_effect = {f"{item.provider}.{item.key}": item.idle for item in found if item.idle is not None}
    overridden = {f"{item.provider}.{item.key}": item.overridden for item in found if item.overridden is not None}
    return {"known": known(settings), "set": len(found), "overridden": overridden, "without_effect": without_effect}


def streaming_summary(settings: Settings) -> str:
    """What the first choice of model and voice, and the agent, come to together."""
    how = resolved(settings.agent.config, settings.llm[0].config, settings.tts[0].config)
    if how.whole:
        return "the whole reply is waited for, then spoken"
    cut = "sentences" if how.sentences_only else "the best place for the deadline"
    sent = "as it is made" if how.immediate else "a segment at a time"
    made = f"{settings.playback.prefetch} segments ahead" if how.parallel else "one segment at a time"
    return f"first words within {how.threshold_ms:g} ms, cut at {cut}; audio made {made}, sent {sent}"


def _idle(place: _Place, key: str) -> str | None:
    """Why a key has no effect here; None when it has."""
    reason = _REASONS.get((place.section, key))
    if reason is not None and (why := reason(place)):
        return why
    streams = getattr(place.settings.agent.config, "enable_streaming", True)
    if not streams and (place.section, key) in _ONLY_STREAMED:
        return "enable_streaming is false, so the whole reply is waited for"
    return None


def _overridden(place: _Place, key: str) -> str | None:
    found = _NEARER.get(key) if place.section == "agent" else None
    return place.overridden(found[0], key, found[1]) if found else None


def _nobody_to_turn_to(place: _Place) -> str | None:
    chain = place.settings.llm
    behind = [c for c in chain[1:] if not getattr(c.provider, "stands_in", False)] if place.first else []
    if behind or place.settings.character.fillers:
        return None
    return "there is no other model to ask, and the character has no fillers"


def _not_streamed(place: _Place) -> str | None:
    return "stream is false, so the reply comes at once" if getattr(place.config, "stream", True) is False else None


def _clip_is_whole(place: _Place) -> str | None:
    return (
        "enable_streaming_tts is false, so the clip is taken whole" if not place.config.enable_streaming_tts else None
    )


def _no_cache(place: _Place) -> str | None:
    return None if place.settings.cache.enabled else "cache.enabled is false"


_NEARER = {
    "stream_chunk_size": ("llm", "model"),
    "stream_buffer_size": ("llm", "model"),
    "chunk_processing_delay": ("tts", "voice"),
}
"""Numbers of the agent that give way to a provider's own: its section, and what it is called."""
_REASONS: dict[tuple[str, str], Callable[[_Place], str | None]] = {
    ("llm", "first_response_timeout"): _nobody_to_turn_to,
    ("llm", "stream_chunk_size"): _not_streamed,
    ("llm", "stream_buffer_size"): _not_streamed,
    ("tts", "stream_chunk_size"): _clip_is_whole,
    ("tts", "first_audio_delay"): _clip_is_whole,
    ("tts", "real_time_processing"): _clip_is_whole,
    ("tts", "cache_size"): _no_cache,
    ("tts", "preload_common_phrases"): _no_cache,
}
_ONLY_STREAMED = frozenset(
    {
        ("agent", "first_response_threshold"),
        ("agent", "chunk_processing_delay"),
        ("agent", "streaming_optimization"),
        ("llm", "tts_stream_delay"),
        ("llm", "streaming_optimization"),
        ("tts", "chunk_processing_delay"),
        ("tts", "streaming_optimization"),
    }
)
