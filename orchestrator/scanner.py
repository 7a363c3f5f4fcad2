"""Find the places where a sentence or clause ends, in a text that arrives bit by bit.

The scanner knows where these ends are and what must stay whole; whether to cut there is not its business, and lesser breaks are
found in the text held when they are asked for (:mod:`breaks`). Text without special characters is taken in runs.
Invariants: each character is looked at a bounded number of times, and the marks found do not depend on how the text was split
into tokens. Marks come in the order of their places.
"""

from __future__ import annotations

from math import inf
from typing import Final

from ..core.types import Boundary
from .boundaries import Mark, decide, needs_word, patience
from .charclass import CJK_CLAUSE_MARKS, CJK_ENDS, CLOSING, EMPHASIS, LINE_ENDS, PAIRS, SPECIAL, is_cjk
from .pairs import LIMIT, Delimiters, Open, OpenPairs, Span, may_open
from .pending import Kind, Pending, kind_of
from .words import WORD_KEPT, Words

_APART = CJK_ENDS | CJK_CLAUSE_MARKS
"""What follows these is another word, even without a space."""
_COLONS = frozenset((":", "："))
_MOST_DELIMITERS: Final = 3
_EYES = frozenset((":", ";", "=", ":-", ";-", "=-", ":'"))
_NOT_COUNTED = frozenset(("]", "】", "*", "_"))
"""Pairs whose content may not be spoken, so that its words do not count."""


