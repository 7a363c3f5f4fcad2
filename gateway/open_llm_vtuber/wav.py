"""Sound as their clients read it: a plain WAV file, which is the only kind that all of them understand.

Their lip-sync takes the file apart by itself: it wants ``RIFF``/``WAVE`` with ``fmt `` right after it, format tag 1, and sizes
that are true; the Unity client takes 16 bits only.
"""

from __future__ import annotations

import struct
from base64 import b64encode

from ...core.types import BYTES_PER_SAMPLE

_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM, _MONO = 1, 1
_AFTER_SIZE = _HEAD.size - 8
"""Bytes of the head that the size of the whole file counts: all but ``RIFF`` and itself."""


def wav(pcm: bytes, sample_rate: int) -> bytes:
    """PCM16 mono as a WAV file."""
    return b"".join((wav_head(len(pcm), sample_rate), pcm))


def wav_head(size: int, sample_rate: int) -> bytes:
    """What stands before ``size`` bytes of PCM16 mono."""
    form = (16, _PCM, _MONO, sample_rate, sample_rate * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 8 * BYTES_PER_SAMPLE)
    return _HEAD.pack(b"RIFF", _AFTER_SIZE + size, b"WAVE", b"fmt ", *form, b"data", size)


def wav_base64(pcm: bytes, sample_rate: int) -> str:
    """The same, as an ``audio`` message carries it."""
    return b64encode(wav(pcm, sample_rate)).decode("ascii")
