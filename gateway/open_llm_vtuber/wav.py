"""Sound as their clients read it: a plain WAV file, which is the only kind that all of them understand.

Their lip-sync takes the file apart by itself: it wants ``RIFF``/``WAVE`` with ``fmt `` right after it, format tag 1, and sizes
that are true; the Unity client takes 16 bits only.
"""

from __future__ import annotations

from base64 import b64encode

from ...asr import clip
from ...core.types import Audio


def wav(pcm: bytes, sample_rate: int) -> bytes:
    """PCM16 mono as a WAV file."""
    return clip.wav(Audio(pcm, sample_rate))


def wav_base64(pcm: bytes, sample_rate: int) -> str:
    """The same, as an ``audio`` message carries it."""
    return b64encode(wav(pcm, sample_rate)).decode("ascii")
