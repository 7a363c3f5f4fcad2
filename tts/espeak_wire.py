"""Requests to the espeak-ng process packed, and its audio messages read into clips."""

from __future__ import annotations

from ..core.types import BYTES_PER_SAMPLE, Audio, Mark, MarkKind
from . import espeak_worker as wire
from .espeak_text import Piece, WordFinder


def say_payload(text: str, voice: str, rate: int, pitch: int, pitch_range: int, volume: int) -> bytes:
    """The payload of a SAY message; units as in :class:`.espeak.EspeakConfig`."""
    name = voice.encode()
    return wire.SAY_HEAD.pack(rate, pitch, pitch_range, volume, len(name)) + name + text.encode()


class ClipReader:
    """Reads the AUDIO messages of one clip, which may be made of several pieces of text.

    Marks are timed from the start of the clip, never go back, and come with the first audio that is not older than they are.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._samples = 0
        """Given so far, of the whole clip."""
        self._begin = 0
        """Of them, before the current piece."""
        self._piece = Piece(0, "", True)
        self._words = WordFinder("")
        self._waiting: list[Mark] = []
        self._last_ms = 0.0

    def begin(self, piece: Piece) -> None:
        """The messages that follow belong to this piece."""
        self._begin, self._piece, self._words = self._samples, piece, WordFinder(piece.text)

    def audio(self, payload: bytes) -> Audio | None:
        """The audio of a message; None when it has none: its marks come with the next one."""
        (count,) = wire.MARK_COUNT.unpack_from(payload)
        pcm_begin = wire.MARK_COUNT.size + count * wire.MARK.size
        for event in wire.MARK.iter_unpack(payload[wire.MARK_COUNT.size : pcm_begin]):
            self._add(*event)
        pcm = payload[pcm_begin:]
        if not pcm:
            return None
        marks, self._waiting = tuple(self._waiting), []
        self._samples += len(pcm) // BYTES_PER_SAMPLE
        return Audio(pcm, self._rate, marks)

    def _add(self, kind: int, sample: int, position: int, length: int, phoneme: bytes) -> None:
        at_ms = max((self._begin + sample) * 1000 / self._rate, self._last_ms)
        mark = None
        if kind == wire.MARK_WORD:
            if word := self._words.word(position, length):
                mark = Mark(MarkKind.WORD, at_ms, "", self._piece.start + word[0], word[1])
        else:
            ipa = phoneme.rstrip(b"\0").decode(errors="ignore")  # eight bytes may end within a character
            if not ipa.startswith("("):  # "(en)": the language changes; no sound
                mark = Mark(MarkKind.PHONEME, at_ms, ipa)
        if mark is not None:
            self._waiting.append(mark)
            self._last_ms = at_ms
