"""The lip track: sound in, fifty positions of the mouth per second out, in step with the sound and never behind it.

What shapes the mouth, best first: the voice's phoneme marks, the vowels heard in the sound (``vowels``), loudness alone.
Loudness always decides how far it opens, so silence is a closed mouth whatever the marks say.

Invariant: over contiguous sound each frame comes exactly once, with the piece of sound that holds its time ``n × 20 ms``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ..core.types import Audio
from .articulation import Articulation
from .loudness import VoiceLevel, levels_db
from .visemes import CLOSED, visemes
from .vowels import LOWEST_RATE, vowel_model, window_samples
from .wire import LIP_RATE

FRAME_MS = 1000 / LIP_RATE
ATTACK_MS, RELEASE_MS = 30.0, 100.0
"""From shut to wide open, and back."""
_RISE, _FALL = FRAME_MS / ATTACK_MS, FRAME_MS / RELEASE_MS
_KEEP = 0.4
"""How much of the last shape is still seen in the next frame: a mouth needs about 40 ms from one to the other."""
_BLOCK = 64
"""Frames looked at together: bounds the memory for a clip that comes in one piece."""

_HISS = 0.25
"""Opening for sound that resembles no vowel."""


class LipTrack:
    """The mouth over one turn of a session.

    ``level`` remembers how loud the voice is; pass the same one for all turns of a voice.
    """

    def __init__(self, sample_rate: int, level: VoiceLevel | None = None) -> None:
        if sample_rate < LIP_RATE:
            raise ValueError(f"a lip track needs a sample rate of at least {LIP_RATE} Hz, not {sample_rate}")
        self._rate = sample_rate
        self._level = level or VoiceLevel()
        self._window = window_samples(sample_rate)
        self._tail: NDArray[np.int16] | None = None
        self._next = 0
        self._segment_ms = 0.0
        self._speech = Articulation()
        self._loudness = 0.0
        self._mouths = _mouths()
        self._shape: Sequence[float] = CLOSED

    def segment_started(self, position: int) -> None:
        """The next segment begins ``position`` samples after the start of the turn; marks are timed from here."""
        self._segment_ms = position * 1000 / self._rate
        self._speech = Articulation()

    def add(self, position: int, audio: Audio) -> tuple[int, bytes]:
        """The index of the first lip frame in this piece of sound, and the frames, seven bytes each.

        ``position``: samples from the start of the turn. A piece may be shorter than a frame, or empty. Raises ValueError for a
        piece of another sample rate, or of half a sample.
        """
        if audio.sample_rate != self._rate:
            raise ValueError(f"the lip track runs at {self._rate} Hz, the sound at {audio.sample_rate} Hz")
        sound = np.frombuffer(audio.pcm, "<i2")
        self._speech.extend(audio.marks)
        first, end = self._frames_before(position), self._frames_before(position + len(sound))
        if self._tail is None or position != self._next:
            self._tail = np.full(self._window, sound[0] if len(sound) else 0, np.int16)
        heard = np.concatenate((self._tail, sound))
        out = bytearray()
        for start in range(first, end, _BLOCK):
            block = range(start, min(end, start + _BLOCK))
            out += b"".join(self._encode(block, self._windows(heard, block, position, len(sound))))
        self._tail, self._next = heard[-self._window :].copy(), position + len(sound)
        return first, bytes(out)

    def _frames_before(self, position: int) -> int:
        """How many frames have a time before this sample: frame n has sample n × rate / 50, rounded up."""
        return -(-position * LIP_RATE // self._rate)

    def _windows(self, heard: NDArray[np.int16], block: range, position: int, count: int) -> NDArray[np.int16]:
        """(frames, window) samples around each frame's time; at the end of the piece, the last ones there are."""
        starts = (min(index * self._rate // LIP_RATE - position + self._window // 2, count) for index in block)
        return np.array([heard[start : start + self._window] for start in starts])

    def _encode(self, block: range, windows: NDArray[np.int16]) -> Iterator[bytes]:
        side = self._window // 6
        loudness = self._level.hear(levels_db(windows[:, side : self._window - side]))
        spoken = [self._speech.shape_at(index * FRAME_MS - self._segment_ms) for index in block]
        heard = self._heard_shapes(windows) if None in spoken else []
        for number, (loud, said) in enumerate(zip(loudness, spoken, strict=True)):
            self._loudness = min(self._loudness + _RISE, max(self._loudness - _FALL, loud))
            shape, touch = said or (heard[number], False)
            self._move(shape, touch)
            yield quantise(self._shape, sqrt(self._loudness) if said else self._loudness)

    def _heard_shapes(self, windows: NDArray[np.int16]) -> Sequence[Sequence[float]]:
        if self._rate < LOWEST_RATE:
            return [visemes("ɐ")[0].shape] * len(windows)
        shapes = vowel_model(self._rate).weights(windows) @ self._mouths
        shapes[:, 0] += _HISS
        return shapes.tolist()

    def _move(self, target: Sequence[float], touch: bool) -> None:
        # Seven by name: fifty times a second for everybody who speaks, a loop would be most of the work.
        opening, form, a, i, u, e, o = target
        opening_, form_, a_, i_, u_, e_, o_ = self._shape
        self._shape = (
            0.0 if touch else opening + _KEEP * (opening_ - opening),
            form + _KEEP * (form_ - form),
            a + _KEEP * (a_ - a),
            i + _KEEP * (i_ - i),
            u + _KEEP * (u_ - u),
            e + _KEEP * (e_ - e),
            o + _KEEP * (o_ - o),
        )


@cache
def _mouths() -> NDArray[np.float32]:
    """(5, 7) the mouth of each corner vowel, its opening counted from that of hiss."""
    opening_and_form = np.array([visemes(vowel)[0].shape[:2] for vowel in "aiueo"]) - (_HISS, 0)
    return np.concatenate((opening_and_form, np.eye(5)), axis=1).astype(np.float32)


def quantise(shape: Sequence[float], opening: float) -> bytes:
    """A shape, opened by 0 … 1, as the seven bytes of the stage protocol."""
    wide, form, a, i, u, e, o = shape
    scale = 255 * opening
    return bytes(
        (
            int(wide * scale + 0.5),
            int(128.5 + form * opening * (127 if form > 0 else 128)),
            int(a * scale + 0.5),
            int(i * scale + 0.5),
            int(u * scale + 0.5),
            int(e * scale + 0.5),
            int(o * scale + 0.5),
        )
    )
