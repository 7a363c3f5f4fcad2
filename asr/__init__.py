"""Ears: PCM in, transcripts out; voice activity and the end of a turn."""

from ..core.registry import ProviderSpec
from .base import ASR, ASRConfig

PROVIDERS: tuple[ProviderSpec, ...] = ()

__all__ = ["ASR", "PROVIDERS", "ASRConfig"]
