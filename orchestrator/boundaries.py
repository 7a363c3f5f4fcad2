"""Where speech may be cut: what a boundary is, and how a possible one is decided.

A possible boundary (:class:`Pending`) begins at a line's end or a punctuation mark. It takes in what belongs to it: more
marks, closing quotes and brackets, emoji, spaces. The first character that does not belong to it decides what it was.
Only characters decide, so the outcome does not depend on how the text arrived. Where the text has stopped, ``patience`` says
after how long a silence the boundary may be taken as it stands.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ..core.types import Boundary
from .charclass import (
    CJK_CLAUSE_MARKS,
    CJK_ENDS,
    DASHES,
    LINE_ENDS,
    PAIRS,
    SENTENCE_MARKS,
    is_cjk,
)
from .english import STARTERS, Shortened, shortened
from .pending import Kind, Pending

STOP_MS: Final = 250.0
"""Silence after which a full stop ends a sentence."""
NUMBER_STOP_MS: Final = 1000.0
"""The same after a digit, where more digits are as likely."""
ATTACHED_MS: Final = 30.0
"""Silence after which nothing more is attached to a mark: ``!!``, an emoji, what makes a colon part of an address."""

_CJK_CARRIES_ON = frozenset("とっのをがはにでもへやか、，。")
"""What follows a Japanese closing quote when the sentence goes on."""
_SCHEMES = frozenset(("http", "https", "ftp", "mailto"))
_SHOUTED = frozenset(("yahoo", "yum", "jeopardy"))
"""Names that are written with an exclamation mark."""
_SENTENCE_OPENERS = frozenset("*_「『“【《（([\"'¡¿")


class Mark(NamedTuple):
    """A place where speech may be cut: after ``end`` characters of the text."""

    end: int
    boundary: Boundary
    words: int
    """Words, outside actions and tags, in the text up to ``end``; CJK letters are not words."""
    cjk: int
    """CJK letters in the text up to ``end``."""


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
        return _reported(at, ch)
    if ch.islower() and (at.quoted or at.word.lower() in _SHOUTED):
        return None
    if at.spaced or at.last in CJK_ENDS or is_cjk(ch) or ch in _SENTENCE_OPENERS:
        return Boundary.SENTENCE
    return Boundary.SENTENCE if ch.isupper() and at.before.islower() and "/" not in at.word else None


def _reported(at: Pending, ch: str) -> Boundary | None:
    """A Chinese or Japanese quotation ended with its sentence: the one around it ends as well if a colon led to it."""
    if ch in _CJK_CARRIES_ON:
        return None
    return Boundary.SENTENCE if at.introduced else Boundary.CLAUSE


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
    if not at.spaced and at.quoted and (is_cjk(ch) or ch in _CJK_CARRIES_ON):
        return _reported(at, ch)
    if not at.spaced:
        glued = is_cjk(ch) or ch in "*「『“"
        return Boundary.SENTENCE if glued and kind is Shortened.NOT and not at.before.isdigit() else None
    if ch.islower():
        return Boundary.SENTENCE if at.uncapitalised and kind is Shortened.NOT and not at.quoted else None
    if kind in (Shortened.SOMETIMES, Shortened.INITIAL) and ch.isalnum():
        starts = at.next_word is not None and at.next_word.lower() in STARTERS
        return Boundary.SENTENCE if starts or (is_cjk(ch) and kind is Shortened.SOMETIMES) else None
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
    if at.next_word is not None or at.item or at.face:
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
            if _in_address(at):
                return None
            attached = at.last == ":" or at.quoted
            return STOP_MS if number else ATTACHED_MS if attached else 0.0, Boundary.CLAUSE
        case Kind.HARD:
            if _in_address(at):
                return NUMBER_STOP_MS, Boundary.SENTENCE
            settled = (at.last in CJK_ENDS or at.spaced) and not (at.quoted or at.pictured)
            return 0.0 if settled else ATTACHED_MS, Boundary.SENTENCE
        case Kind.ELLIPSIS:
            return STOP_MS, Boundary.SENTENCE
        case Kind.STOP:
            if shortened(at.word) in (Shortened.NEVER, Shortened.INITIAL):
                return None
            number = at.before.isdigit() and not at.spaced
            return NUMBER_STOP_MS if number or _in_address(at) else STOP_MS, Boundary.SENTENCE


def _in_address(at: Pending) -> bool:
    """Whether the mark may be a part of a web or mail address."""
    if at.spaced or at.last in CJK_ENDS or at.last in CJK_CLAUSE_MARKS:
        return False
    return "://" in at.word or "@" in at.word or (at.last == ":" and at.word.lower() in _SCHEMES)
