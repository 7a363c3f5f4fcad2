"""Files of sound, decoded without ffmpeg to what recognisers hear: wav, mp3, flac, ogg, opus, webm, m4a, aac and others.

What is decoded comes from anybody. So only containers that hold sound themselves are opened, never one that names other files
or addresses; the length is bounded while decoding, whatever the file says of itself; and only a :class:`ClipError` comes out.
"""

from __future__ import annotations

import asyncio
import io
import threading
from enum import StrEnum
from typing import Any

from ..core.errors import HayakuchiError
from ..core.types import Audio
from .base import SAMPLE_RATE

FORMATS = "wav,w64,mp3,flac,ogg,matroska,webm,mov,mp4,m4a,aac,aiff,au,caf,amr"
RATES = range(4_000, 384_001)
_UNTOLD_S = 1e-3


class ClipProblem(StrEnum):
    UNKNOWN_FORMAT = "unknown_format"
    DAMAGED = "damaged"
    TOO_LONG = "too_long"


class ClipError(HayakuchiError):
    """A file is not a clip that can be heard; ``problem`` says how."""

    code = "clip"

    def __init__(self, problem: ClipProblem, message: str) -> None:
        self.problem = problem
        super().__init__(message)


async def decode(file: bytes, *, longest_s: float) -> Audio:
    """The first sound track of a file, decoded in a thread. Raises ClipError. Cancelled, the thread ends at the next packet."""
    unwanted = threading.Event()
    try:
        return await asyncio.to_thread(read_clip, file, longest_s, unwanted)
    finally:
        unwanted.set()


def read_clip(file: bytes, longest_s: float, unwanted: threading.Event) -> Audio:
    """:func:`decode`, blocking; once ``unwanted`` is set, any result will do."""
    import av
    from av.error import FFmpegError

    try:
        container = av.open(io.BytesIO(file), options={"format_whitelist": FORMATS})
    except (FFmpegError, OSError, ValueError) as error:
        message = "this is no sound file of a format that is known: send wav, mp3, flac, ogg, webm, m4a or aac"
        raise ClipError(ClipProblem.UNKNOWN_FORMAT, message) from error
    with container:
        tracks = [stream for stream in container.streams.audio if stream.codec_context is not None]
        if not tracks:
            raise ClipError(ClipProblem.DAMAGED, "there is no sound in this file that can be decoded")
        try:
            return _Reading(longest_s).all_of(container, tracks[0], unwanted)
        except (FFmpegError, OSError, ValueError) as error:
            raise ClipError(ClipProblem.DAMAGED, "the file is damaged: its sound cannot be decoded") from error


class _Reading:
    """What was decoded of a file so far."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._pcm = bytearray()
        self._heard_s = 0.0
        self._broken = self._packets = 0
        self._resampler: Any = None
        self._form: tuple[Any, ...] = ()

    def all_of(self, container: Any, stream: Any, unwanted: threading.Event) -> Audio:
        """Raises ClipError when nothing, or less than half of it, can be decoded."""
        from av.error import FFmpegError

        try:
            for packet in container.demux(stream):
                if unwanted.is_set():
                    break
                self._packets += 1
                self._take(packet)
        except (FFmpegError, OSError):
            # It ends in the middle, as recordings do that were cut off. What came before is a clip.
            self._broken += 1
        self._flush()
        if self._broken and (not self._pcm or self._broken * 2 > self._packets):
            raise ClipError(ClipProblem.DAMAGED, "the file is damaged: its sound cannot be decoded")
        return Audio(bytes(self._pcm), SAMPLE_RATE)

    def _take(self, packet: Any) -> None:
        from av.error import FFmpegError

        try:
            for frame in packet.decode():
                self._add(frame)
        except (FFmpegError, OSError, ValueError):
            self._broken += 1

    def _add(self, frame: Any) -> None:
        import av

        rate = frame.sample_rate
        if rate not in RATES:
            raise ClipError(ClipProblem.DAMAGED, f"the file says that it has {rate} samples a second")
        self._heard_s += frame.samples / rate
        if self._heard_s > self._longest_s + _UNTOLD_S:
            minutes = self._longest_s / 60
            raise ClipError(ClipProblem.TOO_LONG, f"the sound is longer than {minutes:g} minutes, which is the limit")
        form = (frame.format.name, frame.layout.name, rate)
        if form != self._form:
            self._flush()
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
            self._form = form
        frame.pts = None
        self._keep(self._resampler.resample(frame))

    def _flush(self) -> None:
        """Take what the filter still holds."""
        if self._resampler is not None:
            self._keep(self._resampler.resample(None))
            self._resampler, self._form = None, ()

    def _keep(self, frames: list[Any]) -> None:
        for frame in frames:
            self._pcm += bytes(frame.planes[0])[: frame.samples * 2]
