"""Where speech may be cut: what a boundary is, and how a possible one is decided.

A possible boundary (:class:`Pending`) begins at a line's end or a punctuation mark. It takes in what belongs to it: more
marks, closing quotes and brackets, emoji, spaces. The first character that does not belong to it decides what it was.
Only characters decide, so the outcome does not depend on how the text arrived. Where the text has stopped, ``patience`` says
after how long a silence the boundary may be taken as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ..core.types import Boundary
from .charclass import (
    CJK_CLAUSE_MARKS,
    CJK_ENDS,
    CLAUSE_MARKS,
    CLOSERS,
    DASHES,
    LINE_ENDS,
    PAIRS,
    SENTENCE_MARKS,
    is_cjk,
    is_combining,
    is_emoji,
)
from .english import STARTERS, Shortened, shortened

STOP_MS: Final = 250.0
"""Silence after which a full stop ends a sentence."""
NUMBER_STOP_MS: Final = 1000.0
"""The same after a digit, where more digits are as likely."""
ATTACHED_MS: Final = 30.0
"""Silence after which nothing more is attached to a mark: ``!!``, an emoji, what makes a colon part of an address."""

_CJK_CARRIES_ON = frozenset("とっのをがはにでもへやか、，。")
"""What follows a Japanese closing quote when the sentence goes on."""
_SENTENCE_OPENERS = frozenset("*_「『“【《（([\"'¡¿")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where speech may be cut: after ``end`` characters of the text."""

    end: int
    boundary: Boundary
    words: int
    """Words, outside actions and tags, in the text up to ``end``; CJK letters are not words."""
    cjk: int
    """CJK letters in the text up to ``end``."""


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
    next_word: str | None = None
    """Letters after it, while a whole word is needed for deciding."""

    def absorb(self, ch: str, closes: bool) -> bool:
        """Take in a character if it belongs here. ``closes``: it ends an open ``*`` or backtick span."""
        if self.next_word is not None:
            return False
        if ch.isspace():
            self.spaced = self.tail = True
            self.newline = self.newline or ch in LINE_ENDS
        elif is_combining(ch):
            pass
        elif is_emoji(ch):
            if self.kind is Kind.CLAUSE or self.newline:
                return False
            self.tail = True
        elif self.spaced:
            return False
        elif ch in CLOSERS or closes:
            self.quoted = self.quoted or (ch in CLOSERS and ch != "'")
            self.tail = True
        elif not self._join(ch):
            return False
        self.end += 1
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


def decide(at: Pending, ch: str) -> Boundary | None:
    """What ``at`` is, given the first character after it that does not belong to it. None: no boundary."""
    if at.newline and not at.item:
        return Boundary.SENTENCE
    match at.kind:
        case Kind.LINE:
            return None
        case Kind.CLAUSE:
            return _clause(at, ch)
        case Kind.HARD:
            return _hard(at, ch)
        case Kind.ELLIPSIS:
            return _ellipsis(at, ch)
        case Kind.STOP:
            return _stop(at, ch)


def _clause(at: Pending, ch: str) -> Boundary | None:
    if at.last in DASHES:
        return Boundary.CLAUSE if at.before and at.before not in LINE_ENDS else None
    if at.spaced:
        return None if _smiles(at) else Boundary.CLAUSE
    if at.last in CJK_CLAUSE_MARKS:
        return None if at.before.isdigit() and ch.isdigit() else Boundary.CLAUSE
    return Boundary.CLAUSE if is_cjk(at.before) and (is_cjk(ch) or ch in PAIRS) else None


def _smiles(at: Pending) -> bool:
    """Whether the mark looks like the eyes of an emoticon: ``hello :)``."""
    return at.last in (":", ";") and at.before.isspace()


def _hard(at: Pending, ch: str) -> Boundary | None:
    if at.quoted and not at.spaced and (is_cjk(ch) or ch in _CJK_CARRIES_ON):
        return None if ch in _CJK_CARRIES_ON else Boundary.CLAUSE
    if at.quoted and ch.islower():
        return None
    if at.spaced or at.last in CJK_ENDS or is_cjk(ch) or ch in _SENTENCE_OPENERS:
        return Boundary.SENTENCE
    return Boundary.SENTENCE if ch.isupper() and at.before.islower() and "/" not in at.word else None


def _ellipsis(at: Pending, ch: str) -> Boundary | None:
    if at.quoted and ch in _CJK_CARRIES_ON:
        return None
    if ch.isupper() or is_cjk(ch) or ch in "「『（【《":
        return Boundary.SENTENCE
    return None


def _stop(at: Pending, ch: str) -> Boundary | None:
    kind = shortened(at.word)
    if at.item or ch in SENTENCE_MARKS or kind is Shortened.NEVER or (kind is Shortened.NUMBERED and ch.isdigit()):
        return None
    if not at.spaced:
        glued = is_cjk(ch) or ch in "*「『“"
        return Boundary.SENTENCE if glued and kind is Shortened.NOT and not at.before.isdigit() else None
    if ch.islower():
        return Boundary.SENTENCE if at.uncapitalised and kind is Shortened.NOT and not at.quoted else None
    if kind in (Shortened.SOMETIMES, Shortened.INITIAL) and ch.isalnum():
        starts = at.next_word is not None and at.next_word.lower() in STARTERS
        return Boundary.SENTENCE if starts or is_cjk(ch) else None
    return Boundary.SENTENCE


def needs_word(at: Pending, ch: str) -> bool:
    """Whether only the whole next word, which begins with ``ch``, can decide."""
    return (
        at.kind is Kind.STOP
        and at.next_word is None
        and at.spaced
        and not (at.newline or at.item)
        and ch.isupper()
        and shortened(at.word) in (Shortened.SOMETIMES, Shortened.INITIAL)
    )


def patience(at: Pending) -> tuple[float, Boundary] | None:
    """(Silence in ms after which ``at`` may be taken without its next character, what it then is); None: never."""
    if at.next_word is not None or at.item:
        return None
    if at.newline:
        return 0.0, Boundary.SENTENCE
    match at.kind:
        case Kind.LINE:
            return None
        case Kind.CLAUSE:
            if _smiles(at):
                return None
            if at.spaced:
                return 0.0, Boundary.CLAUSE
            number = at.before.isdigit() and at.last not in DASHES
            attached = at.last == ":" or at.quoted
            return STOP_MS if number else ATTACHED_MS if attached else 0.0, Boundary.CLAUSE
        case Kind.HARD:
            settled = (at.last in CJK_ENDS or at.spaced) and not at.quoted
            return 0.0 if settled else ATTACHED_MS, Boundary.SENTENCE
        case Kind.ELLIPSIS:
            return STOP_MS, Boundary.SENTENCE
        case Kind.STOP:
            if shortened(at.word) in (Shortened.NEVER, Shortened.INITIAL):
                return None
            return NUMBER_STOP_MS if at.before.isdigit() and not at.spaced else STOP_MS, Boundary.SENTENCE
