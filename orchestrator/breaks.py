"""Phrase and word breaks in a text that is held, found when they are asked for.

A word break lies between a space and the letter after it, so the word before it is known to be complete. Chinese and Japanese
put no spaces: there a phrase model (BudouX) says where a phrase ends. It looks at three letters on either side, so that a break
with fewer letters after it may move as the text goes on; ``lookahead`` says how many are asked for.
Text of any other script without spaces has no breaks but those at its marks.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..core.types import Boundary
from .charclass import CJK_RANGES, EMOJI_RANGES, JOINERS, is_cjk
from .english import CONNECTORS
from .pairs import Span
from .phrases import Cling, cling, cling_cjk, ends_korean_phrase, is_japanese, is_particle, opens_clause, phrase_ends
from .words import CJK, WORD

_GAP = re.compile(r"(\S+)\s+(?=(\S)([\w'’]*))")
_AFTER_MARK = re.compile(rf"[{EMOJI_RANGES}{JOINERS}～〜…‥]+(?=[{CJK_RANGES}])")
_ADDRESS = re.compile(rf"[A-Za-z][\w+.-]*://[^\s。，、！？；：…「」『』（）()]*|[\w.+-]+@[^\s{CJK_RANGES}]+")
_PAUSES = frozenset(",;:!?…")
_QUOTES = frozenset('“「『《"¿¡')
_NUMERALS = frozenset("〇零一二三四五六七八九十百千万萬億亿兆")
_NOT_FIRST = frozenset("ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々〻ンん")
_SURE: Final = 2
"""Letters after a Chinese word that make sure enough of its end."""
STABLE: Final = 3
"""Letters after a break that make sure of it."""


@dataclass(frozen=True, slots=True)
class Break:
    """A place in the held text, with what is spoken before it."""

    end: int
    boundary: Boundary
    words: int
    cjk: int
    cling: Cling
    """How closely the word before it belongs to the one after it: "the", "of"."""


def find_breaks(text: str, start: int, spans: Sequence[Span], open_at: float, lookahead: int) -> list[Break]:
    """The breaks in ``text``, which begins at the place ``start``, in order.

    None of them falls into one of ``spans`` or behind ``open_at``, places in the whole text.
    """
    places = dict(_between_letters(text, lookahead))
    places.update(_at_spaces(text))
    whole, silent = _Cover(start, spans), _Cover(start, [span for span in spans if span.silent])
    words = [at for found in WORD.finditer(text) if not silent.holds(at := found.start())]
    cjk = [at for found in CJK.finditer(text) if not silent.holds(at := found.start())]
    return [
        Break(start + place, kind, bisect_left(words, place), bisect_left(cjk, place), close)
        for place, (kind, close) in sorted(places.items())
        if start + place <= open_at and not whole.parts(place)
    ]


class _Cover:
    """Places in the held text that lie in one of some spans."""

    def __init__(self, start: int, spans: Sequence[Span]) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        for begin, end in sorted((span.start - start, span.end - start) for span in spans):
            if not self._ends or begin >= self._ends[-1]:
                self._begins.append(begin)
                self._ends.append(end)

    def holds(self, place: int) -> bool:
        """Whether the character after ``place`` is in a span."""
        index = bisect_right(self._begins, place) - 1
        return index >= 0 and place < self._ends[index]

    def parts(self, place: int) -> bool:
        """Whether a cut at ``place`` would part a span."""
        index = bisect_left(self._begins, place) - 1
        return index >= 0 and place < self._ends[index]


def _at_spaces(text: str) -> Iterator[tuple[int, tuple[Boundary, Cling]]]:
    for gap in _GAP.finditer(text):
        before, following = gap[1], gap[2] + gap[3]
        first, last = following[0], before[-1]
        if not (first.isalnum() or first in _QUOTES) or (first.isdigit() and last.isdigit()):
            continue
        if last in ".．" and not before.endswith(".."):
            continue
        word = before.strip("\"'“”‘’(),;:!?*_")
        complete = gap.end() + len(following) < len(text)
        close = Cling.LOOSE if is_cjk(last) or last in _PAUSES else cling(word, following, complete)
        phrase = following.lower() in CONNECTORS or ends_korean_phrase(word) or not last.isalnum()
        if gap.start() == 0 and opens_clause(word, following):
            yield gap.end(), (Boundary.CLAUSE, Cling.LOOSE)
        else:
            yield gap.end(), (Boundary.PHRASE if phrase else Boundary.WORD, close)


def _between_letters(text: str, lookahead: int) -> Iterator[tuple[int, tuple[Boundary, Cling]]]:
    if CJK.search(text) is None:
        return
    for found in _AFTER_MARK.finditer(text):
        yield found.end(), (Boundary.PHRASE, Cling.LOOSE)
    addresses = [found.span() for found in _ADDRESS.finditer(text)]
    phrase_start = 0
    for place in phrase_ends(text):
        chunk, phrase_start = text[phrase_start:place], place
        last, first = text[place - 1], text[place]
        if len(text) - place < lookahead or not is_cjk(last) or first in _NOT_FIRST or first == last:
            continue
        if not (is_cjk(first) or first in "「『“《" or (first.isascii() and first.isalnum())):
            continue
        if (last in _NUMERALS and first in _NUMERALS) or any(begin < place < end for begin, end in addresses):
            continue
        particle = is_particle(text, last)
        if not particle and len(text) - place < _SURE:
            continue
        close = Cling.LOOSE if is_japanese(text) else cling_cjk(chunk, text[place:])
        yield place, (Boundary.PHRASE if particle else Boundary.WORD, close)
