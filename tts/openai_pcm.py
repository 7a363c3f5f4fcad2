"""Turns the body of a speech response into mono 16-bit PCM, as it comes and without IO.

What the bytes are is decided by the bytes: what begins like a WAV file is one, and its sizes are believed only where they make
sense. Compressed audio and text are refused with a message that says what came. No sample is cut in two.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

_MAX_HEADER = 1 << 20
_ENDLESS = 0x7FFF0000
"""Sizes from here on are placeholders of servers that did not know the length yet."""
_AFTER_DATA = frozenset(
    {b"LIST", b"fact", b"cue ", b"smpl", b"id3 ", b"ID3 ", b"bext", b"JUNK", b"PEAK", b"inst", b"iXML"}
)
_MAGIC = {b"OggS": "Ogg audio", b"fLaC": "FLAC audio", b"ID3": "MP3 audio", b"\x1aE\xdf\xa3": "WebM audio"}
_MP3_KBIT = {  # MPEG 1 and MPEG 2/2.5, layer III (ISO/IEC 11172-3, 13818-3)
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_MP3_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


class NotSpeech(ValueError):
    """The body is not PCM that can be played; the message says what came."""


class PcmReader:
    """Takes one body. ``sample_rate`` (Hz) is right from the first bytes that ``feed`` returns."""

    def __init__(self, sample_rate: int, *, wav_only: bool = False) -> None:
        self.sample_rate = sample_rate
        self._wav_only = wav_only
        self._channels = 1
        self._held = b""
        self._left: int | None = None
        """Bytes until the data of the WAV chunk ends; None: it goes on to the end of the body."""
        self._skip = 0
        self._header = 0
        self._state: Callable[[], bytes | None] = self._start

    def feed(self, chunk: bytes) -> bytes:
        """Whole samples among what came so far, maybe none. Raises NotSpeech."""
        self._held = self._held + chunk if self._held else chunk
        parts: list[bytes] = []
        while (part := self._state()) is not None:
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def finish(self) -> bytes:
        """What was held back to see what it is. Raises NotSpeech for a body that ended within its header."""
        if self._state == self._start and self._held:
            self._refuse_text(self._held)
            if self._wav_only or self._held.startswith(b"RIFF"):
                raise NotSpeech("broken off within the header of a WAV file")
            self._state = self._samples
            return self.feed(b"")
        if self._state in (self._wav_chunk, self._riff):
            raise NotSpeech("broken off within the header of a WAV file")
        return b""

    # Each state takes what it can from ``_held`` and returns audio, maybe empty; None: it needs more bytes.

    def _start(self) -> bytes | None:
        head = self._held[:16]
        if len(head) < 4:
            return None
        if head.startswith(b"RIFF"):
            self._state = self._riff
            return b""
        for magic, what in _MAGIC.items():
            if head.startswith(magic):
                raise NotSpeech(what)
        if head[:1] in b"{<" and len(head) < 16:
            return None
        self._refuse_text(head)
        verdict = is_mp3(self._held)
        if verdict is None:
            return None
        if verdict:
            raise NotSpeech("MP3 audio")
        if self._wav_only:
            raise NotSpeech("no WAV file")
        self._state = self._samples
        return b""

    def _riff(self) -> bytes | None:
        if len(self._held) < 12:
            return None
        if self._held[8:12] != b"WAVE":
            raise NotSpeech("a RIFF file that is not WAV")
        self._held = self._held[12:]
        self._state = self._wav_chunk
        return b""

    def _wav_chunk(self) -> bytes | None:
        if len(self._held) < 8:
            return None
        name, size = struct.unpack_from("<4sI", self._held)
        if name == b"data":
            if not self._header:
                raise NotSpeech("a WAV file that does not say its format")
            self._left = size if 0 < size < _ENDLESS and size % (2 * self._channels) == 0 else None
            self._held = self._held[8:]
            self._state = self._samples
            return b""
        if size > _MAX_HEADER:
            raise NotSpeech("a WAV file with a broken header")
        end = 8 + size + size % 2
        if len(self._held) < end:
            return None
        if name == b"fmt ":
            self._format(self._held[8:end])
        self._held = self._held[end:]
        return b""

    def _format(self, fields: bytes) -> None:
        if len(fields) < 16:
            raise NotSpeech("a WAV file with a broken header")
        tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", fields)
        if tag == 0xFFFE and len(fields) >= 26:
            (tag,) = struct.unpack_from("<H", fields, 24)
        if tag != 1 or bits != 16 or channels not in (1, 2) or not 4_000 <= rate <= 384_000:
            kind = {1: "PCM", 3: "float", 6: "A-law", 7: "mu-law"}.get(tag, f"format {tag}")
            raise NotSpeech(
                f"a WAV file with {channels} channels of {bits}-bit {kind} at {rate} Hz; 16-bit PCM is needed"
            )
        self._channels, self.sample_rate, self._header = channels, rate, 1

    def _samples(self) -> bytes | None:
        frame = 2 * self._channels
        size = len(self._held) if self._left is None else min(len(self._held), self._left)
        size -= size % frame
        if self._left == 0:
            self._left, self._state = None, self._after_data
            return b""
        if not size:
            return None
        pcm, self._held = self._held[:size], self._held[size:]
        if self._left is not None:
            self._left -= size
        return pcm if self._channels == 1 else _mono(pcm)

    def _after_data(self) -> bytes | None:
        """The size said that the audio ends here: another file follows, a chunk to skip, or the size was wrong."""
        if len(self._held) < 8:
            return None
        name, size = struct.unpack_from("<4sI", self._held)
        if name == b"RIFF":
            self._state = self._riff
        elif name in _AFTER_DATA:
            self._skip = 8 + size + size % 2
            self._state = self._skipping
        else:
            self._state = self._samples
        return b""

    def _skipping(self) -> bytes | None:
        size = min(self._skip, len(self._held))
        self._held, self._skip = self._held[size:], self._skip - size
        if self._skip:
            return None
        self._state = self._after_data
        return b""

    def _refuse_text(self, head: bytes) -> None:
        if head[:1] in b"{<" and head.isascii() and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
            raise NotSpeech("JSON" if head[:1] == b"{" else "a web page")


def is_mp3(data: bytes) -> bool | None:
    """Whether ``data`` begins with two MP3 frames; None: more bytes are needed to tell.

    One header is not enough: two samples of silence with a little noise can look like it.
    """
    length = _mp3_frame(data)
    if not length:
        return False
    return None if len(data) < length + 4 else _mp3_frame(data[length : length + 4]) > 0


def _mp3_frame(data: bytes) -> int:
    """Length in bytes of the layer III frame whose header ``data`` begins with; 0: there is none."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return 0
    version, layer, bitrate, rate = data[1] >> 3 & 3, data[1] >> 1 & 3, data[2] >> 4, data[2] >> 2 & 3
    kbit = _MP3_KBIT[3 if version == 3 else 2][bitrate]
    if version == 1 or layer != 1 or rate == 3 or not kbit:
        return 0
    return (144 if version == 3 else 72) * kbit * 1000 // _MP3_HZ[version][rate] + (data[2] >> 1 & 1)


def _mono(pcm: bytes) -> bytes:
    """The mean of both channels."""
    stereo = np.frombuffer(pcm, "<i2").reshape(-1, 2)
    return (stereo.sum(axis=1, dtype=np.int32) >> 1).astype("<i2").tobytes()
