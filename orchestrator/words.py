"""The words of a text that arrives bit by bit: how many, and the one that is being written."""

from __future__ import annotations

import re
from typing import Final

from .charclass import CJK_RANGES

WORD: Final = re.compile(rf"[^\W_{CJK_RANGES}][^\s{CJK_RANGES}]*")
"""A word, from its first letter or digit on."""
CJK: Final = re.compile(f"[{CJK_RANGES}]")
_GLUED = re.compile(rf"[^\w\s]*[^\W_{CJK_RANGES}]")
"""A text that goes on with the word before it."""
_LETTER = re.compile(r"[^\W\d_]")
WORD_KEPT: Final = 24
"""Characters of a word that are kept for recognising abbreviations and list numbers."""


class Words:
    """What was read so far, up to ``place``. CJK letters are not words; they are counted apart."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.prev = ""
        """The last character."""
        self.word = ""
        """The letters and marks since the last space, bracket or CJK letter."""
        self.words = self.cjk = 0
        self.uncapitalised: bool | None = None
        """The sentence began with a small letter; None: it did not begin yet."""
        self._counted = False

    def run(self, run: str) -> None:
        """Text without special characters."""
        self.place += len(run)
        self.prev = run[-1]
        words = WORD.findall(run)
        if words:
            self.words += len(words)
            if self._counted and _GLUED.match(run) is not None:
                self.words -= 1
        if self.uncapitalised is None and (letter := _LETTER.search(run)) is not None:
            self.uncapitalised = letter[0].islower()
        tail = run if run.isascii() else self._after_cjk(run)
        if tail and tail[-1].isspace():
            self.end_word()
        elif tail:
            last = tail.rsplit(None, 1)[-1]
            if len(last) == len(run):
                self.word = (self.word + last)[:WORD_KEPT]
                self._counted = self._counted or bool(words)
            else:
                self.word = last[:WORD_KEPT]
                self._counted = bool(words) and WORD.search(last) is not None

    def mark(self, ch: str) -> None:
        """A character that is neither letter nor space, and stays with its word."""
        self.word = (self.word + ch)[:WORD_KEPT]
        self.other(ch)

    def other(self, ch: str) -> None:
        """A character that is no part of a word."""
        self.prev = ch
        self.place += 1

    def end_word(self) -> None:
        """What comes next is another word."""
        self.word, self._counted = "", False

    def _after_cjk(self, run: str) -> str:
        """Count the CJK letters of ``run``; what follows the last of them."""
        letters = CJK.findall(run)
        if not letters:
            return run
        self.cjk += len(letters)
        self.end_word()
        return run[run.rindex(letters[-1]) + 1 :]
