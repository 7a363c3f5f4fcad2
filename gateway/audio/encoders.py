"""Sound in the formats that OpenAI's ``/audio/speech`` gives, encoded while it comes.

Encoders work for some time and belong into a thread, which :func:`encoded` sees to. No format needs the length beforehand, and
none is mended afterwards, so that every byte can go out as soon as it is there.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, Protocol, cast

from ...core.types import BYTES_PER_SAMPLE, Audio
from ...tts.pcm import Resampler

RATE = 24_000
"""Hz of pcm, wav, opus and flac: OpenAI's own."""
FINE_RATE = 48_000
"""Hz of mp3 and aac, which begin and end with silence of their own: so many samples, which are 48 ms at most at this rate."""
UNKNOWN_LENGTH = 0xFFFFFFFF
_FULL_SCALE = 32768


class SoundFormat(StrEnum):
    """As OpenAI's clients name them."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


CONTENT_TYPES = {
    SoundFormat.MP3: "audio/mpeg",
    SoundFormat.OPUS: "audio/ogg",
    SoundFormat.AAC: "audio/aac",
    SoundFormat.FLAC: "audio/flac",
    SoundFormat.WAV: "audio/wav",
    SoundFormat.PCM: "audio/pcm",
}


class Encoder(Protocol):
    """Makes one file, piece by piece; the bytes that both give, joined, are the file."""

    def encode(self, audio: Audio) -> bytes:
        """What is certain of the file with this piece, at any rate and of any length; may be empty."""
        ...

    def finish(self) -> bytes:
        """The rest of the file."""
        ...


def encoder(form: SoundFormat) -> Encoder:
    """A fresh one for one file."""
    match form:
        case SoundFormat.PCM:
            return Plain()
        case SoundFormat.WAV:
            return Plain(wav_header(RATE))
        case _:
            return Coded(_CODECS[form])


def wav_header(rate: int) -> bytes:
    """Of a mono 16-bit file whose length nobody knows yet."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 16)
    riff = struct.pack("<4sI4s", b"RIFF", UNKNOWN_LENGTH, b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", UNKNOWN_LENGTH)


async def encoded(sound: AsyncGenerator[Audio, None], form: SoundFormat) -> AsyncGenerator[bytes, None]:
    """The file, as much of it at a time as a piece of sound makes certain."""
    # While the voice is being asked.
    making = asyncio.get_running_loop().run_in_executor(None, encoder, form)
    async with aclosing(sound) as pieces:
        async for audio in pieces:
            if part := await asyncio.to_thread((await making).encode, audio):
                yield part
    if rest := await asyncio.to_thread((await making).finish):
        yield rest


class Plain:
    """Samples as they are, at ``RATE``, after a header."""

    def __init__(self, header: bytes = b"") -> None:
        self._begins = header
        self._resampler = Resampler(RATE)

    def encode(self, audio: Audio) -> bytes:
        return self._headed(_joined(self._resampler.feed(audio)))

    def finish(self) -> bytes:
        return self._headed(_joined(self._resampler.flush()))

    def _headed(self, pcm: bytes) -> bytes:
        begins, self._begins = self._begins, b""
        return begins + pcm


@dataclass(frozen=True, slots=True)
class Codec:
    """How a format is made. ``sample_format`` as FFmpeg names it: s16 and s16p are the same for one channel."""

    container: str
    name: str
    rate: int
    sample_format: str
    bit_rate: int | None = None
    container_options: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)


_CODECS = {
    # Without a bit reservoir every frame goes out when it is full; the header that tells the length cannot be written.
    SoundFormat.MP3: Codec(
        "mp3",
        "libmp3lame",
        FINE_RATE,
        "s16p",
        96_000,
        {"write_xing": "0", "id3v2_version": "0"},
        {"reservoir": "0", "compression_level": "7"},
    ),
    SoundFormat.OPUS: Codec(
        "ogg", "libopus", RATE, "s16", 48_000, {"page_duration": "20000"}, {"compression_level": "5"}
    ),
    SoundFormat.AAC: Codec("adts", "aac", FINE_RATE, "fltp", 96_000, {}, {"aac_coder": "fast"}),
    SoundFormat.FLAC: Codec("flac", "flac", RATE, "s16", None, {}, {"frame_size": "960"}),
}


class _Sink:
    """What a container is written to: bytes that are taken away as they come."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes) -> int:
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


class Coded:
    """A container with one stream of FFmpeg's."""

    def __init__(self, codec: Codec) -> None:
        import av  # takes its time to load

        self._codec = codec
        self._sink = _Sink()
        self._resampler = Resampler(codec.rate)
        options = {"flush_packets": "1"} | codec.container_options
        self._container = av.open(cast(Any, self._sink), "w", format=codec.container, options=options)
        stream: Any = self._container.add_stream(codec.name, rate=codec.rate, options=codec.options)
        stream.layout, stream.format = "mono", codec.sample_format
        if codec.bit_rate is not None:
            stream.bit_rate = codec.bit_rate
        stream.codec_context.open()
        self._stream = stream
        self._frame_bytes = stream.codec_context.frame_size * BYTES_PER_SAMPLE
        self._waiting = bytearray()
        self._position = 0

    def encode(self, audio: Audio) -> bytes:
        self._waiting += _joined(self._resampler.feed(audio))
        while len(self._waiting) >= self._frame_bytes:
            self._add(bytes(self._waiting[: self._frame_bytes]))
            del self._waiting[: self._frame_bytes]
        return self._sink.take()

    def finish(self) -> bytes:
        self._waiting += _joined(self._resampler.flush())
        for start in range(0, len(self._waiting), self._frame_bytes):
            self._add(bytes(self._waiting[start : start + self._frame_bytes]))
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()

    def _add(self, pcm: bytes) -> None:
        import av
        import numpy as np

        samples = np.frombuffer(pcm, np.int16).reshape(1, -1)
        if self._codec.sample_format == "fltp":
            samples = samples.astype(np.float32) / _FULL_SCALE
        frame = av.AudioFrame.from_ndarray(cast(Any, samples), format=self._codec.sample_format, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._codec.rate, self._position, Fraction(1, self._codec.rate)
        self._position += samples.shape[1]
        self._container.mux(self._stream.encode(frame))


def _joined(pieces: list[Audio]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)
