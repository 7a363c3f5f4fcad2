"""Find the places where speech may be cut, in a text that arrives bit by bit.

The scanner knows where boundaries are, how good each is and what must stay whole; whether to cut there is not its business.
Invariants: each character is looked at a bounded number of times, and the marks found do not depend on how the text was split
into tokens. Marks come in the order of their places; a word boundary may come a second time as a better one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..core.types import Boundary
from .boundaries import Kind, Mark, Pending, decide, kind_of, needs_word, patience
from .charclass import CLOSING, LINE_ENDS, PAIRS, is_cjk, is_emoji
from .pairs import Open, OpenPairs

_RUNS = re.compile(r"[A-Za-z]+|[^A-Za-z]", re.DOTALL)
_WORD_KEPT: Final = 24
"""Characters of a word that are kept for recognising abbreviations and list numbers."""
_CJK_RUN: Final = 60
"""CJK letters without any boundary, after which one is assumed between two of them."""
_PARTICLES = frozenset("はがをにでとの的吗吧呢嘛啦")
"""After these a Japanese or Chinese phrase mostly ends."""
_NOT_FIRST = frozenset("ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々〻")
_CONNECTORS = frozenset(
    "about after although and as at because before but by during for from if in into like of on or since so than that"
    " though through to under unless until when where which while who with without".split()
)
_EMPHASIS = "*_`"
_MOST_DELIMITERS: Final = 3
_EYES = frozenset((":", ";", "=", ":-", ";-", "=-", ":'"))
_NOT_COUNTED = frozenset(("]", "】", "*", "_"))
"""Pairs whose content may not be spoken, so that its words do not count."""


@dataclass(slots=True)
class _Delimiters:
    """A run of ``*``, ``_`` or backticks whose sense the next character tells."""

    ch: str
    at: int
    before: str
    count: int = 1


class Scanner:
    """Turns text into marks. ``position`` is where in the whole text it begins."""

    def __init__(self, position: int = 0) -> None:
        self._pos = position
        self._out: list[Mark] = []
        self._pairs = OpenPairs()
        self._pending: Pending | None = None
        self._delimiters: _Delimiters | None = None
        self._prev = ""
        self._word = ""
        self._counted = False
        self._words = self._cjk = 0
        self._item_words = 0
        self._last_cjk_mark = 0
        self._uncapitalised: bool | None = None
        self._gap: Mark | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """Words and CJK letters of the whole text so far."""
        return self._words, self._cjk

    def feed(self, text: str) -> list[Mark]:
        """Look at more text; the marks that it settles."""
        for run in _RUNS.findall(text):
            if run.isascii() and run.isalpha():
                self._letters(run)
            else:
                self._char(run)
        return self._taken()

    def finish(self) -> list[Mark]:
        """The text ends here: every mark that is left."""
        if self._delimiters is not None:
            self._settle_delimiters("\n")
        if self._pending is not None:
            pending, self._pending = self._pending, None
            settled = patience(pending)
            if settled is not None:
                self._emit(Mark(pending.end, settled[1], pending.words, pending.cjk))
        self._pairs.clear()
        self._out += self._pairs.release()
        return self._taken()

    def silence(self) -> tuple[float, Mark] | None:
        """(ms of silence, the mark that may then be taken at the end of the text), if there is one."""
        at = self._pending
        if at is None or at.end != self._pos:
            return None
        settled = patience(at)
        if settled is None or (self._pairs.protects(at.end) and not self._closes_all()):
            return None
        return settled[0], Mark(at.end, settled[1], at.words, at.cjk)

    def _closes_all(self) -> bool:
        """Whether the delimiters at the end of the text close the outermost pair that is open."""
        at = self._delimiters
        return at is not None and at.ch * at.count == self._pairs.outermost

    def _taken(self) -> list[Mark]:
        marks, self._out = self._out, []
        return marks

    def _letters(self, run: str) -> None:
        """ASCII letters: the common case, taken together."""
        self._before_char(run[0])
        if self._pending is not None and self._pending.next_word is not None:
            self._pending.next_word = (self._pending.next_word + run)[:_WORD_KEPT]
        self._note_word(run[0])
        self._word = (self._word + run)[:_WORD_KEPT]
        self._prev = run[-1]
        self._pos += len(run)

    def _char(self, ch: str) -> None:
        self._pairs.expire(self._pos)
        self._out += self._pairs.release()
        if not ch.isalnum():
            self._end_word()
        self._before_char(ch)
        if self._pending is None:
            self._begin(ch)
        self._note(ch)
        self._out += self._pairs.release()
        self._prev = ch
        self._pos += 1

    def _before_char(self, ch: str) -> None:
        """Settle what waited for the next character; a boundary that is still pending afterwards took ``ch`` in."""
        if self._delimiters is not None and ch != self._delimiters.ch:
            self._settle_delimiters(ch)
        at = self._pending
        if at is None or at.absorb(ch, ch in _EMPHASIS and self._pairs.has_span(ch)):
            return
        if needs_word(at, ch):
            at.next_word = ""
        if at.next_word is not None and ch.isascii() and ch.isalpha():
            return
        self._pending = None
        boundary = decide(at, at.next_word[0] if at.next_word else ch)
        if boundary is None:
            return
        mark = Mark(at.end, boundary, at.words, at.cjk)
        self._emit(mark)
        if boundary is Boundary.SENTENCE:
            self._uncapitalised = False if at.next_word else None
        if boundary is Boundary.SENTENCE or at.last == ":":
            self._item_words = at.words
        if boundary is Boundary.WORD:
            self._gap = mark

    def _emit(self, mark: Mark) -> None:
        self._last_cjk_mark = mark.cjk
        if self._pairs.protects(mark.end):
            self._pairs.hold(mark)
        else:
            self._out.append(mark)

    def _begin(self, ch: str) -> None:
        """Begin a boundary at ``ch``, if it is of the kind."""
        kind = kind_of(ch)
        if kind is None:
            return
        item = self._word.isdigit() and len(self._word) <= 3 and self._words == self._item_words + 1
        space = kind is Kind.SPACE
        self._pending = Pending(
            kind, self._pos + 1, self._words, self._cjk, self._prev, self._word, "" if space else ch,
            item=item and ch in ".．", uncapitalised=bool(self._uncapitalised), tail=space or kind is Kind.EMOJI,
            spaced=space, newline=ch in LINE_ENDS,
        )  # fmt: skip

    def _note(self, ch: str) -> None:
        """Keep the word, the counts and the pairs up to date."""
        if ch.isspace():
            self._word, self._counted = "", False
            if ch in LINE_ENDS:
                self._pairs.end_line()
        elif ch in _EMPHASIS:
            self._delimit(ch)
        elif ch == '"' or ch in PAIRS or ch in CLOSING:
            self._pair(ch)
        elif is_cjk(ch):
            self._cjk_letter(ch)
        else:
            if ch.isalnum():
                self._note_word(ch)
            self._word = (self._word + ch)[:_WORD_KEPT]

    def _note_word(self, ch: str) -> None:
        """A letter or digit that may be the first of its word or of its sentence."""
        if not self._counted:
            self._counted = True
            self._words += 1
        if self._uncapitalised is None and (ch.islower() or ch.isupper()):
            self._uncapitalised = ch.islower()

    def _end_word(self) -> None:
        """A word is complete: if it connects phrases, the gap before it is more than one between words."""
        gap, self._gap = self._gap, None
        if gap is not None and self._word.lower() in _CONNECTORS:
            self._emit(Mark(gap.end, Boundary.PHRASE, gap.words, gap.cjk))

    def _cjk_letter(self, ch: str) -> None:
        """No spaces tell words apart: take the ends of particles, and after long without any, the place between two letters."""
        if ch not in _NOT_FIRST and is_cjk(self._prev):
            if self._prev in _PARTICLES and not "ぁ" <= ch <= "ゟ":
                self._emit(Mark(self._pos, Boundary.PHRASE, self._words, self._cjk))
            elif self._cjk - self._last_cjk_mark >= _CJK_RUN:
                self._emit(Mark(self._pos, Boundary.WORD, self._words, self._cjk))
        self._cjk += 1
        self._word, self._counted = "", False
        self._uncapitalised = False

    def _pair(self, ch: str) -> None:
        """Open or close a bracket or quote."""
        if self._pairs.has_span("`"):
            return
        if (ch == '"' or ch == "“") and ch in self._pairs:
            self._pairs.close(ch)
        elif ch == '"':
            if not self._prev or not self._prev.isalnum() or is_cjk(self._prev):
                self._open(ch, self._pos)
        elif ch in PAIRS and self._word not in _EYES:
            self._open(PAIRS[ch], self._pos)
        elif ch in CLOSING:
            self._close(CLOSING[ch])
        if ch in PAIRS:
            self._word, self._counted = "", False

    def _open(self, kind: str, at: int) -> None:
        self._pairs.open(Open(kind, at, self._words, self._cjk))

    def _close(self, kind: str) -> None:
        pair = self._pairs.close(kind)
        if pair is not None and kind in _NOT_COUNTED:
            self._words, self._cjk = pair.words, pair.cjk
            if self._pending is not None:
                self._pending.words, self._pending.cjk = pair.words, pair.cjk

    def _delimit(self, ch: str) -> None:
        if self._delimiters is None:
            self._delimiters = _Delimiters(ch, self._pos, self._prev)
        else:
            self._delimiters.count += 1

    def _settle_delimiters(self, ch: str) -> None:
        """The run of delimiters before ``ch`` closes a span, opens one, or is just text."""
        at, self._delimiters = self._delimiters, None
        if at is None or at.count > _MOST_DELIMITERS or (at.ch == "`" and at.count == _MOST_DELIMITERS):
            return
        kind = at.ch * at.count
        if kind in self._pairs and not at.before.isspace():
            self._close(kind)
        elif at.ch == "`":
            if not ch.isspace():
                self._open(kind, at.at)
        elif not self._pairs.has_span("`") and _may_open(at.before, ch):
            self._open(kind, at.at)


def _may_open(before: str, after: str) -> bool:
    """Whether a run of ``*`` or ``_`` between two characters may begin a span."""
    if before.isalnum() and not is_cjk(before):
        return False
    return after.isalnum() or after in "\"'“‘「『（([*_…`" or is_emoji(after)
