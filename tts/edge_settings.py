"""What the block ``edge_tts`` may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from ..core.provider import Deadlines
from .base import TTSConfig
from .reading import Script

Quality = Literal["fast", "balanced", "high"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "fast": {"rate": "+10%", "cache_size": 400, "parallel_generation": 2, "compression_level": 9},
    "balanced": {"rate": "+0%", "cache_size": 200, "parallel_generation": 2, "compression_level": 5},
    "high": {"rate": "+0%", "cache_size": 100, "parallel_generation": 1, "compression_level": 0},
}
"""What ``audio_quality`` stands for; a key that is set as well wins."""
PARALLEL = 2
"""Requests in flight for ``parallel_generation: true``: with more the service drops some."""
WHOLE_CLIP_S = 30.0
"""How much longer the first audio may take when the whole clip is waited for."""
LIGHT, FULL = "audio-24khz-48kbitrate-mono-mp3", "audio-24khz-96kbitrate-mono-mp3"
_FULL_UP_TO = 4
"""The highest ``compression_level`` that asks for 96 kbit/s."""


def _voice(name: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}-[A-Z]{2,}-[A-Za-z][A-Za-z-]*Neural", name) or len(name) > 100:
        raise ValueError("must be a voice's name such as en-US-AvaNeural; edge-tts --list-voices lists them")
    return name


def _percent(value: str) -> str:
    if not re.fullmatch(r"[+-]\d{1,3}%", value):
        raise ValueError("must be a sign, a number and %, for example +10% or -20%")
    return value


def _hertz(value: str) -> str:
    if not re.fullmatch(r"[+-]\d{1,3}Hz", value):
        raise ValueError("must be a sign, a number and Hz, for example +5Hz or -20Hz")
    return value


def _proxy(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the address of an HTTP proxy, for example http://127.0.0.1:3128")
    return url


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError("must be an address such as wss://example.com/edge/v1")
    return url


VoiceName = Annotated[str, AfterValidator(_voice)]
Percent = Annotated[str, AfterValidator(_percent)]


class EdgeConfig(TTSConfig):
    """The voice's settings. Those that are None here are the agent's, or the cache's."""

    voice: VoiceName = Field(
        default="en-US-AvaNeural", description="Name of the voice, as edge-tts --list-voices has it"
    )
    voices: dict[Script, VoiceName] = Field(
        default_factory=lambda: {"zh": "zh-CN-XiaoxiaoNeural", "ja": "ja-JP-NanamiNeural", "ko": "ko-KR-SunHiNeural"},
        description="Voice for text in another script than the voice's own; a Multilingual voice reads them all itself",
    )
    rate: Percent = Field(default="+0%", description="Faster or slower than the voice's own rate, for example +10%")
    pitch: Annotated[str, AfterValidator(_hertz)] = Field(
        default="+0Hz", description="Higher or lower, for example -5Hz"
    )
    volume: Percent = Field(default="+0%", description="Louder or softer, for example -20%")
    chunk_timeout: float = Field(default=1.5, gt=0, le=600, description="Seconds between two messages of the service")
    proxy: Annotated[str, AfterValidator(_proxy)] | None = Field(
        default=None, description="HTTP proxy to the service; wins over the environment's"
    )
    trust_env: bool = Field(default=True, description="Use the proxy that HTTPS_PROXY and NO_PROXY name")
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        default=None, description="Another server that speaks the service's protocol, for tests"
    )
    enable_streaming_tts: bool = Field(default=True, description="false: wait for the whole clip")
    stream_chunk_size: int = Field(
        default=144,
        ge=1,
        le=1 << 20,
        description="Bytes of MP3 that are gathered before they are decoded and handed on",
    )
    stream_buffer_size: int = Field(
        default=262_144, ge=1, le=1 << 26, description="Bytes of undecoded MP3 that a clip holds at most"
    )
    first_audio_delay: float = Field(
        default=0.0,
        ge=0,
        le=10_000,
        description="Ms by which the first audio is held back, as a cushion against jitter",
    )
    real_time_processing: bool = Field(default=True, description="Tell when audio comes slower than it is spoken")
    audio_quality: Quality = Field(
        default="balanced",
        description="Stands for rate, cache_size, parallel_generation and compression_level; each of them wins over it",
    )
    compression_level: int = Field(
        default=5,
        ge=0,
        le=9,
        description="0 to 4: 96 kbit/s, 5 to 9: 48 kbit/s, which arrives sooner; the service knows no other MP3",
    )
    parallel_generation: StrictBool | Annotated[StrictInt, Field(ge=1, le=8)] = Field(
        default=True, description="Requests in flight at most; true: 2, false: 1"
    )
    cache_size: int | None = Field(default=None, ge=0, le=1_000_000, description="Phrases that the cache holds")
    preload_common_phrases: bool | None = Field(default=None, description="Let the cache be filled at the start")
    enable_immediate_playback: bool | None = Field(default=None, description="As the agent's, for this voice")
    audio_pipeline_parallel: bool | None = Field(default=None, description="As the agent's, for this voice")
    chunk_processing_delay: float | None = Field(
        default=None, ge=0, le=10_000, description="As the agent's (ms), for this voice"
    )
    streaming_optimization: bool | None = Field(default=None, description="As the agent's, for this voice")

    @model_validator(mode="before")
    @classmethod
    def _take_preset(cls, data: Any) -> Any:
        """What ``audio_quality`` stands for counts as set."""
        quality = data.get("audio_quality") if isinstance(data, dict) else None
        return {**PRESETS[quality], **data} if isinstance(quality, str) and quality in PRESETS else data

    @property
    def deadlines(self) -> Deadlines:
        first_s = self.first_chunk_timeout + self.first_audio_delay / 1000
        if not self.enable_streaming_tts:
            first_s += WHOLE_CLIP_S
        return Deadlines(first_s, self.chunk_timeout)

    @property
    def in_flight(self) -> int:
        """Requests that the service is asked at a time."""
        if isinstance(self.parallel_generation, bool):
            return PARALLEL if self.parallel_generation else 1
        return self.parallel_generation

    @property
    def output_format(self) -> str:
        """What the service is asked for, in its own words."""
        return FULL if self.compression_level <= _FULL_UP_TO else LIGHT
