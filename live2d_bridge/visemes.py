"""What the mouth looks like while a phoneme of the International Phonetic Alphabet is spoken.

Vowels are placed by their coordinates on the IPA vowel chart (Handbook of the IPA, 1999): height opens the jaw, rounding purses
the lips, and the nearness to the corner vowels a i u e o gives Live2D's ``ParamA`` … ``ParamO``. A consonant says how far it
opens the lips and how much it insists on its own shape: p b m insist wholly, k hardly at all, and what it leaves open is
filled by its neighbours (dominance of articulators, after Cohen and Massaro 1993).

Invariant: every value is in 0 … 1 (``form``: −1 … 1), for any text at all, also a truncated or unknown one.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Shape(NamedTuple):
    """A position of the mouth: ``ParamMouthOpenY``, ``ParamMouthForm``, ``ParamA`` … ``ParamO``."""

    open: float
    form: float
    a: float
    i: float
    u: float
    e: float
    o: float


CLOSED = Shape(0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Viseme:
    """The target of one sound."""

    shape: Shape
    own: float = 1.0
    """How much of the mouth it takes for itself; the rest belongs to the neighbouring vowel."""
    is_vowel: bool = False
    is_closure: bool = False
    """The lips must be seen to touch."""


REST = Viseme(CLOSED)
"""A pause."""

_A, _I, _U, _E, _O = (1.0, 0.5, 0.0), (0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (0.45, 0.0, 0.0), (0.45, 1.0, 1.0)
_CORNERS = (_A, _I, _U, _E, _O)
_AXES = (1.0, 0.5, 0.8)
"""How much height, backness and rounding tell to the eye."""
_NEAR = 0.25

# Height 0 (close) to 6 (open), backness 0 (front) to 2 (back), rounding 0 to 2.
_VOWEL_CHART = {
    "i": (0, 0, 0), "y": (0, 0, 2), "ɨ": (0, 1, 0), "ʉ": (0, 1, 2), "ɯ": (0, 2, 1), "u": (0, 2, 2),
    "ɪ": (1, 0, 0), "ʏ": (1, 0, 2), "ʊ": (1, 2, 2), "ᵻ": (1, 1, 0), "ᵿ": (1, 1, 2),
    "e": (2, 0, 0), "ø": (2, 0, 2), "ɘ": (2, 1, 0), "ɵ": (2, 1, 2), "ɤ": (2, 2, 0), "o": (2, 2, 2),
    "ə": (3, 1, 0), "ɚ": (3, 1, 1),
    "ɛ": (4, 0, 0), "œ": (4, 0, 2), "ɜ": (4, 1, 0), "ɝ": (4, 1, 1), "ɞ": (4, 1, 2), "ʌ": (4, 2, 0), "ɔ": (4, 2, 2),
    "æ": (5, 0, 0), "ɐ": (5, 1, 0),
    "a": (6, 1, 0), "ɶ": (6, 0, 2), "ɑ": (6, 2, 0), "ɒ": (6, 2, 2),
}  # fmt: skip
_REDUCED = frozenset("əɚɘᵻᵿɨ")

_CLOSURES = "pbmɓʙʘ"
# symbols: opening, form, vowel it resembles, how much it insists
_CONSONANTS: tuple[tuple[str, float, float, str, float], ...] = (
    ("fvɱʋⱱɸβ", 0.06, 0.1, "", 0.9),
    ("wʍɥʷ", 0.2, -0.7, "u", 0.9),
    ("ʃʒʂʐɧ", 0.2, -0.5, "u", 0.7),
    ("ɹɻɺ", 0.25, -0.3, "u", 0.5),
    ("szɕʑθðɬɮ", 0.15, 0.3, "i", 0.7),
    ("jʲʝcʎɲɟ", 0.2, 0.4, "i", 0.5),
    ("tdnlɫrɾɽʈɖɳɭɗʇǀǁǂǃ", 0.2, 0.1, "", 0.6),
    ("kgɡŋxɣqɢɴχʁʀɠʛɰʟʞ", 0.25, 0.0, "", 0.35),
    ("hɦħʕʔʢʡʰʱ", 0.3, 0.0, "", 0.1),
)
_UNKNOWN = Viseme(Shape(0.25, 0, 0, 0, 0, 0, 0), own=0.4)

_PAUSE = frozenset("_|‖:;,.!? ")
_LIPS_MATTER = 0.9


@lru_cache(maxsize=4096)
def visemes(phoneme: str) -> tuple[Viseme, ...]:
    """The shapes that a phoneme goes through, in order: two for a diphthong, else one.

    Stress, length, ties, tones and other diacritics make no difference. An empty phoneme is a pause; one that is nothing but such
    marks gives no shape: what was spoken goes on.
    """
    if all(symbol in _PAUSE for symbol in phoneme):
        return (REST,)
    found = [_viseme(symbol) for symbol in unicodedata.normalize("NFD", phoneme) if _is_letter(symbol)]
    if any(viseme.is_vowel for viseme in found):
        return tuple(viseme for viseme in found if viseme.is_vowel or viseme.own >= _LIPS_MATTER)
    return (max(found, key=lambda viseme: viseme.own),) if found else ()


def blend(one: Shape, other: Shape, share: float) -> Shape:
    """``share`` of ``one`` and the rest of ``other``."""
    rest = 1 - share
    return Shape(*[share * a + rest * b for a, b in zip(one, other, strict=True)])


def _is_letter(symbol: str) -> bool:
    """Whether it is a sound: stress, length and most superscripts are not, nor are tones, digits and combining marks."""
    return symbol in "ʲʷʰʱǀǁǂǃ" or unicodedata.category(symbol) in ("Ll", "Lu", "Lo")


@lru_cache(maxsize=512)
def _viseme(symbol: str) -> Viseme:
    if symbol in _VOWEL_CHART:
        return _vowel(symbol)
    if symbol in _CLOSURES:
        return Viseme(CLOSED, is_closure=True)
    for symbols, opening, form, resembles, own in _CONSONANTS:
        if symbol in symbols:
            vowels = [0.5 if vowel == resembles else 0.0 for vowel in "aiueo"]
            return Viseme(Shape(opening, form, *vowels), own=own)
    return _UNKNOWN


def _vowel(symbol: str) -> Viseme:
    steps = _VOWEL_CHART[symbol]
    height, back, round_ = steps[0] / 6, steps[1] / 2, steps[2] / 2
    strength = 0.75 if symbol in _REDUCED else 1.0
    spread = 0.8 * (1 - 2 * back) * (1 - height) * (1 - round_)
    pursed = 0.8 * round_ * (1 - 0.5 * height)
    weights = [math.exp(-_distance((height, back, round_), corner) / (2 * _NEAR**2)) for corner in _CORNERS]
    vowels = [strength * weight / sum(weights) for weight in weights]
    return Viseme(Shape(strength * (0.25 + 0.75 * height), spread - pursed, *vowels), is_vowel=True)


def _distance(point: tuple[float, float, float], corner: tuple[float, float, float]) -> float:
    return sum((axis * (a - b)) ** 2 for axis, a, b in zip(_AXES, point, corner, strict=True))
