"""What a client has played, as far as it tells, and what is presumed where it does not. Pure: the clock is given, in ms.

A client says when it begins to play each item (``audio-play-start``), and when it has played all of them
(``frontend-playback-complete``). Between two starts the clock on the wall tells, up to the end of the item. What is not told is
presumed once patience is over:

    the next item was not begun    it was, as soon as it could be
    a client never told a start    it is one of those that do not: from then on items begin as soon as they can
    the end was not told           all was played, patience after the last sound could have ended

So a turn ends at the latest when all that was sent could have been played, and patience has passed. The word that all was
played may come late, from a turn that was interrupted: it does not end the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

REPORT_MS = 100.0
"""How often progress within an item is told of."""


@dataclass(slots=True)
class _Sent:
    text: str
    start_ms: float
    end_ms: float
    sent_at: float
    began_at: float = 0.0

    @property
    def ends_at(self) -> float:
        return self.began_at + self.end_ms - self.start_ms


class Player:
    """One per session; ``begin`` starts a turn. Items are told of in the order in which they are sent."""

    def __init__(self, patience_ms: float) -> None:
        self._patience_ms = patience_ms
        self._tells: bool | None = None
        """Whether the client says what it begins to play; None: that is not known yet."""
        self._owed = 0
        """Turns that were sent to their end and of which the client has not said that it has played everything: it may yet."""
        self._all_sent = self._complete = False
        self.begin()

    def begin(self) -> None:
        self._owed += self._all_sent and not self._complete
        self._items: list[_Sent] = []
        self._current = -1
        """The item that is being played, or was last."""
        self._told = -1
        """The item that the client began last, by its own word."""
        self._all_sent = self._complete = False

    def sent(self, text: str, start_ms: float, end_ms: float, now: float) -> None:
        """An item was sent, whose sound is at this place of the turn's; silent ones end where they start."""
        self._items.append(_Sent(text, start_ms, end_ms, now))

    def grew(self, end_ms: float) -> None:
        """There is more sound in the item that was sent last."""
        self._items[-1].end_ms = end_ms

    def sent_all(self) -> None:
        """No more items come in this turn."""
        self._all_sent = True

    def began(self, text: str | None, now: float) -> None:
        """The client says that it begins to play the item with this text: the first of those that it has not begun yet, or
        the next one where it says no text. A text that none has is another turn's."""
        waiting = range(self._told + 1, len(self._items))
        said = None if text is None else _letters(text)
        found = next((index for index in waiting if said is None or _letters(self._items[index].text) == said), None)
        if found is not None:
            self._tells, self._told = True, found
            self._begin(found, now)

    def completed(self, now: float) -> None:
        """The client says that it has played everything. It means an earlier turn where not everything of this one was sent, or
        where this one cannot have been played yet and that word on an earlier one is still to come."""
        if self._all_sent and not self._complete and (not self._owed or self._can_be_played(now)):
            self._complete, self._owed = True, 0
        elif self._owed:
            self._owed -= 1

    @property
    def told(self) -> bool:
        """Whether the client has said that it has played everything; if not, that is presumed once :meth:`over`."""
        return self._complete

    def played_ms(self, now: float) -> float:
        """How much of the turn's sound was heard."""
        if self.over(now):
            return self._items[-1].end_ms if self._items else 0.0
        if self._current < 0:
            return 0.0
        item = self._items[self._current]
        return min(item.end_ms, item.start_ms + now - item.began_at)

    def over(self, now: float) -> bool:
        """Whether the client has played everything, or would have by now."""
        self._presume(now)
        if self._complete or not self._all_sent:
            return self._complete
        if self._current < len(self._items) - 1:
            return False
        return not self._items or now >= self._items[-1].ends_at + self._patience_ms

    def next_look(self, now: float) -> float | None:
        """When :meth:`played_ms` or :meth:`over` will say something else though nothing is told; None: not before."""
        if self.over(now):
            return None
        if self._current >= 0 and now < (ends_at := self._items[self._current].ends_at):
            return min(now + REPORT_MS, ends_at)
        if self._current < len(self._items) - 1:
            return self._could_begin() + self._patience()
        return self._items[-1].ends_at + self._patience_ms if self._all_sent else None

    def bounds(self, words: str) -> tuple[float, float] | None:
        """How much was heard at least and at most by the client's word: ``words`` are the texts of the items that it began.
        None where nothing of this turn is found in them."""
        said, before = _letters(words), ""
        found: tuple[float, float] | None = None
        for item in self._items:
            letters = _letters(item.text)
            if not letters and found is not None:
                found = found[0], item.end_ms
            elif letters and before + letters in said:
                before, found = before + letters, (item.start_ms, item.end_ms)
            elif letters:
                rest = said[said.find(before) + len(before) :]
                return (item.start_ms, item.end_ms) if rest and letters.startswith(rest) else found
        return found

    def _presume(self, now: float) -> None:
        while self._current < len(self._items) - 1:
            could = self._could_begin()
            if now < could + self._patience():
                return
            if self._tells is None:
                self._tells = False
            self._begin(self._current + 1, could)

    def _can_be_played(self, now: float) -> bool:
        """Whether all that was sent can have been played: where the client tells its starts, once no sound is left to begin."""
        if self._tells:
            return all(item.end_ms <= item.start_ms for item in self._items[self._told + 1 :])
        at = 0.0
        for item in self._items:
            at = max(at, item.sent_at) + item.end_ms - item.start_ms
        return now >= at

    def _could_begin(self) -> float:
        """When the next item can have begun."""
        sent_at = self._items[self._current + 1].sent_at
        return max(sent_at, self._items[self._current].ends_at) if self._current >= 0 else sent_at

    def _patience(self) -> float:
        return 0.0 if self._tells is False else self._patience_ms

    def _begin(self, index: int, now: float) -> None:
        self._current = index
        self._items[index].began_at = now


def _letters(text: str) -> str:
    return "".join(text.split())
