"""Voices: text in, PCM and timing marks out."""

from ..core.registry import ProviderSpec
from .base import TTS, TTSConfig, Voice

PROVIDERS = (
    ProviderSpec("edge_tts", f"{__name__}.edge:EdgeTTS"),
    ProviderSpec("espeak_tts", f"{__name__}.espeak:EspeakTTS"),
    ProviderSpec("openai_tts", f"{__name__}.openai:OpenAITTS"),
)

__all__ = ["PROVIDERS", "TTS", "TTSConfig", "Voice"]
