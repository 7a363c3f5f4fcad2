"""Text for the service, and the words that it tells of found again in the text: pure functions.

Cleaning keeps every character's place, so that a mark's offset counts in the text as it was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from .reading import HAN_RANGES

PART_BYTES = 4096
"""The most that one request may say, in UTF-8 with ``&``, ``<`` and ``>`` escaped."""
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML does not allow, and control characters, after which the service breaks off."""
_UNSPACED = re.compile(f"[{HAN_RANGES}\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d\uac00-\ud7a3\u0e00-\u0e7f]")
"""Characters of scripts whose words follow one another without a space, or are told in parts."""
_REACH = 60
"""How many characters after the last word the next one may begin. Further on, it is another one of the same spelling."""


def clean(text: str) -> str:
    """The text without what the service would choke on; same length, same offsets."""
    return _UNSAFE.sub(" ", text)


def parts(text: str, limit: int = PART_BYTES) -> Iterator[tuple[int, str]]:
    """Cut a text into parts of at most ``limit`` bytes, after a space where there is one; each with its offset."""
    start = 0
    while start < len(text):
        end = _fit(text, start, limit)
        if end < len(text):
            space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
            end = space + 1 if space > start else end
        yield start, text[start:end]
        start = end


def _fit(text: str, start: int, limit: int) -> int:
    size = 0
    for index in range(start, len(text)):
        size += len(escape(text[index]).encode())
        if size > limit:
            return max(index, start + 1)
    return len(text)


class WordLocator:
    """Finds the words of a clip in its text. They come in order, so each is looked for after the last one."""

    def __init__(self, text: str) -> None:
        self._text = text.casefold() if len(text.casefold()) == len(text) else text
        self._at = 0

    def find(self, word: str) -> tuple[int, int] | None:
        """(start, length) of the word; None for one that is not written in the text as it is told, as "three" for "3"."""
        word = clean(word).strip()
        folded = word.casefold()
        sought = folded if len(folded) == len(word) else word
        start = self._text.find(sought, self._at, self._at + _REACH + len(sought)) if sought else -1
        while start >= 0 and not self._stands_alone(start, start + len(sought)):
            start = self._text.find(sought, start + 1, self._at + _REACH + len(sought))
        if start < 0:
            return None
        self._at = start + len(sought)
        return start, len(sought)

    def _stands_alone(self, start: int, end: int) -> bool:
        """Whether it is a word there, and not a part of a longer one."""
        return not (self._joined(start) or self._joined(end))

    def _joined(self, place: int) -> bool:
        around = self._text[max(place - 1, 0) : place + 1]
        return 0 < place < len(self._text) and around.isalnum() and not _UNSPACED.search(around)
