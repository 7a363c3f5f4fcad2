"""One clip: MP3 and words as they come in, audio with its marks as it goes out. No IO."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from ..core.types import BYTES_PER_SAMPLE, Audio, Mark, MarkKind
from .edge_mp3 import SAMPLE_RATE, Mp3Decoder
from .edge_text import WordLocator

PIECE_MS = 100.0
KEPT_BYTES = SAMPLE_RATE // 100 * BYTES_PER_SAMPLE
"""10 ms are kept until more comes or the clip ends, so that words told after the last sound have audio to go with."""
DECODED_AT_ONCE = 9_000
"""Bytes of MP3, 1.5 s of sound: about 1 ms of CPU, for which the event loop may be held up."""


class ClipMaker:
    """Decodes when ``chunk_size`` bytes have come. Marks count from ``begin_ms`` and from ``offset`` in the text.

    The service times words from the beginning of its sound, which is where the decoder's output begins.
    """

    def __init__(self, text: str, chunk_size: int, begin_ms: float = 0.0, offset: int = 0) -> None:
        self._locator = WordLocator(text)
        self._decoder = Mp3Decoder()
        self._chunk_size, self._begin_ms, self._offset = chunk_size, begin_ms, offset
        self._mp3 = bytearray()
        self._pcm = b""
        self._marks: deque[Mark] = deque()
        self._last_ms = begin_ms
        self.end_ms = begin_ms
        """Where the audio that was given out ends."""

    def word(self, at_ms: float, text: str) -> None:
        """A word that is not found in the text leaves no mark."""
        if place := self._locator.find(text):
            start, length = place
            self._last_ms = max(self._last_ms, self._begin_ms + at_ms)
            self._marks.append(Mark(MarkKind.WORD, self._last_ms, "", self._offset + start, length))

    def add(self, mp3: bytes) -> None:
        self._mp3 += mp3

    @property
    def enough(self) -> bool:
        """Whether as much as ``chunk_size`` waits to be decoded."""
        return len(self._mp3) >= self._chunk_size

    @property
    def rest(self) -> bool:
        """Whether anything waits to be decoded."""
        return bool(self._mp3)

    def step(self) -> list[Audio]:
        """Audio of what was added, of 1.5 s at most. Raises NotMp3."""
        self._decode()
        ready, self._pcm = self._pcm[:-KEPT_BYTES], self._pcm[-KEPT_BYTES:]
        return self._pieces(ready)

    def finish(self) -> list[Audio]:
        """The end of the clip, with all marks that are left. Raises NotMp3."""
        while self._mp3:
            self._decode()
        pieces = self._pieces(self._pcm + self._decoder.finish())
        if pieces and self._marks:
            last = pieces[-1]
            late = tuple(replace(mark, at_ms=min(mark.at_ms, self.end_ms)) for mark in self._marks)
            pieces[-1] = replace(last, marks=last.marks + late)
        return pieces

    def _decode(self) -> None:
        mp3, self._mp3 = bytes(self._mp3[:DECODED_AT_ONCE]), self._mp3[DECODED_AT_ONCE:]
        self._pcm += self._decoder.feed(mp3)

    def _pieces(self, pcm: bytes) -> list[Audio]:
        pieces: list[Audio] = []
        for piece in Audio(pcm, SAMPLE_RATE).split(PIECE_MS) if pcm else ():
            self.end_ms += piece.duration_ms
            marks: list[Mark] = []
            while self._marks and self._marks[0].at_ms < self.end_ms:
                marks.append(self._marks.popleft())
            pieces.append(replace(piece, marks=tuple(marks)))
        return pieces
