"""Ears: PCM in, transcripts out."""

from ..core.registry import ProviderSpec
from .base import ASR

PROVIDERS: tuple[ProviderSpec, ...] = ()

__all__ = ["ASR", "PROVIDERS"]
