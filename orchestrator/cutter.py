"""From the model's tokens to segments: what is shown, what is spoken and what the face does, cut where speech may be cut.

Invariants: the displays of the segments, joined, are the reply without its thoughts and tags (only blanks after its very last
segment may be missing); no segment shows only blanks, except one that carries expressions; every expression is carried once, by
the segment whose text it stands in or before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import replace

from ..core.character import DEFAULT_EXPRESSIONS, Character
from ..core.types import Boundary, Segment
from .charclass import SENTENCE_MARKS
from .reply_filter import Expression, Piece, ReplyFilter, Silent, Text
from .segmenter import Cut, Segmenter
from .speakable import NO_LEXICON, speakable
from .streaming import Streaming


class Cutter:
    """Tokens in, segments out; pure, times in ms.

    ``expressions``: what ``[name]`` tags may name. ``lexicon``: how words are pronounced. The others: see :class:`Segmenter`;
    with ``whole`` nothing comes before ``flush``.
    """

    def __init__(
        self,
        *,
        expressions: Collection[str] = (),
        lexicon: Mapping[str, str] = NO_LEXICON,
        sentences_only: bool = False,
        whole: bool = False,
        deadline: float | None = None,
        grace: float = 0.0,
        join_ms: float | None = None,
        ttfb: float = 0.0,
    ) -> None:
        self._filter = ReplyFilter(expressions)
        self._segmenter = Segmenter(
            sentences_only=sentences_only, whole=whole, deadline=deadline, grace=grace, join_ms=join_ms, ttfb=ttfb
        )
        self._lexicon = lexicon
        self._waiting: list[Piece] | None = [] if whole else None
        """With ``whole``, all pieces so far."""
        self._index = 0
        self._fed = 0
        self._begun = False
        self._now = 0.0
        self._blank = ""
        """Blanks that were cut and go with the next segment."""
        self._opens = True
        """The next segment begins a sentence."""
        self._expressions: deque[tuple[int, str]] = deque()
        """(Place in the text, name), of those no segment carries yet."""

    def feed(self, text: str, now: float) -> list[Segment]:
        """More of the reply; the segments that it settles."""
        self._now = now
        pieces = self._filter.feed(text)
        if self._waiting is not None:
            self._waiting += pieces
            return []
        return self._take(pieces, now)

    @property
    def begun(self) -> bool:
        """Whether any of the reply has come that is neither thought, nor tag, nor blank."""
        return self._begun

    def hurry(self, deadline: float) -> None:
        """From here on the first sound should be heard at ``deadline``."""
        self._segmenter.hurry(deadline)

    def interject(self, text: str, now: float) -> list[Segment]:
        """Words that are spoken at once, before the reply begins; a thought or tag that is half told goes on behind them."""
        self._fed += len(text)
        done = self._segments(self._segmenter.feed(text, now) + self._segmenter.flush())
        if done and text.rstrip()[-1:] not in SENTENCE_MARKS:
            done[-1] = replace(done[-1], boundary=Boundary.CLAUSE)
            self._opens = False
        return done

    def poll(self, now: float, ahead: float, ttfb: float) -> list[Segment]:
        """The segments that are due without new text; see :meth:`Segmenter.poll`."""
        return self._segments(self._segmenter.poll(now, ahead, ttfb))

    def next_poll(self) -> float | None:
        """The time at which ``poll`` may have something without new text; None: never."""
        return self._segmenter.next_poll()

    def flush(self) -> list[Segment]:
        """The reply ends here: all that is left of it."""
        pieces = (self._waiting or []) + self._filter.flush()
        if self._waiting is not None:
            self._waiting = []
        done = self._take(pieces, self._now)
        cuts = self._segmenter.flush()
        done += self._segments(cuts[:-1])
        last = self._blank + (cuts[-1].text if cuts else "")
        if last.strip():
            done += self._segments(cuts[-1:], all_expressions=True)
        elif done:
            done[-1] = self._extended(done[-1], last)
        elif self._expressions:
            done.append(self._segment("", "", Boundary.SENTENCE, self._carry(self._fed)))
        self._blank, self._opens = "", True
        return done

    def _extended(self, segment: Segment, blanks: str) -> Segment:
        """The last segment with the blanks and expressions that follow it."""
        carried = segment.expressions + self._carry(self._fed)
        return Segment(segment.index, segment.display + blanks, segment.speech, segment.boundary, carried)

    def _take(self, pieces: list[Piece], now: float) -> list[Segment]:
        done: list[Segment] = []
        for piece in pieces:
            match piece:
                case Text(text):
                    self._fed += len(text)
                    self._begun = self._begun or not text.isspace()
                    done += self._segments(self._segmenter.feed(text, now))
                case Expression(name):
                    self._expressions.append((self._fed, name))
                case Silent(text):
                    done += self._segments(self._segmenter.flush())
                    done.append(self._segment(self._blank + text, "", Boundary.SENTENCE, self._carry(self._fed)))
                    self._blank, self._opens = "", True
        return done

    def _segments(self, cuts: list[Cut], *, all_expressions: bool = False) -> list[Segment]:
        done: list[Segment] = []
        for cut in cuts:
            display = self._blank + cut.text
            if not display.strip():
                self._blank = display
                continue
            self._blank = ""
            speech = speakable(display, self._lexicon, opens=self._opens)
            self._opens = cut.boundary is Boundary.SENTENCE
            carried = self._carry(self._fed if all_expressions else cut.start + len(cut.text) - 1)
            done.append(self._segment(display, speech, cut.boundary, carried))
        return done

    def _segment(self, display: str, speech: str, boundary: Boundary, expressions: tuple[str, ...]) -> Segment:
        self._index += 1
        return Segment(self._index - 1, display, speech, boundary, expressions)

    def _carry(self, place: int) -> tuple[str, ...]:
        """Take the expressions that stand up to a place in the text."""
        names: list[str] = []
        while self._expressions and self._expressions[0][0] <= place:
            names.append(self._expressions.popleft()[1])
        return tuple(names)


def cutter_for(character: Character, streaming: Streaming, ttfb: float = 0.0) -> Cutter:
    """What cuts this character's replies; words are pronounced later, when they go to the voice."""
    return Cutter(
        expressions={*character.expressions, *DEFAULT_EXPRESSIONS},
        sentences_only=streaming.sentences_only,
        whole=streaming.whole,
        grace=streaming.grace_ms,
        join_ms=streaming.join_ms,
        ttfb=ttfb,
    )
