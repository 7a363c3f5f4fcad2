"""Sound files of every kind, made by the same library that decodes them."""

from __future__ import annotations

import io
import math
from array import array
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np

from hayakuchi.asr.clip import wav
from hayakuchi.core.types import Audio

KINDS: dict[str, tuple[str, str, int]] = {
    "wav": ("wav", "pcm_s16le", 16_000),
    "wav of 24 bits": ("wav", "pcm_s24le", 44_100),
    "wav of floats": ("wav", "pcm_f32le", 48_000),
    "wav, mu-law": ("wav", "pcm_mulaw", 8_000),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "flac": ("flac", "flac", 22_050),
    "ogg": ("ogg", "libopus", 48_000),
    "webm": ("webm", "libopus", 48_000),
    "m4a": ("mp4", "aac", 44_100),
    "aac": ("adts", "aac", 24_000),
    "aiff": ("aiff", "pcm_s16be", 32_000),
    "mkv": ("matroska", "flac", 16_000),
}
"""Container, codec, Hz."""


def tone(seconds: float = 1.0, rate: int = 16_000, hz: float = 440.0) -> Audio:
    samples = (int(9_000 * math.sin(2 * math.pi * hz * n / rate)) for n in range(int(seconds * rate)))
    return Audio(array("h", samples).tobytes(), rate)


def sound_file(kind: str, seconds: float = 1.0, channels: str = "mono") -> bytes:
    """A tone of 440 Hz in a file."""
    return encoded(kind, tone(seconds, KINDS[kind][2]), channels)


def encoded(kind: str, clip: Audio, channels: str = "mono") -> bytes:
    """The clip in a file."""
    container, codec, rate = KINDS[kind]
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = cast(Any, output.add_stream(codec, rate=rate))
        stream.layout = channels
        stream.format = stream.codec_context.codec.audio_formats[0].name
        stream.codec_context.open()
        for frame in _frames(stream, clip, channels):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def _frames(stream: Any, clip: Audio, channels: str) -> list[Any]:
    rate = stream.rate
    samples = np.frombuffer(clip.pcm, np.int16).reshape(1, -1)
    source = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    source.sample_rate = clip.sample_rate
    resampler = av.AudioResampler(format=stream.format.name, layout=channels, rate=rate)
    fifo = av.AudioFifo()
    for frame in (*resampler.resample(source), *resampler.resample(None)):
        frame.pts = None
        fifo.write(frame)
    size = stream.codec_context.frame_size or 1024
    frames: list[Any] = []
    at = 0
    while fifo.samples:
        frame = cast(Any, fifo.read(min(size, fifo.samples)))
        frame.pts, frame.time_base = at, Fraction(1, rate)
        at += frame.samples
        frames.append(frame)
    return frames


def wav_file(seconds: float = 1.0, rate: int = 16_000) -> bytes:
    return wav(tone(seconds, rate))
