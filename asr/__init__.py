"""Ears: PCM in, transcripts out; voice activity and the end of a turn."""

from ..core.registry import ProviderSpec
from .base import ASR, ASRConfig

PROVIDERS = (
    ProviderSpec("faster_whisper", f"{__name__}.faster_whisper:FasterWhisperASR"),
    ProviderSpec("openai_asr", f"{__name__}.openai:OpenAIASR"),
    ProviderSpec("pocketsphinx_asr", f"{__name__}.pocketsphinx:PocketsphinxASR", extra="pocketsphinx"),
)

__all__ = ["ASR", "PROVIDERS", "ASRConfig"]
