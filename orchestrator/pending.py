"""A possible boundary while it is read: what belongs to it, before it is decided what it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from .charclass import CLAUSE_MARKS, CLOSERS, LINE_ENDS, SENTENCE_MARKS, is_combining, is_emoji

_FACE_CHARS: Final = 16
_SAID = frozenset("\"'“‘「『¿¡$#@+*")
"""With these, what is in brackets may be words."""


class Kind(Enum):
    LINE = auto()
    CLAUSE = auto()
    STOP = auto()
    ELLIPSIS = auto()
    HARD = auto()


_SENTENCE_KINDS = (Kind.STOP, Kind.ELLIPSIS, Kind.HARD)


def kind_of(ch: str) -> Kind | None:
    """What kind of boundary a character may begin."""
    if ch in LINE_ENDS:
        return Kind.LINE
    if ch in SENTENCE_MARKS:
        return Kind.STOP if ch in ".．" else Kind.ELLIPSIS if ch in "…‥" else Kind.HARD
    return Kind.CLAUSE if ch in CLAUSE_MARKS else None


@dataclass(slots=True)
class Pending:
    """A boundary that is not decided yet."""

    kind: Kind
    end: int
    """Where the text would be cut."""
    words: int
    cjk: int
    before: str
    """The character before it; empty at the start of the text."""
    word: str
    """The letters and marks before it since the last space."""
    last: str = ""
    """Its last punctuation mark."""
    item: bool = False
    """A number stands alone before it, as at the head of a list's item."""
    uncapitalised: bool = False
    """The sentence began with a small letter."""
    quoted: bool = False
    """It holds a closing quote or bracket."""
    tail: bool = False
    """Something other than marks was taken in."""
    spaced: bool = False
    newline: bool = False
    pictured: bool = False
    """It holds an emoji, which may go on."""
    introduced: bool = False
    """Its quotation was announced by a colon."""
    face: int = 0
    """Characters after it that may be an emoticon in brackets, which would belong here."""
    next_word: str | None = None
    """Letters after it, while a whole word is needed for deciding."""

    def absorb(self, ch: str, closes: bool) -> bool:
        """Take in a character if it belongs here. ``closes``: it ends an open ``*`` or backtick span."""
        if self.next_word is not None:
            return False
        if self.face:
            return self._draw(ch)
        if ch in "(（" and self.kind in _SENTENCE_KINDS and not self.newline and not self.item:
            self.face = 1
            return True
        if ch.isspace():
            self.spaced = self.tail = True
            self.newline = self.newline or ch in LINE_ENDS
        elif is_combining(ch):
            pass
        elif is_emoji(ch):
            if self.kind is Kind.CLAUSE or self.newline:
                return False
            self.tail = self.pictured = True
        elif self.spaced:
            return False
        elif ch in CLOSERS or closes:
            self.quoted = self.quoted or (ch in CLOSERS and (ch != "'" or self.kind is Kind.HARD))
            self.tail = True
        elif not self._join(ch):
            return False
        self.end += 1
        return True

    def _draw(self, ch: str) -> bool:
        """Go on with what may be an emoticon; it has no letters at its beginning."""
        self.face += 1
        if (
            self.face > _FACE_CHARS
            or ch in LINE_ENDS
            or (self.face == 2 and (ch.isalnum() or ch.isspace() or ch in _SAID))
        ):
            return False
        if ch in ")）":
            self.end += self.face
            self.face, self.tail = 0, True
        return True

    def _join(self, ch: str) -> bool:
        """Take in one more mark and let it change the kind: ``?!``, ``...``, ``.”,``."""
        kind = kind_of(ch)
        if kind is None:
            return False
        if kind in (Kind.STOP, Kind.ELLIPSIS) and not self.tail:
            if self.kind is Kind.HARD:
                kind = Kind.HARD
            elif self.kind in (Kind.STOP, Kind.ELLIPSIS):
                kind = Kind.ELLIPSIS
        if self.tail:
            self.word, self.item = "", False
        self.kind, self.last, self.tail = kind, ch, False
        return True