class Scanner:
    """Turns text into marks. ``position`` is where in the whole text it begins."""

    def __init__(self, position: int = 0) -> None:
        self._text = Words(position)
        self._out: list[Mark] = []
        self._pairs = OpenPairs()
        self._pending: Pending | None = None
        self._delimiters: Delimiters | None = None
        self._item_words = 0
        self.spans: list[Span] = []
        """The pairs that closed, in the order in which they did."""

    @property
    def counts(self) -> tuple[int, int]:
        """Words and CJK letters of the whole text so far."""
        return self._text.words, self._text.cjk

    @property
    def position(self) -> int:
        return self._text.place

    @property
    def calm_until(self) -> float:
        """The place up to which text without special characters gives nothing; -1: each character matters."""
        if self._pending is not None or self._delimiters is not None:
            return -1
        return self._pairs.begins + LIMIT

    @property
    def open_at(self) -> float:
        """Where the outermost pair that may still close begins; ``inf``: nowhere."""
        return min(self._pairs.begins, inf if self._delimiters is None else self._delimiters.at)

    def feed(self, text: str) -> tuple[int, list[Mark]]:
        """Look at more text, up to the first character that settles marks: (characters read, the marks)."""
        place, end = 0, len(text)
        while place < end and not self._out:
            if self._pending is not None or self._delimiters is not None:
                place += self._settle(text[place])
            elif (special := SPECIAL.search(text, place)) is None:
                place = self._calm(text, place, end)
            elif special.start() > place:
                place = self._calm(text, place, special.start())
            else:
                self._special(text[place])
                place += 1
        marks, self._out = self._out, []
        return place, marks

    def finish(self) -> list[Mark]:
        """The text ends here: every mark that is left."""
        if self._delimiters is not None:
            self._settle_delimiters("\n")
        pending, self._pending = self._pending, None
        settled = None if pending is None else patience(pending)
        if pending is not None and settled is not None:
            self._emit(Mark(pending.end, settled[1], pending.words, pending.cjk))
        self._pairs.clear()
        return self._out + self._pairs.release()

    def silence(self) -> tuple[float, Mark] | None:
        """(ms of silence, the mark that may then be taken at the end of the text), if there is one."""
        at = self._pending
        if at is None or at.end != self._text.place:
            return None
        settled = patience(at)
        if settled is None or (self._pairs.protects(at.end) and not self._closes_all()):
            return None
        return settled[0], Mark(at.end, settled[1], at.words, at.cjk)

    def _closes_all(self) -> bool:
        """Whether the delimiters at the end of the text close the outermost pair that is open."""
        at = self._delimiters
        return at is not None and at.ch * at.count == self._pairs.outermost

    def _calm(self, text: str, place: int, end: int) -> int:
        """Take in text without special characters, as far as no open pair runs into its limit."""
        if self._pairs.begins == inf:
            self._text.run(text[place:end])
            return end
        room = int(self._pairs.begins) + LIMIT - self._text.place
        end = min(end, place + max(room, 0) + 1)
        self._text.run(text[place:end])
        self._expire()
        return end

    def _expire(self) -> None:
        self._pairs.expire(self._text.place)
        self._out += self._pairs.release()

    def _settle(self, ch: str) -> int:
        """A character that something waits for: how many were read, 0 where nothing waits any more and it is none special."""
        self._before_char(ch)
        if self._pending is None and self._delimiters is None and SPECIAL.match(ch) is None:
            return 0
        self._special(ch)
        return 1

    def _special(self, ch: str) -> None:
        """A special character, or one that was taken in where something waits."""
        text = self._text
        if self._pairs.begins != inf:
            self._expire()
        if self._pending is None:
            self._begin(ch)
        if ch in EMPHASIS:
            self._delimit(ch)
        elif ch == '"' or ch in PAIRS or ch in CLOSING:
            self._pair(ch)
        elif ch.isspace():
            text.end_word()
            if ch in LINE_ENDS:
                self._pairs.end_line()
        elif ch in _APART:
            text.end_word()
        elif ch.isalnum():
            text.run(ch)
            return
        else:
            text.mark(ch)
            return
        text.other(ch)
        if self._pairs.holds:
            self._out += self._pairs.release()

    def _before_char(self, ch: str) -> None:
        """Settle what waited for the next character; a boundary that is still pending afterwards took ``ch`` in."""
        if self._delimiters is not None and ch != self._delimiters.ch:
            self._settle_delimiters(ch)
        at = self._pending
        if at is None or at.absorb(ch, ch in EMPHASIS and self._pairs.has_span(ch)):
            return
        if not at.face and needs_word(at, ch):
            at.next_word = ""
        if at.next_word is not None and ch.isascii() and ch.isalpha():
            at.next_word = (at.next_word + ch)[:WORD_KEPT]
            return
        self._pending = None
        boundary = decide(at, at.next_word[0] if at.next_word else "(" if at.face else ch)
        if boundary is None:
            return
        self._emit(Mark(at.end, boundary, at.words, at.cjk))
        if boundary is Boundary.SENTENCE:
            self._text.uncapitalised = False if at.next_word else None
        if boundary is Boundary.SENTENCE or at.last in _COLONS:
            self._item_words = at.words

    def _emit(self, mark: Mark) -> None:
        if self._pairs.protects(mark.end):
            self._pairs.hold(mark)
        else:
            self._out.append(mark)

    def _begin(self, ch: str) -> None:
        """Begin a boundary at ``ch``, if it is of the kind."""
        kind = kind_of(ch)
        if kind is None:
            return
        text, line = self._text, kind is Kind.LINE
        item = kind is Kind.STOP and text.words == self._item_words + 1 and len(text.word) <= 3 and text.word.isdigit()
        self._pending = Pending(
            kind, text.place + 1, text.words, text.cjk, text.prev, text.word, "" if line else ch, item,
            bool(text.uncapitalised), False, line, line, line,
        )  # fmt: skip

    def _pair(self, ch: str) -> None:
        """Open or close a bracket or quote."""
        if self._pairs.has_span("`"):
            return
        if (ch == '"' or ch == "“") and ch in self._pairs:
            self._close(ch, self._text.place + 1)
        elif ch == '"':
            if not self._text.prev or not self._text.prev.isalnum() or is_cjk(self._text.prev):
                self._open(ch, self._text.place)
        elif ch in PAIRS and self._text.word not in _EYES:
            self._open(PAIRS[ch], self._text.place)
        elif ch in CLOSING:
            self._close(CLOSING[ch], self._text.place + 1)
        if ch in PAIRS:
            self._text.end_word()

    def _open(self, kind: str, at: int) -> None:
        self._pairs.open(Open(kind, at, self._text.words, self._text.cjk, self._text.prev in _COLONS))

    def _close(self, kind: str, end: int) -> None:
        pair = self._pairs.close(kind)
        if pair is None:
            return
        silent, at = kind in _NOT_COUNTED, self._pending
        self.spans.append(Span(pair.at, end, silent))
        if at is not None:
            at.introduced = pair.introduced
        if silent:
            self._text.end_word()
            self._text.words, self._text.cjk = pair.words, pair.cjk
            if at is not None:
                at.words, at.cjk = pair.words, pair.cjk

    def _delimit(self, ch: str) -> None:
        if self._delimiters is None:
            self._delimiters = Delimiters(ch, self._text.place, self._text.prev)
        else:
            self._delimiters.count += 1

    def _settle_delimiters(self, ch: str) -> None:
        """The run of delimiters before ``ch`` closes a span, opens one, or is just text."""
        at, self._delimiters = self._delimiters, None
        if at is None or at.count > _MOST_DELIMITERS or (at.ch == "`" and at.count == _MOST_DELIMITERS):
            return
        kind = at.ch * at.count
        if kind in self._pairs and not at.before.isspace():
            self._close(kind, self._text.place)
        elif at.ch == "`":
            if not ch.isspace():
                self._open(kind, at.at)
        elif not self._pairs.has_span("`") and may_open(at.before, ch):
            self._open(kind, at.at)
