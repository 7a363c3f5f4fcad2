"""What conf.yaml and a character file say, typed and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from ..agents.mcp_tools import McpServerSettings
from ..asr.settings import EarsSettings
from ..core.block import Block
from ..core.character import Character
from ..core.types import Boundary
from ..tts.cache_settings import CacheSettings
from .gateway_settings import GatewaySettings, ObservabilitySettings, SessionsSettings
from .open_llm_vtuber_settings import OpenLlmVtuberSettings

PUPPET = "puppet"
"""The avatar that is drawn by the page itself and needs no files."""


class ServerSettings(Block):
    """Where the server listens."""

    host: str = Field(
        default="127.0.0.1",
        pattern=r"^[A-Za-z0-9._:-]{1,255}$",
        description="Address to listen on; 127.0.0.1 is this computer only, 0.0.0.0 the whole network",
    )
    port: int = Field(default=12393, ge=0, le=65535, description="TCP port; 0 takes any free one")
    open_browser: bool = Field(default=True, description="Open the studio in the browser when the server is ready")


class AvatarSettings(Block):
    """Who is seen."""

    model: str = Field(
        default=PUPPET, min_length=1, max_length=1000, description="puppet, or a folder with a Live2D model3.json"
    )


class LatencySettings(Block):
    """Thresholds; a turn that misses one is reported with the stage to blame."""

    first_audio_ms: float = Field(default=500, gt=0, le=600_000, description="Input heard to first audio sent, ms")
    streaming_ms: float = Field(
        default=300, gt=0, le=600_000, description="A later segment's last token to its first audio, ms"
    )
    audio_pipeline_ms: float = Field(
        default=250, gt=0, le=600_000, description="Segment given to the voice to its first audio, ms"
    )
    voice_to_voice_ms: float = Field(
        default=1500, gt=0, le=600_000, description="Spoken messages: last sound of your voice to first audio sent, ms"
    )
    improvement_percent: float = Field(
        default=50, ge=0, le=100, description="First audio against waiting for the whole reply, %"
    )

    @property
    def thresholds(self) -> dict[str, float]:
        """The figures that a turn may have, and their limits in ms."""
        return {
            "first_audio": self.first_audio_ms,
            "streaming": self.streaming_ms,
            "audio_pipeline": self.audio_pipeline_ms,
            "voice_to_voice": self.voice_to_voice_ms,
        }


class PlaybackSettings(Block):
    """How far the voice runs ahead of the listener."""

    max_ahead_ms: float = Field(default=400, ge=100, le=2000, description="Audio sent and not yet played, ms at most")
    prefetch: int = Field(default=2, ge=1, le=8, description="Segments whose audio is made ahead, at most")
    pause_sentence_ms: float = Field(default=300, ge=0, le=5000, description="Longest silence after a sentence, ms")
    pause_clause_ms: float = Field(default=150, ge=0, le=5000, description="Longest silence after a clause, ms")
    pause_phrase_ms: float = Field(
        default=30, ge=0, le=5000, description="Longest silence where a sentence was cut between words, ms"
    )

    @property
    def pauses(self) -> dict[Boundary, float]:
        """Silence that a clip may end with, in ms, by the boundary it ends at."""
        between_words = self.pause_phrase_ms
        return {
            Boundary.SENTENCE: self.pause_sentence_ms,
            Boundary.CLAUSE: self.pause_clause_ms,
            Boundary.PHRASE: between_words,
            Boundary.WORD: between_words,
        }


@dataclass(frozen=True, slots=True)
class Component:
    """A provider that was chosen: its name, its settings (an instance of ``provider.Config``) and its class."""

    name: str
    config: Any
    provider: type[Any]

    def create(self) -> Any:
        """A provider with these settings, not opened yet."""
        return self.provider(self.config)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a server needs to know. Tuples of components are fallback chains, first choice first."""

    character: Character
    character_file: Path | None
    server: ServerSettings
    agent: Component
    llm: tuple[Component, ...]
    tts: tuple[Component, ...]
    asr: tuple[Component, ...]
    """Empty: nobody listens."""
    avatar: AvatarSettings
    latency: LatencySettings
    gateway: GatewaySettings
    playback: PlaybackSettings
    files: tuple[Path, ...]
    """The files that were read."""
    quick_llm: tuple[Component, ...] = ()
    """Empty: no quick replies."""
    cache: CacheSettings = field(default_factory=CacheSettings)
    ears: EarsSettings = field(default_factory=EarsSettings)
    sessions: SessionsSettings = field(default_factory=lambda: SessionsSettings(keep=False))
    observability: ObservabilitySettings = field(default_factory=ObservabilitySettings)
    models: Mapping[str, tuple[Component, ...]] = field(default_factory=dict)
    """Raw models that the API offers beside those of ``llm``; of several the one with the fewest requests answers."""
    mcp_servers: Mapping[str, McpServerSettings] = field(default_factory=dict)
    """Servers of tools, by the names that characters give."""
    embeddings: tuple[Component, ...] = ()
    """Empty: the API makes no embeddings."""
    open_llm_vtuber: OpenLlmVtuberSettings = field(default_factory=OpenLlmVtuberSettings)
