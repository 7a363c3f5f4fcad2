"""Text for espeak-ng, and its word events read back: pure functions.

Cleaning keeps every character's place, so that a mark's offset counts in the text as it was asked for.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from .reading import HAN_RANGES

PIECE_WEIGHT = 400
"""The most that one request to the worker says. A letter weighs 1 and anything else that is spoken as a word or a syllable of
its own weighs 4, so a piece is about 30 s of sound, 2 min at the most: nobody waits long behind it, and a reader that went
away leaves little behind."""

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff]")
"""Control characters (espeak-ng takes commands after U+0001), lone surrogates, private use."""
_LETTERS = (
    rf"(?:[^\W_{HAN_RANGES}]|[\u0300-\u036f\u0591-\u05bd\u064b-\u0652\u0670\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e])+"
)
"""Letters and digits with the marks that combine with them, which are no word characters to ``re``."""
_WORD = re.compile(rf"[{HAN_RANGES}]|{_LETTERS}(?:['’.,:/@-]+{_LETTERS})*|[^\w\s]")
_LIGHT = re.compile(r"[^\W\d_]")
_NAMED = frozenset("%&#@*/")
_CLOSERS = " \t\n\"'”’»)]}」』】）"
_ENDINGS = ".!?,;:…—–。！？，、；：．"


def clean(text: str) -> str:
    """The text without what espeak-ng would take for a command; same length, same offsets."""
    return _UNSAFE.sub(" ", text)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, ``start`` characters after its beginning."""

    start: int
    text: str
    last: bool


def pieces(text: str, limit: int = PIECE_WEIGHT) -> Iterator[Piece]:
    """Cut a text into pieces that weigh at most ``limit``: after a sentence, else a clause, else a word, else anywhere."""
    start = 0
    while start < len(text):
        end = _fit(text, start, limit)
        if end < len(text):
            end = _cut(text, start, end)
        yield Piece(start, text[start:end], end == len(text))
        start = end


def _fit(text: str, start: int, limit: int) -> int:
    weight = 0
    for index in range(start, len(text)):
        weight += 1 if _is_light(text[index]) else 4
        if weight > limit:
            return max(index, start + 1)
    return len(text)


def _is_light(character: str) -> bool:
    if character.isspace() or character in _ENDINGS or character in _CLOSERS:
        return True
    return bool(_LIGHT.match(character)) and character < "\u1100"


def _cut(text: str, start: int, end: int) -> int:
    window = text[start:end]
    for pattern in (r"[.!?…][\"'”’)]*\s+|[。！？]", r"[,;:—]\s+|[，、；：]", r"\s+"):
        ends = [match.end() for match in re.finditer(pattern, window) if match.end() > len(window) // 3]
        if ends:
            return start + ends[-1]
    return end


def with_ending(text: str, final: bool) -> str:
    """What espeak-ng gets. A piece whose sentence goes on ends with a comma, which keeps the voice up: without one it falls."""
    if final or text.rstrip(_CLOSERS).endswith(tuple(_ENDINGS)):
        return text
    return text + ","


class WordFinder:
    """Turns espeak-ng's word events into words of the text.

    The engine tells several events for what it expands ("2024-01-05", "$3.50") and lengths of its own expansion. Here a word
    is found where the event points, and told once.
    """

    def __init__(self, text: str) -> None:
        self._spans = [match.span() for match in _WORD.finditer(text) if _is_spoken(match[0])]
        self._starts = [start for start, _ in self._spans]
        self._told = -1
        self._text = text

    def word(self, position: int, length: int) -> tuple[int, int] | None:
        """(start, length) of the word that the event at ``position`` begins; None when it begins none."""
        index = bisect_right(self._starts, position) - 1
        if index < 0 or position >= self._spans[index][1]:
            index += 1
        if index <= self._told or index >= len(self._spans) or not self._leads_to(index, position, length):
            return None
        self._told = index
        start, end = self._spans[index]
        stated = position + length
        if stated <= len(self._text) and self._text[start:stated].isalnum():
            end = max(end, stated)
            self._told = bisect_right(self._starts, end - 1) - 1
        return start, end - start

    def _leads_to(self, index: int, position: int, length: int) -> bool:
        """Whether an event before a word is about it: only an opening quote or the like is between, or it reaches into it."""
        start = self._starts[index]
        between = self._text[position:start]
        return not any(map(str.isspace, between)) or position + length > start


def _is_spoken(token: str) -> bool:
    """Words are, and of other characters those that have a name of their own: not the punctuation."""
    return token[0].isalnum() or token in _NAMED or unicodedata.category(token[0]).startswith("S")
