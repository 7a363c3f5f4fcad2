"""A phrase as it is kept: what it was made from, its sound and marks, and the file it becomes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from hashlib import blake2b
from typing import Any

from .. import __version__
from ..core.block import Block
from ..core.types import BYTES_PER_SAMPLE, Audio, Mark, MarkKind, SpeechRequest
from . import trim
from .base import TTS, TTSConfig

FORMAT = 1
"""Counts up when the file looks differently than before."""
_MAGIC = b"HYKCLIP1"
_DIGEST = 16
_HEAD = len(_MAGIC) + 8 + _DIGEST


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole clip without leading silence, and with all the silence at its end."""

    pcm: bytes
    sample_rate: int
    marks: tuple[Mark, ...]
    sound_end: int
    """Where its last sound ends, in samples."""

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self.pcm) + 100 * len(self.marks)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / BYTES_PER_SAMPLE / self.sample_rate

    def audio(self, tail_ms: float | None) -> Iterator[Audio]:
        """The clip in pieces, with at most so much silence at its end; None: all of it."""
        pcm = self.pcm
        if tail_ms is not None:
            pcm = pcm[: (self.sound_end + trim.samples_in(tail_ms, self.sample_rate)) * BYTES_PER_SAMPLE]
        return trim.pieces(pcm, self.sample_rate, list(self.marks))


class Recording:
    """Makes a Clip of what passes by. ``given_up``: it is too long, or failed, or two voices spoke."""

    def __init__(self, sample_rate: int, max_seconds: float) -> None:
        self._rate = sample_rate
        self._room = int(max_seconds * sample_rate) * BYTES_PER_SAMPLE
        self._pieces: list[Audio] = []
        self._voices: list[TTS] = []
        self.given_up = False

    def add(self, audio: Audio) -> None:
        self._room -= len(audio.pcm)
        self.given_up = self.given_up or self._room < 0
        if self.given_up:
            self._pieces.clear()
        else:
            self._pieces.append(audio)

    def spoken_by(self, voice: TTS) -> None:
        self._voices.append(voice)

    def done(self, sound_end: int) -> tuple[TTS, Clip] | None:
        """Who spoke, and the clip; None when it is not one to keep."""
        if self.given_up or len(self._voices) != 1 or not sound_end:
            return None
        pcm = b"".join(piece.pcm for piece in self._pieces)
        marks = tuple(mark for piece in self._pieces for mark in piece.marks)
        return self._voices[0], Clip(pcm, self._rate, marks, sound_end)


def fingerprint(voice: TTS) -> str:
    """The voice and all its settings that change how it sounds. It holds no secrets: those are masked before."""
    config = getattr(voice, "config", None)
    said = config.model_dump(mode="json", exclude=set(TTSConfig.model_fields)) if isinstance(config, Block) else None
    return json.dumps([voice.name, said], sort_keys=True)


def key(voice: str, sample_rate: int, request: SpeechRequest) -> str:
    """Name of a clip: a digest of everything that changes its sound. ``voice``: its fingerprint."""
    made_from = [__version__, FORMAT, trim.VERSION, voice, sample_rate, request.text, request.final]
    return blake2b(json.dumps(made_from).encode(), digest_size=16).hexdigest()


class BrokenFile(ValueError):
    """This is not a clip's file, or not all of it."""


def encode(clip: Clip) -> bytes:
    """The bytes of its file: a header with length and digest, then the clip."""
    marks = [[str(mark.kind), *astuple(mark)[1:]] for mark in clip.marks]
    about = json.dumps([clip.sample_rate, clip.sound_end, marks]).encode()
    body = len(about).to_bytes(4, "big") + about + clip.pcm
    return _MAGIC + len(body).to_bytes(8, "big") + _digest(body) + body


def decode(data: bytes) -> Clip:
    """The clip of a file. Raises BrokenFile."""
    body = data[_HEAD:]
    length = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "big")
    if data[: len(_MAGIC)] != _MAGIC or len(body) != length or data[_HEAD - _DIGEST : _HEAD] != _digest(body):
        raise BrokenFile("it was not written whole")
    end = 4 + int.from_bytes(body[:4], "big")
    try:
        rate, sound_end, marks = json.loads(body[4:end])
        return Clip(body[end:], int(rate), _marks(marks), int(sound_end))
    except (TypeError, ValueError) as error:
        raise BrokenFile(str(error)) from error


def _marks(rows: Sequence[Sequence[Any]]) -> tuple[Mark, ...]:
    return tuple(Mark(MarkKind(kind), at_ms, text, start, length) for kind, at_ms, text, start, length in rows)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST).digest()
